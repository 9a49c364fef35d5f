// Package instance pauses the work of a process whose key belongs to another Clerk instance, or to
// another Stripe mode, than the database.
//
// # Protocol
//
// The first instance that a key belongs to is accepted and stored. If a process has a key of another
// instance, it stores that one as waiting for an operator, and pauses. A paused process still stores
// webhooks and answers reads. When the operator accepts the waiting instance, its generation rises:
// accounts that were last seen under a lower generation are former accounts.
//
// # Invariants
//
//   - Nothing runs without a verdict: an instance that cannot be read is not guessed.
//   - A key never changes its instance. So a key whose digest is stored with the accepted instance
//     needs no call, and an outage of Clerk does not pause a restart.
//   - Each process has its own view of the generation. A process with a former key that has not
//     noticed the change yet writes its own generation to accounts, not the new one.
package instance
