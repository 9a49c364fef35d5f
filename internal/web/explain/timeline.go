package explain

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// mostEntries is the most entries of a timeline: what fits on a screen.
const mostEntries = 12

// timeline returns what happened, newest first, and whether there was more before. Runs carry their events.
func (r *reading) timeline() ([]Entry, bool) {
	all := slices.Concat(r.ofRuns(), r.leftovers(), r.noted())
	slices.SortStableFunc(all, func(a, b Entry) int { return b.At.Compare(a.At) })
	earlier := r.earlier
	if len(all) > mostEntries {
		all, earlier = all[:mostEntries], true
	}
	return all, earlier
}

// ofRuns returns an entry for each run. Runs in a row that changed nothing and ended alike share one.
func (r *reading) ofRuns() []Entry {
	all := []Entry{}
	quiet := false // the last entry is of quiet runs
	for _, run := range r.runs {
		e := r.entryOf(run)
		isQuiet := run.Quiet() && len(run.Events) == 0
		if n := len(all) - 1; n >= 0 && quiet && isQuiet && all[n].Text == e.Text && all[n].Key == e.Key &&
			all[n].State == e.State {
			all[n].Since, all[n].Times = e.Since, all[n].Times+e.Times
			continue
		}
		all, quiet = append(all, e), isQuiet
	}
	for i := range all {
		if all[i].Times > 1 {
			all[i].Text += ", " + strconv.FormatInt(all[i].Times, 10) + " times since " + r.moment(all[i].Since)
		}
	}
	return all
}

// entryOf tells a run: what it was for, what it changed, how it ended.
func (r *reading) entryOf(run lockstep.Run) Entry {
	e := Entry{Kind: "run", At: run.Last.UTC(), Since: run.Began.UTC(), Times: run.Runs, TookMS: run.Took.Milliseconds(),
		Key: run.Key.String(), State: string(run.Disposition)}
	if run.Runs <= 1 {
		e.At = run.Began.UTC()
	}
	for _, name := range run.Events {
		e.Events = append(e.Events, string(name.Source)+"/"+name.ID)
	}
	text := r.trigger(run) + ": " + strings.Join(r.results(run), ", ")
	if run.Key != r.key {
		text = run.Key.ID + ", " + text
	}
	if !run.Quiet() {
		text += " (" + span(run.Took) + r.delay(run) + ")"
	}
	e.Text = text
	return e
}

// trigger says why a run ran.
func (r *reading) trigger(run lockstep.Run) string {
	if run.EventCount == 0 {
		return "check"
	}
	var kinds []string
	for _, name := range run.Events {
		if e, found := r.event(name); found && !slices.Contains(kinds, e.Type) {
			kinds = append(kinds, e.Type)
		}
	}
	if len(kinds) == 0 {
		return count(run.EventCount, "event")
	}
	text := kinds[0]
	if more := run.EventCount - 1; more > 0 {
		text += " and " + strconv.FormatInt(more, 10) + " more"
	}
	return text
}

// results says what a run changed, and how it ended.
func (r *reading) results(run lockstep.Run) (all []string) {
	if run.Before != nil && run.After != nil {
		all = append(all, "access "+brief(*run.Before)+" → "+brief(*run.After))
	}
	if wrote := wroteTo(run); len(wrote) > 0 {
		all = append(all, "wrote to "+list(wrote))
	}
	reason := strings.TrimRight(run.Reason, ".")
	switch run.Disposition {
	case lockstep.Retry:
		all = append(all, "then failed and retries: "+reason)
	case lockstep.Failed:
		all = append(all, "failed: "+reason)
	case lockstep.Parked:
		all = append(all, "parked: "+reason)
	default:
		if len(all) == 0 {
			all = append(all, "nothing to change")
		}
	}
	all[0] = strings.TrimPrefix(all[0], "then ")
	return all
}

// brief says an access in a few words.
func brief(a lockstep.RunAccess) string {
	if !a.Active {
		return "none"
	}
	return strings.Join(a.Plans, "+")
}

// wroteTo returns where a run wrote: the database first, as the run does.
func wroteTo(run lockstep.Run) (to []string) {
	names := map[string]string{"database": "the database", "stripe": "Stripe", "clerk": "Clerk"}
	for _, system := range []string{"database", "stripe", "clerk"} {
		if slices.ContainsFunc(run.Wrote, func(e lockstep.RunEffect) bool { return e.To == system }) {
			to = append(to, names[system])
		}
	}
	return to
}

// delay says how long after its first event a run was done, if that is known.
func (r *reading) delay(run lockstep.Run) string {
	var first time.Time
	for _, name := range run.Events {
		if e, found := r.event(name); found && (first.IsZero() || e.ReceivedAt.Before(first)) {
			first = e.ReceivedAt
		}
	}
	done := run.Began.Add(run.Took)
	if first.IsZero() || done.Before(first) {
		return ""
	}
	return ", done " + span(done.Sub(first)) + " after the first event"
}

func (r *reading) event(name lockstep.EventName) (lockstep.Event, bool) {
	at := slices.IndexFunc(r.events, func(e lockstep.Event) bool { return e.Source == name.Source && e.ID == name.ID })
	if at < 0 {
		return lockstep.Event{}, false
	}
	return r.events[at], true
}
