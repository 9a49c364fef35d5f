// Package watch keeps the records of accounts in memory as true as the database,
// and tells who waits for one that it has changed.
//
// # How it stays true
//
// The store numbers every write of a record, in the order of the commits, whichever
// process made it (see [lockstep.ChangeFeed]). A [Watch] knows up to which number it
// has looked. Before it answers from memory it looks again, unless it did so less
// than Config.Poll ago: one read of one row while nothing changes. What changed is
// dropped from memory. Nothing is asked while nobody reads and nobody waits.
//
//	answer from memory   at most Poll older than the last commit anywhere
//	the look fails       from memory for up to Trust, then from the database, each time
//	a write of our own   is seen by the next read: see [Watch.Store]
//
// A read of the database that is under way while its account changes may have seen
// the record from before. It is under loading from before it begins, and the change
// is met only after it was committed; so either the read saw the change, or the
// change finds it there and its result is not kept.
//
// Time is not a change: who reads decides what follows from a record at that moment.
//
// # What it costs
//
// As many accounts are kept as Config.Accounts with one subscription of one item
// take: four parts each, two for the account itself and one for each subscription,
// license and item. A part is at most 500 bytes: 20 MB for the default of 10,000. What
// was read last is kept. Records are kept without names, e-mail addresses and
// metadata.
//
// While anybody waits, one goroutine looks every Poll; it ends with the last who
// waits.
package watch
