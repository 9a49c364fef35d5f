// Package api is the request layer of the simulated Clerk: what happens to a
// request to the Backend API before an operation runs, and how its answer or
// error looks.
//
// Router.Execute checks a request in this order: the route (404), the rate
// limits (429), the API version, the JSON body, and every parameter. A route
// lists all body and query parameters that it accepts. Any other parameter, and
// any value of the wrong type, answers 422. So a handler reads only values that
// have the right type.
//
// The package knows nothing about users or organizations. Routes are generic in
// the type that their handlers are methods of.
package api
