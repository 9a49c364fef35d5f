// Package schedule has what both simulated providers share: one lock, one billing
// clock, one queue of timers, and one source of identifiers.
//
// # Clock
//
// The billing clock is time.Now plus an offset that only grows (World.Advance).
// The dates of a provider's objects (created, period ends, trials, expiry) follow
// the billing clock. What goes over the network (signatures, session tokens,
// delivery retries) follows time.Now. Stripe's test clocks make the same
// distinction. In a testing/synctest bubble both are fake, because both come from
// package time.
//
// # Order
//
// Timers run in the order (due, sequence), one at a time, under the lock. While a
// timer runs, the billing clock shows exactly its due time. So advancing by 31
// days has the same result as waiting 31 days, and the same calls with the same
// seed always have the same result.
//
// # Lock
//
// World.Change and World.View take the lock. Both first run every timer that is
// due, so no caller ever sees an outdated state, even if no scheduler runs. Code
// under the lock must not block or do I/O.
package schedule
