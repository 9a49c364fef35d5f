package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// run is what the page shows of a run.
type run struct {
	Run         string
	Key         string
	BeganAt     time.Time `json:"began_at"`
	LastAt      time.Time `json:"last_at"`
	Runs        int64
	TookMS      int64 `json:"took_ms"`
	Disposition string
	Reason      string
	Attempt     int
	Priority    string
	Scope       []string
	Events      []string
	EventCount  int64 `json:"event_count"`
	Observed    []lockstep.Observation
	Unlisted    int
	Before      *lockstep.RunAccess
	After       *lockstep.RunAccess
	Wrote       []lockstep.RunEffect
	Calls       map[string]int
}

// event is what the page shows of an event.
type event struct {
	Source, ID, Type, Status, Reason, Key, Object string
	OccurredAt                                    time.Time `json:"occurred_at"`
	ReceivedAt                                    time.Time `json:"received_at"`
}

// Name is the event as the API names it.
func (e event) Name() string { return e.Source + "/" + e.ID }

// entry is a paragraph of the timeline.
type entry struct {
	ID     string // unique in the page
	Kind   string // run, events, notice or operator
	At     time.Time
	Since  time.Time // of what is folded: when it first happened
	Times  int64
	Gap    string // how long before the entry above; empty: close to it
	Fault  bool
	Sought bool // the address names it
	State  string
	Text   string
	Run    *run
	Events []event // of an old event, only the name is known
	// Notices are those that the run recorded, or the notice itself.
	Notices []notice
	Action  *auditEntry

	folded []string // the ids of entries that are folded into this one
}

// HasEvents reports whether the entry has events, or a run for some.
func (e entry) HasEvents() bool { return len(e.Events) > 0 }

// tell makes entries of what happened, newest first.
func (t teller) tell(found merged) []entry {
	events := map[string]event{}
	settled := map[string]bool{}
	for _, h := range found.told {
		switch h.list {
		case eventList:
			events[h.event.Name()] = h.event
		case runList:
			for _, name := range h.run.Events {
				settled[name] = true
			}
		}
	}
	all := []entry{}
	slices.SortStableFunc(found.shown, func(a, b happened) int { return b.at.Compare(a.at) })
	for _, h := range found.shown {
		switch h.list {
		case runList:
			all = append(all, t.ofRun(h.run, events))
		case eventList:
			if e := h.event; !settled[e.Name()] && !found.covers(e) {
				all = append(all, ofEvent(e))
			}
		case actionList:
			all = append(all, t.ofAction(h.action))
		case noticeList:
			if !slices.ContainsFunc(found.told, func(other happened) bool {
				return other.list == runList && other.run.Run == h.notice.Run && h.notice.Run != ""
			}) {
				all = append(all, ofNotice(h.notice))
			}
		}
	}
	return fold(all)
}

// covers reports whether a known run counts a settled event without naming it: a run names up to 20.
func (m merged) covers(e event) bool {
	return e.Status == string(lockstep.EventDone) && (m.earlier || !m.oldest.IsZero() && !e.ReceivedAt.Before(m.oldest))
}

// ofRun tells a run.
func (t teller) ofRun(r run, events map[string]event) entry {
	e := entry{ID: "run-" + r.Run, Kind: "run", At: r.LastAt, Since: r.BeganAt, Times: max(r.Runs, 1), State: r.Disposition,
		Fault: r.Disposition != string(lockstep.Done), Run: &r}
	if e.Times == 1 {
		e.At = r.BeganAt
	}
	for _, name := range r.Events {
		known, found := events[name]
		if !found {
			known.Source, known.ID, _ = strings.Cut(name, "/")
		}
		e.Events = append(e.Events, known)
	}
	for _, n := range t.notices {
		if n.Run != "" && n.Run == r.Run {
			e.Notices = append(e.Notices, n)
		}
	}
	e.Text = strings.Join(slices.Concat([]string{r.trigger(e.Events, t.account)}, r.results(len(e.Notices))), " ")
	return e
}

