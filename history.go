package lockstep

import (
	"context"
	"slices"
	"time"
)

// The history keeps at most this many records of a key, and each of them for this long after its first run.
const (
	MostRuns = 200
	RunsKept = 90 * 24 * time.Hour
)

// Run is the record of a run of a key: why it ran, what it observed, decided and wrote, and how it ended. It
// has ids, plan names, states and times, and no personal data.
//
// Consecutive runs that observed the same, wrote nothing and ended alike share a record, for up to 30 days.
// The record then describes the first of them, and Last is when the newest began.
type Run struct {
	RunReport
	Key         Key
	Number      int64     // counts the records of the key, from 1
	Runs        int64     // how many runs the record stands for
	Last        time.Time // when the newest of them began
	Attempt     int       // 1 for the first try
	Scope       Scope
	Priority    Priority
	Disposition Disposition
	Reason      string // for all but Done
	// Events are up to 20 of the open events that the run was for. If it is done, these are the events that
	// it settled; if none, only marks asked for it.
	Events []EventName
	// EventCount is the number of all of them. A run that settles nothing counts up to 1001.
	EventCount int64
}

// EventName identifies an event.
type EventName struct {
	Source Source
	ID     string
}

// RunReport is what a run reports of itself.
type RunReport struct {
	Began time.Time
	Took  time.Duration
	Calls map[string]int // how many calls it made, by provider
	RunFacts
}

// RunFacts say what a run observed, decided and wrote.
type RunFacts struct {
	// Observed are up to 20 of the objects that the run decided on, as read in this run or before.
	Observed []Observation `json:"observed,omitempty"`
	Unlisted int           `json:"unlisted,omitempty"` // how many more objects it decided on
	// Before is the access that the record gave at the start; nil: the same as After.
	Before *RunAccess `json:"before,omitempty"`
	// After is the access that the stored record gives; nil: the run ended before it decided.
	After *RunAccess  `json:"after,omitempty"`
	Wrote []RunEffect `json:"wrote,omitempty"`
}

// Observation is a version of an object at a provider.
type Observation struct {
	ID      string `json:"id"`
	Version string `json:"version"` // its state, its paid period, and a hash of the rest
}

// RunAccess is an account's access in a few words.
type RunAccess struct {
	Active bool       `json:"active"`
	Status string     `json:"status"`
	Plans  []string   `json:"plans,omitempty"` // of all that grants access; the leading plan first
	Until  *time.Time `json:"until,omitempty"`
}

// RunEffect is something that a run wrote.
type RunEffect struct {
	To    string `json:"to"`   // a provider, or "database"
	What  string `json:"what"` // the endpoint of a provider; the subject in the database
	Times int    `json:"times"`
}

// EffectWebhook is what a run wrote to the database when it queued a webhook about access.
const EffectWebhook = "webhook"

// Quiet reports whether the run changed nothing.
func (f RunFacts) Quiet() bool { return len(f.Wrote) == 0 && f.Before == nil }

// Write notes an effect.
func (f *RunFacts) Write(to, what string, times int) {
	if times <= 0 {
		return
	}
	at := slices.IndexFunc(f.Wrote, func(e RunEffect) bool { return e.To == to && e.What == what })
	if at < 0 {
		f.Wrote = append(f.Wrote, RunEffect{To: to, What: what, Times: times})
		return
	}
	f.Wrote[at].Times += times
}

// Observe notes a version of an object.
func (f *RunFacts) Observe(id, version string) {
	const most = 20
	if len(f.Observed) == most {
		f.Unlisted++
		return
	}
	f.Observed = append(f.Observed, Observation{id, version})
}

// InBrief returns the access in a few words.
func (a Access) InBrief() RunAccess {
	brief := RunAccess{Active: a.Active, Status: a.Status, Until: a.Until}
	if a.Plan != "" {
		brief.Plans = append(brief.Plans, a.Plan)
	}
	for _, r := range a.Reasons {
		if r.Grants && r.Plan != "" && !slices.Contains(brief.Plans, r.Plan) {
			brief.Plans = append(brief.Plans, r.Plan)
		}
	}
	return brief
}

// RunFilter selects records. Give a key or an account.
type RunFilter struct {
	Key     Key
	Account Account // its own key, and the keys of the customers that it has now
	Before  string  // the Next of the previous page; empty: from the newest
	Limit   int     // default 50
}

// RunPage is a page of records, newest first.
type RunPage struct {
	Runs []Run
	Next string // the cursor of the next page; empty: this is the last
}

// History keeps a record of each run, written by [Queue].Finish in the transaction that ends the run: there is
// a record if and only if the run ended. It keeps the [MostRuns] newest records of each key.
type History interface {
	// Runs returns a page of records. ErrInvalid if the cursor is not one of a page.
	Runs(ctx context.Context, filter RunFilter) (RunPage, error)
	// ExpireRuns removes records that began before the given age. It continues after a cursor that it
	// returned (empty: the oldest), and returns the next cursor (empty at the end) and the number of
	// removed records. ErrLeaseLost if the claim is stale.
	ExpireRuns(ctx context.Context, claim Claim, age time.Duration, after string) (next string, removed int64, err error)
}
