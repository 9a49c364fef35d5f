// Package checkouts starts checkouts, and keeps buyers from paying twice.
//
// Two tabs, two clicks, or a click while a webhook is on its way: each could start a checkout of its
// own, and the buyer could pay all of them. So a checkout starts under the account's lock
// ([lockstep.Purchases]), which all replicas respect. Under the lock, the service asks Stripe what the
// account has now, because our record may be one webhook behind.
//
//  1. customer: the account's; the worker creates it if the account has no customer
//  2. lock: others wait for it
//  3. look: at Stripe, the customers' sessions, then their subscriptions; in our record, the licenses
//  4. decide: [lockstep.Catalog.Obstacle], a pure function: does the account have it, or just paid it?
//  5. reuse: return the open session that the same order started, and expire all others of ours, so
//     that an account has at most one open checkout
//  6. begin: create a session, under an idempotency key made of the lock's number
//  7. unlock: if Stripe did not answer, the next order uses the same number again
//
// If the process dies under the lock, the account waits for the rest of the lease. The next order finds
// the session that was created, or repeats the request under the same idempotency key.
//
// Sessions that the app creates at Stripe itself, and payment links, do not use the lock.
package checkouts
