package explain

import (
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// mostNamed is how many events an entry names.
const mostNamed = 20

// leftovers returns the events that no known run settled: open ones, and those from before the history.
// Events in a row with one status share an entry.
func (r *reading) leftovers() (all []Entry) {
	var row []lockstep.Event
	end := func() {
		if len(row) > 0 {
			all = append(all, r.entryOfEvents(row))
		}
		row = nil
	}
	for _, e := range r.events {
		if r.told(e) {
			continue
		}
		if len(row) > 0 && (row[0].Status != e.Status || row[0].Reason != e.Reason) {
			end()
		}
		row = append(row, e)
	}
	end()
	return all
}

// told reports whether the entry of a run covers an event. A run names up to 20 of its events, so a settled one
// counts as told unless it is older than every known run.
func (r *reading) told(e lockstep.Event) bool {
	if e.Status != lockstep.EventDone {
		return false
	}
	return len(r.runs) > 0 && !e.ReceivedAt.Before(r.runs[len(r.runs)-1].Began) ||
		slices.ContainsFunc(r.runs, func(run lockstep.Run) bool {
			return slices.Contains(run.Events, lockstep.EventName{Source: e.Source, ID: e.ID})
		})
}

// entryOfEvents tells events with one status, newest first.
func (r *reading) entryOfEvents(row []lockstep.Event) Entry {
	e := Entry{Kind: "events", At: row[0].ReceivedAt.UTC(), Since: row[len(row)-1].ReceivedAt.UTC(), Times: int64(len(row)),
		State: string(row[0].Status)}
	var kinds []string
	for i, event := range row {
		if i < mostNamed {
			e.Events = append(e.Events, string(event.Source)+"/"+event.ID)
		}
		if !slices.Contains(kinds, event.Type) {
			kinds = append(kinds, event.Type)
		}
	}
	e.Text = some(kinds, 3) + ": " + map[lockstep.EventStatus]string{lockstep.EventPending: "stored, waits for a run",
		lockstep.EventDone: "settled", lockstep.EventParked: "parked", lockstep.EventFailed: "failed",
		lockstep.EventIgnored: "ignored"}[row[0].Status]
	if len(row) > 1 {
		e.Text = count(int64(len(row)), "event") + ", " + e.Text
	}
	if reason := strings.TrimRight(row[0].Reason, "."); reason != "" {
		e.Text += ": " + reason
	}
	return e
}

// noted returns the newest notices.
func (r *reading) noted() (all []Entry) {
	const most = 5
	for i := len(r.notices) - 1; i >= max(0, len(r.notices)-most); i-- {
		n := r.notices[i]
		all = append(all, Entry{Kind: "notice", At: n.CreatedAt.UTC(), Since: n.CreatedAt.UTC(), Times: 1, State: "recorded",
			Text: "notice " + string(n.Kind) + " about " + n.Object + " for e-mail and webhooks"})
	}
	return all
}