// trigger says why a run ran.
func (r run) trigger(events []event, account string) string {
	about := "this account"
	if kind, id, _ := strings.Cut(r.Key, "/"); r.Key != account {
		about = "the " + kind + " " + id
	}
	if r.EventCount == 0 {
		return "Lockstep checked " + about + "."
	}
	var kinds, sources []string
	for _, e := range events {
		if e.Type != "" && !slices.Contains(kinds, e.Type) {
			kinds = append(kinds, e.Type)
		}
		if name := sourceName(e.Source); !slices.Contains(sources, name) {
			sources = append(sources, name)
		}
	}
	text := listed(sources) + " sent " + newsOf(kinds, r.EventCount)
	if r.Key != account {
		text += " about " + about
	}
	return text + "."
}

// tellingTypes are the types of events that people look for, the most telling first.
var tellingTypes = []string{"checkout.session.completed", "customer.subscription.deleted", "charge.refunded",
	"charge.dispute.created", "invoice.payment_failed", "invoice.paid", "user.deleted", "customer.subscription.created",
	"customer.subscription.updated", "user.created", "organization.created"}

// newsOf names the events of a run: all kinds if they are few, and else the most telling one.
func newsOf(kinds []string, count int64) string {
	const few = 2
	if len(kinds) == 0 {
		return plural(count, "event", "events")
	}
	if int64(len(kinds)) == count && len(kinds) <= few {
		return listed(kinds)
	}
	first := kinds[0]
	if at := slices.IndexFunc(tellingTypes, func(t string) bool { return slices.Contains(kinds, t) }); at >= 0 {
		first = tellingTypes[at]
	}
	return first + " and " + plural(count-1, "more event", "more events")
}

// results says what a run changed, and how it ended.
func (r run) results(notices int) (all []string) {
	if changed := r.changed(); changed != "" {
		all = append(all, changed)
	}
	if wrote := r.wroteTo(); len(wrote) > 0 {
		all = append(all, "Lockstep wrote to "+listed(wrote)+".")
	}
	if notices > 0 {
		all = append(all, plural(int64(notices), "notice was", "notices were")+" recorded.")
	}
	reason := strings.TrimRight(r.Reason, ".")
	switch lockstep.Disposition(r.Disposition) {
	case lockstep.Retry:
		all = append(all, "The run failed, and Lockstep tries again: "+reason+".")
	case lockstep.Failed:
		all = append(all, "The run failed, and nothing tries it again: "+reason+".")
	case lockstep.Parked:
		all = append(all, "It waits: "+reason+".")
	default:
		if len(all) == 0 {
			all = append(all, "Nothing had to change.")
		}
	}
	return all
}

// changed says how the access changed; empty if it did not.
func (r run) changed() string {
	before, after := planOf(r.Before), planOf(r.After)
	switch {
	case r.Before == nil || r.After == nil || before == after:
		return ""
	case before == "":
		return "Access to " + after + " began."
	case after == "":
		return "Access to " + before + " ended."
	}
	return "Access changed from " + before + " to " + after + "."
}

// planOf says an access in a few words; empty: none.
func planOf(a *lockstep.RunAccess) string {
	if a == nil || !a.Active {
		return ""
	}
	if len(a.Plans) == 0 {
		return a.Status
	}
	return strings.Join(a.Plans, " + ")
}

// systems are what a run writes to, in its order.
var systems = []struct{ name, words string }{{"database", "the database"}, {"stripe", "Stripe"}, {"clerk", "Clerk"}}

func (r run) wroteTo() (to []string) {
	for _, system := range systems {
		if len(r.WroteTo(system.name)) > 0 {
			to = append(to, system.words)
		}
	}
	return to
}

