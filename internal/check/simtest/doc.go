// Package simtest tests all of Lockstep together: the simulators, the service and a real SQLite file run inside one
// [testing/synctest] bubble, where days pass in milliseconds, and talk HTTP over in-memory connections.
//
// A seed decides everything random: who signs up, buys, cancels and is deleted; which deliveries are dropped,
// duplicated, delayed or reordered; which calls fail, before or after they take effect; and when the service is
// killed and restarted. Some worlds have users and sales from before Lockstep's first start, and some move to another
// Clerk instance.
//
// Then the faults end, some virtual hours pass, and the checker compares three independent things: what the Stripe
// simulator holds, what the Clerk simulator's metadata says, and what Lockstep answers. The checker implements the
// rules again, naively, from the simulators' state. It shares no code with what it checks.
//
// A failing seed prints the command that repeats it.
package simtest
