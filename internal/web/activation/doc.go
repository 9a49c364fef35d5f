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
// Whoever has the session's id, which is as long as a password. The answer holds the state and
// the plan of that purchase, and no name, address or id. An id that Stripe does not know, one
// of another Stripe account and one without the form of an id get the same answer.
//
// # What it costs
//
// Stripe is asked about a session at most once in [freshness], however many ask, and never
// again once the session is settled. A flood of guessed ids must not take those reads from
// buyers, so they have two budgets: one for sessions that we know, or whose return URL has our
// token, and a small one for all other ids, shared out by client. We know a session that
// Stripe has described to us, and one that this process created. What is remembered of unknown
// ids never pushes out sessions.
package activation
