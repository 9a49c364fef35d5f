// Package api is the request layer of Stripe's simulated API: forms and typed
// parameters, errors, routes, lists, and the JSON objects of answers.
//
// A handler reads its parameters from a Call. Params keeps the first error, so a
// handler reads everything it needs and checks Failed once, before it changes
// anything. A Route lists the parameters of its operation; Route.Unknown refuses
// all others.
package api
