// Package buckets keeps what all processes counted, in buckets of time, beside a store.
//
// # Rows
//
// A row is one metric, or one bin of a histogram, in one bucket. A write adds to the buckets of all three
// resolutions, so no bucket is ever summed up into another. Zeros are not written. The same write deletes what is
// older than its resolution is kept, a few hundred rows at a time, and what lies in the future, where a wrong clock
// put it. So the number of rows is at most the number of metrics and bins, times the buckets that are kept: 122 +
// 106 + 130.
//
// # Several processes
//
// Cells add up, so it does not matter how many processes write, or in which order. All of them write in the order
// of the primary key; two of them that still lock each other are repeated by the store.
package buckets
