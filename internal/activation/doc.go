// Package activation tells a buyer who comes back from Stripe's page how far their
// access is: as a page at /activate, as JSON, and as server-sent events.
//
// # What it says
//
// Access is granted when our database says so, and never because somebody was
// redirected or because Stripe's session says paid: that only tells what to wait for,
// and has the workers look at once, in case the webhook is late or lost.
//
//	waiting     the session is complete, or being completed; our record does not show it yet
//	active      our record shows the subscription or license, and it grants access
//	processing  a delayed payment is under way, or the first payment of a subscription is open
//	failed      it failed, was refunded or has ended: nothing is granted
//	open        the checkout was not finished
//	expired     nor can it be any more
//
// # Who may ask
//
// Whoever has the session's id, which is as long as a password. It is told the state and
// the plan of that purchase, no name, no address and no id. An id that Stripe does not
// know, one of another Stripe account and one that is none are answered the same.
//
// # What it costs
//
// Stripe is asked about a session once, and while it may still change at most every
// [freshness], however many ask. All lookups together are limited; who comes when the
// limit is reached is told to wait. Of an id that Stripe does not know only that is kept,
// in memory and for a minute.
package activation