// WroteTo returns what the run wrote to a system.
func (r run) WroteTo(system string) (all []lockstep.RunEffect) {
	for _, e := range r.Wrote {
		if e.To == system {
			all = append(all, e)
		}
	}
	return all
}

// Steps returns each call or write as words: "3 calls to Stripe".
func (r run) Steps() (steps []string) {
	for _, system := range systems {
		if n := r.Calls[system.name]; n > 0 {
			steps = append(steps, plural(int64(n), "call", "calls")+" to "+system.words)
		}
	}
	return steps
}

// stored says in words what a run wrote to the database.
func stored(what string) string {
	kind, rest, _ := strings.Cut(what, " ")
	words := map[string]string{"account": "the account", "projection": "what Clerk must show", "notice": "the notice",
		"webhook": "a webhook to your app", "problems": "which steps were refused", "license": "the license",
		"succession": "the former account"}[kind]
	if words == "" {
		return what
	}
	return strings.TrimSpace(words + " " + rest)
}

// Done returns when the run ended.
func (r run) Done() time.Time { return r.BeganAt.Add(time.Duration(r.TookMS) * time.Millisecond) }

// Delay returns how many milliseconds after its first event the run was done; 0 if that is not known.
func (e entry) Delay() int64 {
	var first time.Time
	for _, event := range e.Events {
		if at := event.ReceivedAt; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() || e.Run == nil || e.Run.Done().Before(first) {
		return 0
	}
	return e.Run.Done().Sub(first).Milliseconds()
}

// Stands returns the access after the run in words.
func (r run) Stands(a *lockstep.RunAccess) string {
	if a == nil {
		return "not decided"
	}
	if !a.Active {
		return "no access (" + a.Status + ")"
	}
	return planOf(a) + " (" + a.Status + ")"
}

// ofEvent tells an event that no known run settled.
func ofEvent(e event) entry {
	says := map[string]string{"pending": "It waits for a run.", "done": "It was settled.", "parked": "It waits",
		"failed": "It failed", "ignored": "It changes nothing.", "dropped": "An operator dropped it"}[e.Status]
	if reason := strings.TrimRight(e.Reason, "."); reason != "" {
		says = strings.TrimRight(says, ".") + ": " + reason
	}
	return entry{ID: "event-" + e.Source + "-" + e.ID, Kind: "events", At: e.ReceivedAt, Since: e.ReceivedAt, Times: 1,
		State: e.Status, Fault: e.Status == "parked" || e.Status == "failed", Events: []event{e},
		Text: sourceName(e.Source) + " sent " + e.Type + ". " + strings.TrimRight(says, ".") + "."}
}

func ofNotice(n notice) entry {
	return entry{ID: "notice-" + n.ID, Kind: "notice", At: n.CreatedAt, Since: n.CreatedAt, Times: 1, Notices: []notice{n},
		Text: "Lockstep recorded the notice " + n.Kind + " about " + n.Object + "."}
}

func (t teller) ofAction(a auditEntry) entry {
	what := a.Action
	if a.Subject != t.account {
		what += " on " + a.Subject
	}
	text := a.Actor + " did " + what + "."
	switch a.Result {
	case "failed":
		text = a.Actor + " tried " + what + ", which failed: " + strings.TrimRight(a.Failure, ".") + "."
	case "requested":
		text = a.Actor + " asked for " + what + ". The result is not known."
	}
	if a.Reason != "" {
		text += " Reason: " + a.Reason
	}
	return entry{ID: "action-" + strconv.FormatInt(a.Number, 10), Kind: "operator", At: a.At, Since: a.At, Times: 1,
		State: a.Result, Fault: a.Result == "failed", Action: &a, Text: text}
}

func sourceName(source string) string {
	switch lockstep.Source(source) {
	case lockstep.Stripe:
		return "Stripe"
	case lockstep.Clerk:
		return "Clerk"
	}
	return source
}

// listed joins words: "a, b and c".
func listed(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}
