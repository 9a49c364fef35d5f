package simulator

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/internal/look"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/page"
)

// The pages of the controls.
const (
	controlsPath = "/_sim"
	sequencePath = "/_sim/sequence"
	objectsPath  = "/_sim/objects"
	tourPath     = "/_sim/tour"
	scriptPath   = "/_sim/live.js"
)

const shownWaiting = 50

//go:embed pages
var files embed.FS

// parsePage returns the template of a page, from its file and the parts that pages
// share.
func parsePage(name string) *template.Template {
	return page.Parse(file(name), file("status.html"), file("entry.html"), file("steps.html"))
}

func file(name string) string {
	text, err := files.ReadFile("pages/" + name)
	if err != nil {
		panic("simulator: " + err.Error()) // a misspelt name in this package
	}
	return string(text)
}

var controlsTemplate = parsePage("controls.html")

func (s *Simulator) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim", s.controlPage)
	mux.HandleFunc("GET "+sequencePath, s.sequencePage)
	mux.HandleFunc("GET "+sequencePath+"/live", s.sequenceLive)
	mux.HandleFunc("GET "+sequencePath+"/{seq}", s.entryPage)
	mux.HandleFunc("GET "+objectsPath, s.objectsPage)
	mux.HandleFunc("GET /_sim/live/{part}", s.partLive)
	if s.config.Tour != nil {
		mux.HandleFunc("GET "+tourPath, s.tourPage)
	}
	asset := func(path, kind, text string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write([]byte(text)) // fails only if the browser has gone
		})
	}
	asset(scriptPath, "text/javascript; charset=utf-8", file("live.js"))
	asset("/_sim/icon.svg", "image/svg+xml", look.Icon)
}

// controlsView is the data of the page with the controls.
type controlsView struct {
	page.Frame
	Problem     string
	Status      statusView
	Clock       clockView
	PortalSaved bool
	Deliveries  deliveriesView
}

// clockView is the billing clock.
type clockView struct{ Now, Ahead string }

// deliveriesView is the delivery policy as the form shows it, and the queue.
type deliveriesView struct {
	Sliders []slider
	Held    bool
	Pending int
	Waiting []delivery.Waiting
}

// slider is one range of the form.
type slider struct {
	Name, Label, Unit string
	Value, Most, Step float64
}

// controlPage shows the controls. With q, it leads to the sequence, where the
// history is.
func (s *Simulator) controlPage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("q") {
		http.Redirect(w, r, sequencePath+"?"+r.URL.RawQuery, http.StatusSeeOther)
		return
	}
	s.writeControls(w, http.StatusOK, "")
}

func (s *Simulator) writeControls(w http.ResponseWriter, status int, problem string) {
	page.Write(w, status, controlsTemplate, controlsView{Frame: s.frame("Controls", controlsPath), Problem: problem,
		Status: s.status(controlsPath), Clock: s.clock(), PortalSaved: s.stripe.PortalSaved(), Deliveries: s.deliveries()})
}

func (s *Simulator) clock() clockView {
	now := s.Now()
	return clockView{Now: now.Format("Monday, January 2, 2006, 15:04:05 MST"), Ahead: ahead(time.Until(now))}
}

func (s *Simulator) deliveries() deliveriesView {
	var view deliveriesView
	var policy DeliveryPolicy
	s.world.View(func() {
		policy = s.outbox.Policy()
		view.Waiting, view.Pending = s.outbox.Waiting(shownWaiting), s.outbox.Pending()
	})
	view.Held = policy.Hold
	view.Sliders = []slider{
		{Name: "drop", Label: "Lose, at random", Unit: "%", Value: 100 * policy.Drop, Most: 100, Step: 5},
		{Name: "duplicate", Label: "Deliver twice", Unit: "%", Value: 100 * policy.Duplicate, Most: 100, Step: 5},
		{Name: "shuffle", Label: "Shuffle the order", Unit: "%", Value: 100 * policy.Shuffle, Most: 100, Step: 5},
		{Name: "delay", Label: "Delay by up to", Unit: "s", Value: policy.MaxDelay.Seconds(), Most: 60, Step: 1},
	}
	for i := range view.Sliders { // a policy set as JSON may be finer or longer than the form offers
		shown := &view.Sliders[i]
		shown.Most = max(shown.Most, shown.Value)
		if steps := shown.Value / shown.Step; steps != float64(int(steps)) {
			shown.Step = 0
		}
	}
	return view
}

// StepText is the step attribute; any for a value between steps.
func (s slider) StepText() string {
	if s.Step == 0 {
		return "any"
	}
	return fmt.Sprint(s.Step)
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
