package console

import "time"

// filters are the choices of the filter, and what each shows.
var filters = []struct {
	name, label string
	shows       func(entry) bool
}{
	{"", "Everything", func(entry) bool { return true }},
	{"faults", "Faults only", func(e entry) bool { return e.Fault }},
	{"events", "Events", entry.HasEvents},
	{"runs", "Runs", func(e entry) bool { return e.Run != nil }},
	{"notices", "Notices", func(e entry) bool { return len(e.Notices) > 0 }},
	{"operators", "Operators", func(e entry) bool { return e.Action != nil }},
}

// filter returns the entries that a filter shows.
func filter(entries []entry, name string) (shown []entry) {
	for _, f := range filters {
		if f.name != name {
			continue
		}
		for _, e := range entries {
			if f.shows(e) {
				shown = append(shown, e)
			}
		}
	}
	return shown
}

// choice is a link to a filter.
type choice struct {
	Name, Label string
	Chosen      bool
}

// Filters are the choices.
func (t timeline) Filters() (all []choice) {
	for _, f := range filters {
		all = append(all, choice{f.name, f.label, f.name == t.Show})
	}
	return all
}

// fold makes one entry of those in a row that say the same, and of the two entries of an operator's request.
func fold(entries []entry) (folded []entry) {
	for _, e := range entries {
		if n := len(folded) - 1; n >= 0 && folded[n].absorbs(e) {
			continue
		}
		folded = append(folded, e)
	}
	return folded
}

// absorbs folds an older entry into this one, if it can.
func (e *entry) absorbs(older entry) bool {
	switch {
	case e.Kind != older.Kind:
		return false
	case e.Action != nil:
		if e.Action.Request != older.Action.Request || e.Action.Subject != older.Action.Subject {
			return false
		}
		e.folded, e.Since = append(e.folded, older.ID), older.Since
		return true
	case e.Run != nil:
		quiet := func(r *run) bool { return len(r.Wrote) == 0 && r.changed() == "" && r.EventCount == 0 }
		if !quiet(e.Run) || !quiet(older.Run) || e.Text != older.Text {
			return false
		}
	case e.Kind == "events":
		if e.State != older.State || e.Events[0].Reason != older.Events[0].Reason {
			return false
		}
		e.Events = append(e.Events, older.Events...)
		e.Text = plural(int64(len(e.Events)), "event", "events") + " arrived, " + eventsSay[e.State] + "."
	default:
		return false
	}
	e.folded, e.Since, e.Times = append(e.folded, older.ID), older.Since, e.Times+older.Times
	return true
}

// eventsSay is how several events with a status stand.
var eventsSay = map[string]string{"pending": "and wait for a run", "done": "and were settled",
	"parked": "and wait for an account or a link", "failed": "and failed", "ignored": "and change nothing",
	"dropped": "and were dropped by an operator"}

// space says where time passed between entries.
func space(entries []entry) {
	const apart = 2 * time.Minute
	for i := 1; i < len(entries); i++ {
		if gap := entries[i-1].Since.Sub(entries[i].At); gap >= apart {
			entries[i].Gap = span(gap) + " earlier"
		}
	}
}
