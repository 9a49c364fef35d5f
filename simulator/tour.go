package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// tourView is the data of the guided tour. Whether a step is done follows from the
// objects and the history of the simulator, not from clicks.
type tourView struct {
	page.Frame
	Status    statusView
	Links     Links
	GapScan   time.Duration
	SignUp    string // URL of Clerk's page
	Bought    buying
	Lost      losing
	Ended     ending
	Deleted   deleting
	Done, All int
}

// buying is step 1.
type buying struct{ SignedUp, Paid, Granted bool }

// Done reports whether the step is done.
func (b buying) Done() bool { return b.SignedUp && b.Paid && b.Granted }

// losing is step 2: a lost webhook, and how the service found its event.
type losing struct {
	Armed       bool
	Event, Type string
	At, Found   time.Time
	Console     string // URL of the event
	Entry       uint64 // of the answer that had the event
}

// Lost reports whether a webhook was lost.
func (l losing) Lost() bool { return l.Event != "" }

// Done reports whether the step is done.
func (l losing) Done() bool { return !l.Found.IsZero() }

// After is how many seconds the service took to find the event.
func (l losing) After() float64 { return l.Found.Sub(l.At).Round(time.Second).Seconds() }

// ending is step 3.
type ending struct {
	Canceled, Ended bool
	On              time.Time // when the subscription ends
}

// Done reports whether the step is done.
func (e ending) Done() bool { return e.Ended }

// deleting is step 4.
type deleting struct{ User, Customer bool }

// Done reports whether the step is done.
func (d deleting) Done() bool { return d.User && d.Customer }

var tourTemplate = parsePage("tour.html")

func (s *Simulator) tourPage(w http.ResponseWriter, _ *http.Request) {
	page.Write(w, http.StatusOK, tourTemplate, s.viewTour())
}

func (s *Simulator) viewTour() tourView {
	links := s.config.Links
	view := tourView{Frame: s.frame("Guided tour", tourPath), Status: s.status(tourPath), Links: links,
		GapScan: s.config.Tour.GapScan, SignUp: s.config.ClerkURL + "/sign-up?redirect_url=" + url.QueryEscape(links.App+"/")}
	history := s.history.Entries()
	view.Bought, view.Ended = s.subscriptionSteps(history)
	view.Lost = s.losing(history)
	view.Deleted = s.deleting(history)
	for _, done := range []bool{view.Bought.Done(), view.Lost.Done(), view.Ended.Done(), view.Deleted.Done()} {
		view.All++
		if done {
			view.Done++
		}
	}
	return view
}

// subscriptionSteps looks at steps 1 and 3, which are about a subscription.
func (s *Simulator) subscriptionSteps(history []Entry) (buying, ending) {
	users, customers := s.Users(), s.Customers()
	bought := buying{SignedUp: len(users)+len(customers) > 0}
	var ended ending
	for _, sub := range s.Subscriptions() {
		if strings.HasPrefix(sub.Status, "incomplete") {
			continue
		}
		bought.Paid = true
		if sub.CancelAt.IsZero() {
			continue
		}
		ended.Canceled, ended.On = true, sub.CancelAt
		if !sub.EndedAt.IsZero() && !sub.EndedAt.Before(sub.CancelAt) {
			ended.Ended = true
		}
	}
	for _, user := range users {
		if plan, _ := user.Public["plan"].(string); plan != "" {
			bought.Granted = true
		}
	}
	// After the end of the plan, or of the user, only the history knows.
	for i := range history {
		bought.Granted = bought.Granted || writesPlan(&history[i]) || ended.Ended
	}
	return bought, ended
}

// writesPlan reports whether an entry wrote a user's plan to Clerk.
func writesPlan(e *Entry) bool {
	return e.Side == "clerk" && e.Method == http.MethodPatch && e.Status == http.StatusOK &&
		strings.HasPrefix(e.Path, "/v1/users/") && strings.Contains(e.Request, `"plan":"`)
}

// losing looks at step 2: at the newest lost webhook of Stripe that the service
// has found in Stripe's list of events, or else at the newest lost one.
func (s *Simulator) losing(history []Entry) losing {
	var view losing
	for _, fault := range s.faults.Active() {
		view.Armed = view.Armed || fault.Lose
	}
	for i := range history {
		switch e := &history[i]; {
		case e.Side == "delivery" && e.Provider == "stripe" && strings.HasSuffix(e.Error, "fault: lost"):
			if !view.Lost() || !view.Done() {
				view.Event, view.Type, view.At = e.EventID, e.EventType, e.At
			}
		case view.Lost() && !view.Done() && listsEvent(e, view.Event):
			view.Found, view.Entry = e.At, e.Seq
		}
	}
	if view.Lost() {
		view.Console = s.mention(view.Event).Console
	}
	return view
}

// listsEvent reports whether an entry is an answer of Stripe's list of events that
// has an event.
func listsEvent(e *Entry, event string) bool {
	return e.Side == "stripe" && e.Method == http.MethodGet && e.Status == http.StatusOK &&
		(strings.HasPrefix(e.Path, "/v1/events?") || e.Path == "/v1/events") && wire.Filter{ID: event}.Matches(e)
}

// deleting looks at step 4.
func (s *Simulator) deleting(history []Entry) deleting {
	var view deleting
	for _, customer := range s.Customers() {
		view.Customer = view.Customer || customer.Deleted
	}
	view.User = view.Customer && len(s.Users()) == 0 // the history of an earlier run is gone
	for i := range history {
		view.User = view.User || history[i].EventType == "user.deleted"
	}
	return view
}

// check is one line of what a step needs.
type check struct {
	Done bool
	Text string
}

// Check returns a line for the page.
func (tourView) Check(done bool, text string) check { return check{done, text} }

// Seconds is how often the service looks for lost webhooks.
func (v tourView) Seconds() float64 { return v.GapScan.Seconds() }
