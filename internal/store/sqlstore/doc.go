// Package sqlstore implements [lockstep.Store] once, for SQLite and PostgreSQL. A [sqlrun.Database] runs its
// transactions, and a [Dialect] replaces whole statements where a database differs.
//
// # The queue
//
// Each row of the table work is a key. A mark raises its generation; a mark that adds nothing to what no
// run has taken yet only locks the row. A key is pending while generation > done_generation. A claim
// takes a pending key that is due and that no run holds, gives it a lease and a token, and moves what
// was marked into the claimed_ columns:
//
//	plain columns     what was marked since the claim (scope, priority, run_at)
//	claimed_ columns  what the run took
//
// So a mark during a run does not mix with what the run handles, and what the run took is put back when
// the run fails or dies:
//
//	Done            done_generation = claimed_generation; the claimed part is dropped
//	Parked, Failed  the same, with the reason; the key is no longer pending
//	Retry           the claimed part is added to the plain one; run_at is later
//	lease expires   the next claim adds to the claimed part what was marked since
//
// A key is due at max(run_at, lease_until). That is a generated column, so one index finds the due keys
// without stepping over the held ones.
//
// A run that found its key settled starts a quiet period (quiet_until). A mark that gathers has its run_at
// raised to the end of it; other marks do not wait. Finish raises the run_at of marks made during the run,
// if all of them gather (gathers = 1). So the events that follow a purchase cause one more run.
//
// # Fencing
//
// Every write of a run carries its claim, and its transaction first looks for the token in the key's
// row. Finish clears the token, and the next claim replaces it. So a run that was paused past its lease
// cannot write once another run has taken over. A lease that expired without a successor still counts.
//
// # Links
//
// A customer that is or was linked has no work of its own: a mark on it lands on its account. When a
// link appears, the work under the customer's key moves to the account: the account is marked and gets
// the open events, and the customer's row is settled unless a run holds it; then that run settles it.
//
// When an account is first seen, or its link is new, the keys that wait for it are marked (see
// [lockstep.Outcome]). A run that parks at that moment would miss it. Therefore an account remembers the
// number of that change (see below), a claim remembers the newest number at that time, and a run that
// parks too late runs again. Both the link and the park hold the number's row meanwhile.
//
// One transaction does this for up to 500 events and 250 keys. If there are more, it marks a key of kind
// wake, whose runs do the rest in steps (Wake). Each step deletes the waits of the keys that it marks.
// Until all events of a linked customer have moved, a run of the customer's key settles none of them.
//
// # Change feed
//
// Every transaction that writes an account's record notes the account, and its last statement before the
// commit takes the next number for the noted accounts. The number is a row, not a sequence: it stays
// locked until the commit. So no lower number becomes visible after a higher one, and a number that is
// rolled back leaves no gap. Writers of records therefore commit one after the other on a database with
// several writers; Stripe's rate limit is far lower than that. A reader that knows everything up to a
// number asks only for what is above it. The table holds the newest change of each account. It is not a
// log, so there is nothing to clean up.
//
// # Transactions
//
// No transaction writes more than about a thousand rows; larger operations take steps, see stepRows.
// Finish settles a run's events in steps and ends the claim in the last one.
//
// Exported methods start transactions; unexported functions get one. Writes use one database handle and
// reads another; on SQLite the writing one has one connection. Times are integer milliseconds UTC, and 0
// means no time. They come from the process, or from the database if the dialect has a Clock.
//
// # Durability
//
// A transaction that returns is on disk. A claim and the end of a run are exceptions on SQLite: they do not
// wait for the disk. After a power failure that undoes one of them, the key is due again, as after a crash
// during the run. A run writes its record in transactions in between. The log keeps the order of commits, so
// these bring the claim to the disk before what they write. A repeated run counts its attempts from 1: before
// its first save, it must not write to a provider what depends on the attempt.
//
// # Round trips
//
// With a remote database, each wait for an answer costs a round trip. So a transaction queues statements
// and sends them together:
//
//	queue       a write whose result is not needed: goes with the next send
//	ask         a query; its rows come when one of the answers is needed, with everything queued
//	commit      sends what is queued with the commit, if a transaction knows its last statement
//	writeEarly  a transaction that asks something before it needs the time
//
// The begin and the clock go with the first send. Statements run in the order of the code, so locks are
// taken in that order too. An error of a queued write comes with the next answer, or with the commit.
package sqlstore
