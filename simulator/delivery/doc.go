// Package delivery carries the webhooks of both simulated providers: it signs,
// sends, retries, and on demand loses, repeats, delays and reorders them.
//
// # A delivery
//
// A message is an event's bytes. Each enabled endpoint gets one delivery per
// message. A delivery is queued, in flight, or gone:
//
//	queued --due--> in flight --2xx--> gone (acknowledged)
//	                    | otherwise
//	                    +--> queued again after the provider's backoff
//	                    +--> gone (given up) when the schedule is exhausted
//
// Only a 2xx acknowledges; redirects are not followed. The message keeps its id
// through all attempts; the time stamp and the signature are made anew for each
// attempt, from time.Now. The target is looked up at each attempt, so an
// endpoint that was removed or disabled gets nothing more, and a rolled secret
// signs the next attempt.
//
// An endpoint that acknowledges nothing for as long as the provider's Rules say
// is disabled: for Svix five days, as it publishes; for Stripe seven, which is
// our choice, because Stripe says only "multiple days in a row". Svix obeys the
// answer's header webhook-delivery: abort-message ends the retries of a message,
// disable disables the endpoint.
//
// # Order and determinism
//
// What one request or one automatic step posts is a burst. It is delivered in
// causal order, or in one of the recorded Orders, which differ from it and from
// each other; types that an order does not name follow what they causally follow.
//
// Deliveries start in the order (due, sequence), one at a time, at least a
// microsecond after the one before. Whoever runs them lets an attempt wait a few
// milliseconds for the answer to the one before, never longer: a receiver that
// answers promptly sees the causal order, one that hangs holds nobody up. In a
// synctest bubble time cannot move even the microsecond until everybody is idle,
// so there the same seed gives the same history. Every random choice about a
// delivery is drawn from a stream of its own when it is queued.
//
// # Across restarts
//
// The queue is plain data. An attempt that is in flight when the run ends
// counts as not made and is made again: at least once, like the real ones.
package delivery
