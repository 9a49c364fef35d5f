// Package activation tells a buyer who returns from Stripe how far their access is: as a page at
// /activate, as JSON, and as server-sent events.
//
// # States
//
// Access is active when our database says so, never because of the redirect or because Stripe's session
// says "paid". The session only says what to wait for. It also makes the workers sync at once, in case
// the webhook is late or lost.
//
//   - waiting: the session is complete, but our record does not show the purchase yet
//   - active: our record shows the subscription or license, and it grants access
//   - processing: a delayed payment is in progress, or the first payment of a subscription is open
//   - failed: the payment failed, was refunded, or the purchase has ended
//   - open: the buyer has not finished the checkout
//   - expired: the checkout can no longer be finished
//
// # Permission
//
// The session's id is the permission; it is as long as a password. The answer contains the state and the
// plan of that purchase, and no name, address or id. An id that Stripe does not know, one of another
// Stripe account and a malformed one get the same answer.
//
// # Cost
//
// We read a session from Stripe at most once per [freshness], however many clients ask, and never again
// once it is settled. A flood of guessed ids must not use up the reads that buyers need, so there are two
// budgets: one for sessions that we know or whose return URL carries our token, and a small one for all
// other ids, shared by client. We know a session if Stripe has described it to us, or if this process
// created it. Unknown ids never evict known sessions from memory.
package activation
