// Package catalog shows an operator the configured plans beside the prices that Stripe has, and how many subscriptions
// have each.
//
// # Stripe's prices
//
// They are read with at most 7 requests (500 active prices, 200 inactive ones) and kept for 30 seconds. Requests that
// come meanwhile share one read. If Stripe does not answer, the last list is shown with its time, else only the
// configured part, and the error is kept for 5 seconds.
//
// # Counts
//
// To count subscriptions by price, the database reads all items: 3.6 seconds for a million on SQLite. That would be too
// much for each page, and a counter in each write would slow every sync down. So a process counts at most once in 10
// minutes, and only if somebody looks: in the background, for at most a minute. A request waits a second for the first
// count. Every answer says when its counts were taken; those of several prices are of the same moment.
//
// A subscription with several items counts for each price. Those that have ended, or never began, do not count.
package catalog
