// Package watch keeps records of accounts in memory, as current as the database, and notifies
// subscribers when a record changes.
//
// # How it stays current
//
// The store numbers every write of a record in the order of the commits, across all processes (see
// [lockstep.ChangeFeed]). A [Watch] knows the number up to which it has seen the changes. Before it
// answers from memory, it polls for new ones, unless it did so less than Config.Poll ago; while nothing
// changes, a poll reads one row. It drops changed records from memory. It polls only while someone reads
// or subscribes.
//
//   - An answer from memory is at most Config.Poll older than the last commit of any process.
//   - If a poll fails, Watch answers from memory for up to Config.Trust, and then reads each record from
//     the database.
//   - The next read after a write of this process sees that write, see [Watch.Store].
//
// A read from the database may race with a change of the same account and return the old record. It is
// registered as a load before it starts, and a poll sees the change only after its commit. So either the
// read saw the change, or the poll finds the load and prevents its result from being cached.
//
// The passing of time is not a change of a record, but it may change what the record gives. An [Entry]
// keeps the access that its record gave, and the access as JSON, until the moment at which time changes it
// ([lockstep.Access].Recheck).
//
// # What it costs
//
// Memory is counted in parts of at most 500 bytes: three for an account, two for each subscription and
// license, and one for each item. Config.Accounts is the number of accounts with one subscription of one
// item, so six parts each: the default of 10,000 takes at most 30 MB. The records that were read last stay.
// They are kept without names, e-mail addresses and metadata.
//
// While there are subscribers, one goroutine polls every Config.Poll. It ends with the last one.
package watch
