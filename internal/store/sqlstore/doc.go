// Package sqlstore is [lockstep.Store] over database/sql, written once. A
// [Dialect] says in what a database differs, by whole statements.
//
// # The queue
//
// One row of table work is a key. Marking raises its generation; where it adds nothing
// to what no run has taken yet, it only locks the row. A key is pending while
// generation > done_generation. Claiming takes a pending key that is due and that nobody
// holds, gives it a lease and a token, and moves what was marked into the claimed_
// columns:
//
//	plain columns     what has been marked since the claim (scope, priority, run_at)
//	claimed_ columns  what the run took with it
//
// So a mark during a run is not mixed up with what the run is about, and what the
// run took is put back when it fails or dies:
//
//	Done            done_generation = claimed_generation; the claimed part is dropped
//	Parked, Failed  the same, with the reason; the key is not pending any more
//	Retry           the claimed part is added to the plain one; run_at is later
//	lease expires   the next claim adds to the claimed part what was marked since
//
// A key is due at max(run_at, lease_until): a held key when its lease ends. That
// is a generated column, so that one index finds what is due without stepping
// over what is held.
//
// # Fencing
//
// Every write of a run carries its claim, and its transaction first looks for the
// token in the key's row. Finish clears the token, the next claim replaces it. So
// a run that was paused past its lease and goes on cannot write once another has
// taken over. A lease that expired without a successor still counts.
//
// # Links
//
// A customer that is linked (or was, before its account got another one) has no
// work of its own: a mark on it lands on its account. When a link appears, what
// there was under the customer's key goes to the account: open events move there
// and the account is marked for them, and the customer's row is settled unless a
// run holds it, which then ends as it will.
//
// What waits for an account or a customer (see [lockstep.Outcome]) is marked when
// the account is first seen and when its link is new. A run that parks while that
// happens would miss it; therefore accounts remember the number of that change (see
// below), work the newest number when it was claimed, and a run that parks too late is
// run again instead. Both the link and the park hold the number's row while they look.
//
// One transaction does this for up to 500 events and 250 keys. If there are more, it marks a key of
// kind wake, whose runs do the rest in steps (Wake). Each step deletes the waits of the keys that it marks. Until all
// events of a linked customer have moved, a run that holds the customer's key settles none of them.
//
// # ChangeFeed
//
// Every transaction that writes an account's record notes the account (changed),
// and as its last statement before the commit takes the next number for what it
// noted. The number is a row, not a sequence: it stays locked until the commit, so
// that no lower number ever becomes visible after a higher one, and a number
// that is rolled back is not missing. That makes writers of records commit one after
// the other where a database has several, which is as fast as it commits; Stripe's
// rate limit is far below. A reader that knows everything up to a number therefore
// only asks for what is above it. The rows are the newest change of each account,
// not a log: there is nothing to clean up.
//
// # Transactions
//
// No transaction writes more than about a thousand rows; larger operations take steps, see stepRows. Finish
// settles a run's events in steps and ends the claim in the last one.
//
// Exported methods begin transactions, unexported functions are given one.
// Writes go through one pool, reads through another; on SQLite the writing pool
// has one connection. Time is the process's, or the database's where the dialect
// has a Clock; always integer milliseconds UTC, 0 for no time.
//
// # Waiting
//
// A database that is elsewhere is waited for at each statement, so what need not be
// waited for is said with what must be, and the driver sends them in one go (see Later
// of [Dialect]):
//
//	later   a write whose result nobody looks at: with the next statement, or the commit
//	ask     a query whose rows are wanted soon: with what else is asked, and the fence
//	last    the last statement of a transaction: the commit goes with it
//	early   a transaction that can ask before it knows the time
//
// The begin and the clock go with the first statement. The order is that in which
// things are said, so locks are taken in the order of the code. On SQLite each
// statement is done when it is said, or when its rows are called for.
package sqlstore
