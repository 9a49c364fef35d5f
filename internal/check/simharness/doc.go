// Package simharness runs a simulator in tests: in a synctest bubble whose clock
// starts on January 1, 2000, with official clients, an inbox for webhooks and a
// reader of hosted pages. When a test ends, everything the simulator said is
// compared with the OpenAPI documents of Stripe and Clerk.
//
// It lives outside of simulator/, because no code there may import a client of a
// provider.
package simharness
