// Package simtest tests the whole of Lockstep: the simulators, the service and a
// real SQLite file run inside one [testing/synctest] bubble, where days pass in
// milliseconds, and talk HTTP over in-memory connections.
//
// A seed decides everything that is drawn: who signs up, buys, cancels and is
// deleted, which deliveries are dropped, doubled, delayed or shuffled, which calls
// fail before or after taking effect, and when the service is killed and started
// again. Some worlds had users and sales before Lockstep's first start, and some
// move to another Clerk instance. Then the faults end, some virtual hours pass, and the checker compares
// three things that were arrived at independently: what the Stripe simulator
// holds, what the Clerk simulator's metadata says, and what Lockstep answers. Its
// rules are written anew in the test, naively, from the simulator's truth; they
// share no code with what they check.
//
// A failing seed prints the command that runs it again.
package simtest
