// Package reconcile brings keys in step: it claims what is due, observes Stripe
// and the identity directory as they are now, decides, and writes in a fixed
// order - our database, then the directory's metadata. It is the only writer of
// accounts, licenses and metadata.
//
// # The runner
//
// [Runner] holds a fixed number of slots, some of them for interactive work
// only, so that a new buyer never waits behind a storm. A run has a lease in the
// database and a timeout that is shorter. How it ended is one of:
//
//	no error           done; a Result may ask for another look later
//	ParkError          parked until an account or a link appears
//	Terminal, refused  failed: recorded and not tried again before the next mark
//	anything else      retried with exponential backoff and jitter
//
// A provider's outage is waited for without end; a panic or an internal error
// is tried [maxAttempts] times and then recorded as failed, so that a poisoned
// key neither blocks nor burns.
//
// # The keys
//
//	user, organization  [Accounts]: the customer, the billing state, the projection
//	customer            [Unlinked]: whose is it? then link, or park
//	checkout, payment   [Payments]: a one-time payment becomes a license
//	object              [Payments]: whom is the object of a thin event about?
//	notice              [Notices]: to which channels it goes, once its account is in step
//	mail, buyermail     [Emails]: an e-mail, once, to the account or to the buyer
//	hook                [Webhooks]: a notice, or an account's access, for a webhook endpoint
//	sweep               [Sweeps]: the gap scan, polling, the directory's list, the full verify, the backfill
//
// Who an object is about is decided in one place, [resolve].
//
// # The first start
//
// On an empty database [Backfill] lists Stripe and the directory before anything is
// created. Until it has linked what exists, [Hold] keeps every account as it is: no customer
// is created unless somebody buys, and metadata is not lowered. When it ends it marks every
// account. A customer that could belong to several accounts holds those until an operator
// decides.
//
// # What a crash leaves
//
// A run that dies leaves its lease to expire and its scope to be claimed again.
// A customer's creation is stored before the call with its parameters and
// idempotency key. A try after the first reads the directory anew, since the
// last try's write may or may not have landed.
package reconcile
