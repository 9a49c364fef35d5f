package lockstep

import (
	"context"
	"time"
)

// WorkStatus is the state of a key, for operators.
type WorkStatus string

// The states of a key.
const (
	WorkPending WorkStatus = "pending" // it will run, or is running
	WorkParked  WorkStatus = "parked"  // it waits for an account or a link
	WorkFailed  WorkStatus = "failed"  // a retry cannot succeed; the next mark runs it again
	WorkDropped WorkStatus = "dropped" // an operator dropped it; the next mark runs it again
	WorkDone    WorkStatus = "done"    // in sync
)

// Status returns the state of the key.
func (w Work) Status() WorkStatus {
	switch {
	case w.Pending():
		return WorkPending
	case w.Disposition == Parked:
		return WorkParked
	case w.Disposition == Failed:
		return WorkFailed
	case w.Disposition == Dropped:
		return WorkDropped
	}
	return WorkDone
}

// WorkFilter selects keys that are pending, parked or failed. Those that failed or parked come first, ordered
// by key; then come the pending ones, the most urgent and oldest first.
type WorkFilter struct {
	Status WorkStatus // pending, parked or failed; empty: all three
	Kind   KeyKind    // empty: any
	Key    Key        // zero: any
	Limit  int        // the most keys to return; 0 means 50
	After  string     // a cursor from WorkPage.Next; empty: from the start
}

// OpenWork is a key that is not in sync.
type OpenWork struct {
	Work
	Since time.Time // when the oldest of its open events was received; zero without one
}

// WorkPage is a page of keys. A page may have fewer keys than the limit and still a next page.
type WorkPage struct {
	Work []OpenWork
	Next string // the cursor of the next page; empty at the end
}

// EventRef names an event.
type EventRef struct {
	Source Source // empty: any
	ID     string
}

// ReplayRequest asks to look again at what events are about.
type ReplayRequest struct {
	Events   []EventRef // at most [MostRepaired]
	Priority Priority
	Scope    func(Event) Scope // what an event says may have changed, beside ScopeAll; nil: nothing more
}

// Replayed is an event of a replay.
type Replayed struct {
	Event    Event // as it was before, without its body
	Key      Key   // the key that was marked; zero for an ignored event, which marks nothing
	Reopened bool  // it had not been processed, and is pending now
}

// Drop is an operator's decision that a key needs no look.
type Drop struct {
	Key    Key
	Reason string // for the key and its open events; safe to show, without personal data
	// Unless are types of events. Drop refuses with ErrPaid if an open event of the key has one of them.
	Unless []string
}

// MostRepaired is the most events or keys that one call of [Repairs] takes.
const MostRepaired = 200

// Repairs is what an operator does about stored events and keys. No repair applies an event: it only causes
// another look at the current state.
type Repairs interface {
	// Event returns an event with its body, or ErrNotFound.
	Event(ctx context.Context, ref EventRef) (Event, error)
	// OpenWork lists keys that are pending, parked or failed. A key whose time to run changes while the
	// pages are read may be listed twice.
	OpenWork(ctx context.Context, filter WorkFilter) (WorkPage, error)
	// Replay marks the keys of events. An event that was parked, failed or dropped becomes pending again; one
	// that was processed stays as it is. It returns the events that exist.
	Replay(ctx context.Context, request ReplayRequest) ([]Replayed, error)
	// Retry marks keys and makes them due now, with all their attempts. A key that a run holds runs again
	// afterwards. It returns the keys as they were before, those of linked customers as their accounts. A key
	// that never had work is skipped.
	// It takes at most [MostRepaired] marks.
	Retry(ctx context.Context, marks ...Mark) ([]Work, error)
	// Drop settles a key that is pending, parked or failed: it does not run before its next mark, and its open
	// events become dropped. It returns the key as it was before. It refuses with ErrInvalid what must not be
	// dropped, with ErrInUse an account that exists, with ErrPaid as the request says, with ErrBusy while a run
	// holds the key, and with ErrNotFound if there is nothing to drop.
	Drop(ctx context.Context, drop Drop) (Work, error)
}
