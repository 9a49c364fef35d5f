// Package conformance runs other people's clients against the simulator, unmodified except for the address that they
// are given: stripe-node, @clerk/backend, the Stripe CLI, the Clerk CLI, better-auth's Stripe plugin, and the
// libraries that verify webhooks.
//
// Its tests start the simulator in their own process, on loopback, and run the clients as child processes that find
// the addresses in their environment. They need what npm ci installs, so they are skipped unless LOCKSTEP_CONFORMANCE
// is set, as make clients does. Then a missing client is a failure.
//
//	tour/*/*.mjs   one chapter each: a topic of the API, with assertions
//	testdata/      input of the command line tools
//
// When a client and the simulator disagree, the client is right.
//
// It is a Go module of its own, so that what only these tests need stays out of the product's go.mod.
package conformance
