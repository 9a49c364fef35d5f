// Package delivery delivers the webhooks of both simulated providers. It signs,
// sends and retries them. On demand it loses, repeats, delays and reorders them.
//
// # A delivery
//
// A message is the bytes of an event. Each enabled endpoint gets one delivery per
// message. A delivery is queued, in flight, or settled:
//
//	queued --due--> in flight --2xx--> settled (acknowledged)
//	                    | otherwise
//	                    +--> queued again after the provider's backoff
//	                    +--> settled (given up) when the schedule is exhausted
//
// Only a 2xx acknowledges a delivery. Redirects are not followed. The message keeps
// its id through all attempts. Each attempt has a new time stamp, from time.Now,
// and a new signature. Each attempt looks up its target, so a removed or disabled
// endpoint gets nothing more, and a rotated secret signs the next attempt.
//
// An endpoint that acknowledges nothing for some days is disabled (Rules). Svix
// publishes five days. Stripe says only "multiple days in a row"; we chose seven.
// Svix obeys the header webhook-delivery of the answer: abort-message ends the
// retries of a message, disable disables the endpoint.
//
// # Order and determinism
//
// The messages that one request or one automatic step posts are a burst. They are
// delivered in causal order, or in one of the recorded Orders. A type that such an
// order does not name comes right after its causal predecessor.
//
// Deliveries start in the order (due, sequence), one at a time, at least a
// microsecond apart. Before the next attempt, the caller of Make waits a few
// milliseconds for the answer, never longer. So an endpoint that answers promptly
// sees the causal order, and an endpoint that hangs does not hold up the others.
// In a synctest bubble time moves only when everything is idle, so the same seed
// gives the same history. Every random choice about a delivery comes from its own
// stream when it is queued.
//
// # Across restarts
//
// The queue is plain data. An attempt that is in flight when the run ends counts
// as not made and is repeated: delivery is at least once, as with the real
// providers.
package delivery
