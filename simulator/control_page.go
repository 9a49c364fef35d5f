package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/page"
)

const (
	shownObjects = 50
	shownHistory = 100
)

// controlView is the data of the control page.
type controlView struct {
	page.Frame
	Now           string
	Ahead         string // "": the billing clock is this machine's clock
	PortalSaved   bool
	Customers     []customerRow
	Subscriptions []subscriptionRow
	Users         []userRow
	Organizations []userRow
	Waiting       []delivery.Waiting
	Pending       int
	Faults        []Fault
	Policy        DeliveryPolicy
	Filter        string // of the history
	History       []Entry
}

type customerRow struct {
	ID, Email string
	Deleted   bool
	Metadata  map[string]string
}

type subscriptionRow struct{ ID, Customer, Status, Until, Ends string }

type userRow struct{ ID, Name, Metadata string }

var controlTemplate = page.Parse(`
<h1>Simulator controls</h1>
<section class="card">
<h2>Billing clock</h2>
<p id="now"><strong>{{.Now}}</strong>{{if .Ahead}} <span class="soft">{{.Ahead}} ahead of this machine's clock</span>{{end}}</p>
<div class="actions">
<form method="post" action="/_sim/advance"><button class="quiet" name="seconds" value="3600">Advance 1 hour</button></form>
<form method="post" action="/_sim/advance"><button class="quiet" name="seconds" value="86400">Advance 1 day</button></form>
<form method="post" action="/_sim/advance"><button class="quiet" name="seconds" value="2678400">Advance 31 days</button></form>
</div>
</section>
{{if not .PortalSaved}}<section class="card">
<h2>Customer portal</h2>
<p class="soft" id="portal">The portal settings are not saved yet, so a portal session must name a configuration.</p>
<form method="post" action="/_sim/portal"><button class="quiet" name="page" value="yes">Save portal settings</button></form>
</section>{{end}}
<section class="card scroll"><h2>Subscriptions</h2>
<table id="subscriptions"><tr><th>Subscription</th><th>Customer</th><th>Status</th><th>Period ends</th><th>Cancels on</th></tr>
{{range .Subscriptions}}<tr><td>{{.ID}}</td><td>{{.Customer}}</td><td>{{.Status}}</td><td>{{.Until}}</td><td>{{.Ends}}</td></tr>{{else}}<tr><td colspan="5">None</td></tr>{{end}}</table></section>
<section class="card scroll"><h2>Customers</h2>
<table id="customers"><tr><th>Customer</th><th>E-mail</th><th>Metadata</th></tr>
{{range .Customers}}<tr><td>{{.ID}}{{if .Deleted}} <span class="status bad">deleted</span>{{end}}</td><td>{{.Email}}</td><td class="long">{{range $k, $v := .Metadata}}<code>{{$k}}={{$v}}</code> {{end}}</td></tr>{{else}}<tr><td colspan="3">None</td></tr>{{end}}</table></section>
<section class="card scroll"><h2>Users and organizations</h2>
<table id="users"><tr><th>ID</th><th>Name</th><th>Public metadata</th></tr>
{{range .Users}}<tr><td>{{.ID}}</td><td>{{.Name}}</td><td class="long"><code>{{.Metadata}}</code></td></tr>{{end}}
{{range .Organizations}}<tr><td>{{.ID}}</td><td>{{.Name}}</td><td class="long"><code>{{.Metadata}}</code></td></tr>{{end}}</table></section>
<section class="card scroll"><h2>Deliveries: {{.Pending}} pending</h2>
<p class="soft">Drop {{.Policy.Drop}} · Duplicate {{.Policy.Duplicate}} · Twin {{.Policy.Twin}} · Shuffle {{.Policy.Shuffle}} · Delay up to {{.Policy.MaxDelay}}{{with .Policy.Order}} · Order {{.}}{{end}}{{if .Policy.Hold}} · <strong>On hold</strong>{{end}}</p>
<table id="waiting"><tr><th>Message</th><th>Type</th><th>Endpoint</th><th>Attempts</th><th>Last result</th><th>Due in</th></tr>
{{range .Waiting}}<tr><td>{{.Message}}</td><td>{{.Type}}</td><td>{{.URL}}</td><td>{{.Attempts}}</td><td>{{.Last}}</td><td>{{if .Held}}held{{else}}{{.DueIn}}{{end}}</td></tr>{{else}}<tr><td colspan="6">None</td></tr>{{end}}</table></section>
{{with .Faults}}<section class="card scroll"><h2>Faults</h2><ul class="rows">{{range .}}<li><code>{{.}}</code></li>{{end}}</ul></section>{{end}}
<section class="card scroll"><h2>History, newest first</h2>
<form method="get" action="/_sim#history" role="search"><label for="q">Show entries that contain</label> <input id="q" name="q" value="{{.Filter}}"><p><button class="quiet">Filter</button></p></form>
<table id="history"><tr><th>#</th><th>Time</th><th>Side</th><th>Request</th><th>Status</th><th>Event</th><th>Fault</th></tr>
{{range .History}}<tr><td>{{.Seq}}</td><td>{{.At.Format "15:04:05.000"}}</td><td>{{.Side}}</td><td class="long">{{.Method}} {{.Path}}</td><td>{{if .Status}}{{.Status}}{{else}}–{{end}}</td><td>{{.EventType}}{{if gt .Attempt 1}} (attempt {{.Attempt}}){{end}}</td><td>{{.Fault}}</td></tr>{{end}}</table>
<p><a href="/_sim/history{{with .Filter}}?q={{.}}{{end}}">Download as JSON lines</a> · <a href="/_sim/state">Download the state (with secrets)</a></p></section>`)

