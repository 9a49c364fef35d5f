package console

import (
	"fmt"
	"html/template"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/money"
)

// functions are the functions of the templates. What depends on the visit is a method of [frame], which is $ in
// every page's template.
//
//	took MS          a duration in milliseconds: "1.2 s"
//	money N C        an amount in the smallest unit of a currency: "$20.00"
//	path A B …       a path below /console; each part is escaped
//	stored TEXT      what a run wrote to the database
//	subject TEXT     where an account, a key or an event leads; empty if nowhere
//	number N         with separators of thousands
//	plural N A B     "1 event", "2 events"
//	status TEXT      the class of a badge for a status
//	join TEXTS       separated by commas
//	deed ACTION      an action of the audit log in words
//	about OBJECT     the id of what a notice is about
//	sentence NAME    a name as the beginning of a sentence
var functions = template.FuncMap{"took": took, "money": money.Text, "path": path, "subject": subject, "stored": stored,
	"number": func(n any) string { return number(reflect.ValueOf(n).Int()) }, "plural": counted, "status": status,
	"join": func(parts []string) string { return strings.Join(parts, ", ") }, "deed": deed, "about": aboutObject,
	"sentence": sentence}

// When returns a time.Time or a *time.Time as the part "time" shows it.
func (f frame) When(t any) stamp { return f.At.stamp(timeOf(t)) }

// Ago returns how long ago a time was: "5 minutes ago". The future is "in 2 hours".
func (f frame) Ago(t any) string { return ago(f.At.now, timeOf(t)) }

// Stripe returns the page of an object in Stripe's dashboard; empty for an id that has none.
func (f frame) Stripe(id string) string { return f.dashboards.Stripe.stripe(id, f.live) }

// Clerk returns where a user or an organization is in Clerk's dashboard; empty for an id that has no page.
func (f frame) Clerk(id string) string { return f.dashboards.Clerk.clerk(id) }

// Act returns a button that leads to an action, for the part "action". The parameters are names and values in
// turn. A viewer gets none.
func (f frame) Act(name string, parameters ...string) *button {
	if f.Session == nil || !f.Session.Operator() {
		return nil
	}
	return newButton(name, parameters)
}

// Find returns the page that finds an account by what someone has.
func (frame) Find(text string) string { return root + "/accounts?" + url.Values{"q": {text}}.Encode() }

// runTable is a list of runs, for the part "runs".
type runTable struct {
	Runs  []keyRun
	Frame frame
}

// RunList returns runs for the part "runs".
func (f frame) RunList(runs []keyRun) runTable { return runTable{runs, f} }

// With returns the address of this page with other parameters: names and values in turn.
func (f frame) With(parameters ...string) string {
	q := f.query()
	for i := 0; i+1 < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	return f.url.Path + "?" + q.Encode()
}

// option is a choice of a select.
type option struct {
	Value, Text string
	Chosen      bool
}

// Options returns the choices for a parameter, for the part "options": values and texts in turn.
func (f frame) Options(parameter string, pairs ...string) (all []option) {
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, option{pairs[i], pairs[i+1], f.Param(parameter) == pairs[i]})
	}
	return all
}

// Param returns a parameter of this page's address.
func (f frame) Param(name string) string { return f.query().Get(name) }

func (f frame) query() url.Values {
	if f.url == nil {
		return url.Values{}
	}
	return f.url.Query()
}

// stamp is a moment, as the part "time" shows it.
type stamp struct {
	Machine string // RFC 3339, UTC
	Text    string
	Title   string
}

func (c *clock) stamp(t time.Time) stamp {
	if t.IsZero() {
		return stamp{}
	}
	local, layout := t.In(c.zone), "Jan 2, 15:04:05"
	if local.Year() != c.now.In(c.zone).Year() {
		layout = "Jan 2, 2006, 15:04"
	}
	zone := c.zone.String()
	return stamp{t.UTC().Format(time.RFC3339Nano), local.Format(layout),
		local.Format("Monday, January 2, 2006, 15:04:05") +
			" " + zone + " (" + ago(c.now, t) + ")"}
}

func timeOf(t any) time.Time {
	switch t := t.(type) {
	case time.Time:
		return t
	case *time.Time:
		if t != nil {
			return *t
		}
	}
	return time.Time{}
}

// ago writes how far a time is from now, in its largest unit.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d, form := now.Sub(t), "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	if d < time.Second {
		return "now"
	}
	return fmt.Sprintf(form, span(d))
}

// span writes a duration in its largest unit.
func span(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= unit.of {
			return plural(int64(d/unit.of), unit.name, unit.name+"s")
		}
	}
	return plural(d.Milliseconds(), "millisecond", "milliseconds")
}

func took(milliseconds int64) string {
	if milliseconds < 1000 {
		return fmt.Sprintf("%d ms", milliseconds)
	}
	return fmt.Sprintf("%.1f s", float64(milliseconds)/1000)
}

// number writes a number with separators of thousands.
func number[N int | int64](n N) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// path joins parts below /console, each escaped.
func path(parts ...string) string {
	p := root
	for _, part := range parts {
		p += "/" + url.PathEscape(part)
	}
	return p
}

// accountPath is the page of an account that is named kind/id.
func accountPath(account string) string {
	kind, id, _ := strings.Cut(account, "/")
	return path("accounts", kind, id)
}

// subject returns the page of an account, of a key, or of what carries the id; empty if there is none.
func subject(text string) string {
	kind, id, _ := strings.Cut(text, "/")
	switch kind {
	case string(lockstep.User), string(lockstep.Organization):
		return accountPath(text)
	case string(lockstep.KeyCustomer), string(lockstep.KeyCheckout), string(lockstep.KeyPayment):
		return root + "/accounts?" + url.Values{"q": {id}}.Encode()
	case string(lockstep.Stripe), string(lockstep.Clerk):
		return path("events", kind, id)
	case "webhook":
		return path("webhooks", id)
	case "notice":
		return path("notices", id)
	}
	return ""
}

// status returns the class of a badge.
func status(text string) string {
	switch text {
	case "active", "trialing", "done", "delivered", "sent", "ok", "paid":
		return "good"
	case "failed", "undelivered", "unpaid", "refused", "disabled", "problem":
		return "bad"
	case "parked", "retry", "pending", "held", "past_due", "warning", "unknown", "grace", "deleted", "canceled", "paused":
		return "warn"
	}
	return ""
}

// counted is plural for every integer that templates have.
func counted(n any, one, many string) string {
	return plural(reflect.ValueOf(n).Int(), one, many)
}

// object is what Stripe has, with its page in the dashboard.
type object struct{ ID, Href string }

// Object returns an object at Stripe, for the part "object".
func (f frame) Object(id string) object { return object{id, f.Stripe(id)} }
