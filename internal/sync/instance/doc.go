// Package instance pauses the work of a process whose key belongs to another Clerk
// instance, or to another mode of Stripe, than the database.
//
// # Protocol
//
// The first instance that a key belongs to is accepted, and stored. A process whose key
// belongs to another one notes it beside, where it waits for an operator, and pauses.
// A process that is paused takes webhooks and answers reads. When the operator accepts the
// instance, its generation rises: accounts that were last seen under a lower one are
// former accounts.
//
// # Invariants
//
//   - Without a verdict nothing runs: an instance that cannot be read is not guessed.
//   - A key belongs to one instance for ever. So a key whose digest is stored with the
//     accepted instance needs no call, and an outage of Clerk does not pause a restart.
//   - A process keeps its own view of the generation. One with a former key that has not
//     heard of the change yet stamps accounts with its own generation, not the new one.
package instance
