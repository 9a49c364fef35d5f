// Package checkouts begins checkouts so that nobody is charged twice.
//
// Two tabs, two clicks, or a click and a webhook that has not arrived yet: each
// would begin a checkout of its own, and each could be paid. Therefore a checkout is
// begun in an account's turn ([lockstep.Purchases]), one at a time on all replicas,
// and in that turn Stripe is asked what there is now: our own record may be a
// webhook behind.
//
//	customer   the account's; the worker makes it if there is none
//	turn       taken; whoever comes meanwhile waits for it
//	look       at Stripe: the customer's sessions, then its subscriptions; ours: licenses
//	decide     [lockstep.Catalog.Obstacle], pure: is it held already, or just paid?
//	open       an open session of ours that the same request began is returned;
//	           any other one is expired: an account has one open checkout
//	begin      a new session, under an idempotency key made of the turn's number
//	turn       given back; unsettled, if Stripe did not answer
//
// A process that dies in its turn holds the account up for the rest of the lease; a
// session that it created is found by the next one's look, and one that was still on
// its way is found by the idempotency key, as long as the same is asked for again.
//
// What is not prevented: sessions that the application itself makes at Stripe, and
// payment links, know nothing of a turn.
package checkouts