func (s *Simulator) controlPage(w http.ResponseWriter, r *http.Request) {
	page.Write(w, http.StatusOK, controlTemplate, s.viewControls(r.URL.Query().Get("q")))
}

// viewControls shows the newest objects of each kind.
func (s *Simulator) viewControls(filter string) controlView {
	now := s.Now()
	view := controlView{Frame: page.Frame{Title: "Controls", Wide: true}, Now: now.Format("Monday, January 2, 2006, 15:04:05 MST"),
		Ahead: ahead(time.Until(now)), Faults: s.faults.Active(), Filter: filter}
	view.History = s.history.NewestWith(filter, shownHistory)
	for _, customer := range newest(s.Customers()) {
		view.Customers = append(view.Customers, customerRow{ID: customer.ID, Email: customer.Email,
			Deleted: customer.Deleted, Metadata: customer.Metadata})
	}
	for _, sub := range newest(s.Subscriptions()) {
		view.Subscriptions = append(view.Subscriptions, subscriptionRow{ID: sub.ID, Customer: sub.Customer,
			Status: sub.Status,
			Until:  date(sub.PeriodEnd()), Ends: date(sub.CancelAt)})
	}
	for _, user := range newest(s.Users()) {
		view.Users = append(view.Users, userRow{ID: user.ID, Name: user.Email, Metadata: compact(user.Public)})
	}
	for _, organization := range newest(s.Organizations()) {
		view.Organizations = append(view.Organizations, userRow{ID: organization.ID, Name: organization.Name,
			Metadata: compact(organization.Public)})
	}
	view.PortalSaved = s.stripe.PortalSaved()
	s.world.View(func() {
		view.Waiting, view.Pending, view.Policy = s.outbox.Waiting(shownObjects), s.outbox.Pending(), s.outbox.Policy()
	})
	return view
}

// ahead writes a duration in words, to the second. It is "" for none.
func ahead(d time.Duration) string {
	d = d.Round(time.Second)
	days := d / (24 * time.Hour)
	rest := d % (24 * time.Hour)
	switch {
	case d == 0:
		return ""
	case days == 0:
		return rest.String()
	case rest == 0:
		return fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%d days and %s", days, rest)
}

func newest[T any](oldestFirst []T) []T {
	last := slices.Clone(oldestFirst[max(0, len(oldestFirst)-shownObjects):])
	slices.Reverse(last)
	return last
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04")
}

func compact(metadata map[string]any) string {
	text, err := json.Marshal(metadata)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
