// Package conformance holds clients that others wrote against the simulator,
// unmodified but for the address they are given: stripe-node, @clerk/backend, the
// Stripe CLI, the Clerk CLI, better-auth's Stripe plugin, and the libraries that
// verify webhooks.
//
// Its tests start the simulator in their own process, on loopback, and run the
// clients as child processes, with the addresses in the environment. They need
// what npm ci installs, so they are skipped unless LOCKSTEP_CONFORMANCE is set,
// which make clients does. A client that is missing then is a failure.
//
//	tour/*.mjs     one chapter each: a topic of the API, with assertions
//	testdata/      what the command line tools are given
//
// A tour says what it holds the simulator to. When a client and the simulator
// disagree, the client is right.
package conformance
