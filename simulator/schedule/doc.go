// Package schedule is the ground both simulated providers stand on: one lock,
// one billing clock, one queue of timers, one source of identifiers.
//
// # Clock
//
// The billing clock is time.Now plus an offset that only grows (World.Advance).
// Everything a provider dates (created, period ends, trials, expiry) reads the
// billing clock; whatever leaves the process on the network (signatures,
// session tokens, retries of deliveries) reads time.Now. Stripe's test clocks
// draw the line at the same place. Inside a testing/synctest bubble both are
// fake, because both come from package time.
//
// # Order
//
// Timers run in the order (due, sequence), one at a time, under the lock, and
// while one runs the billing clock stands exactly at its due time. So a jump of
// 31 days leaves the same trail as 31 days of waiting, and the same calls with
// the same seed leave the same trail twice.
//
// # Lock
//
// World.Change and World.View take the one lock. Both first run every timer
// that is due, so that no caller, with or without a running scheduler, sees a
// state that time has already passed. Nothing under the lock blocks or does
// I/O.
package schedule
