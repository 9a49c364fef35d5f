// Package listing reads what operators ask for: stored events, open work, the history of runs, the audit log,
// and counts of what needs attention.
//
// # Bounds
//
// A list must stay cheap with ten million events. An index for each filter would cost each delivery a write,
// so only the filters that indexes of the queue serve anyway have one. Every statement is bounded:
//
//	a key                       the indexes of open and of settled events by key
//	pending, parked or failed   the index of open events, if it has at most [MostOpen] entries
//	a time                      a search by halves: events are numbered in about the order of arrival
//	anything else               the events by number, at most [Look] of them for a page
//
// Accounts have an index by key, status, plan, concern, problems and address, and each id of theirs that Stripe
// knows has one. A search reads one index, or one after the other, and looks at most at [LookAccounts] accounts for
// a page. What an overview counts is counted up to [lockstep.MostCounted].
//
// So a page may have fewer events than its limit and still a next page. A filter that is more selective
// than its path costs more pages, never a longer statement.
//
// Work that failed or parked has an index by key, and pending work the one by which the queue claims it.
//
// # Cursors
//
// A page of events ends at a number, and new events get higher ones. So no event is listed twice and none
// is missing while others arrive. The same holds for work that failed or parked. Pending work is listed in the
// order of its claims, and a key that runs meanwhile moves in that order.
//
// The statements are the same for both databases, except for the one that reads a body.
package listing
