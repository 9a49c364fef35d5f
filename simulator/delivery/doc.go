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
// # Order and determinism
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
