package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

const shownObjects = 50

// objectsView is the data of the page of objects: the newest of each kind.
type objectsView struct {
	page.Frame
	Status        statusView
	Subscriptions []subscriptionRow
	Customers     []customerRow
	Users         []userRow
	Organizations []userRow
	Checkouts     []checkoutRow
	Invoices      []checkoutRow
}

type customerRow struct {
	ID, Name, Email string
	Deleted         bool
	Metadata        map[string]string
}

type subscriptionRow struct {
	ID, Customer, Status, Tone string
	Until, Ends                time.Time
}

type userRow struct{ ID, Name, Email, Metadata, Page string }

// checkoutRow is a checkout session or an invoice, with its hosted page.
type checkoutRow struct{ ID, Customer, Status, Page string }

var objectsTemplate = parsePage("objects.html")

func (s *Simulator) objectsPage(w http.ResponseWriter, _ *http.Request) {
	view := objectsView{Frame: s.frame("Objects", objectsPath), Status: s.status(objectsPath)}
	s.viewStripe(&view)
	for _, user := range newest(s.Users()) {
		view.Users = append(view.Users, userRow{ID: user.ID, Name: joined(user.FirstName, user.LastName), Email: user.Email,
			Metadata: compact(user.Public)})
	}
	for _, organization := range newest(s.Organizations()) {
		view.Organizations = append(view.Organizations, userRow{ID: organization.ID, Name: organization.Name,
			Metadata: compact(organization.Public), Page: s.config.ClerkURL + "/organization/" + organization.ID})
	}
	page.Write(w, http.StatusOK, objectsTemplate, view)
}

func (s *Simulator) viewStripe(view *objectsView) {
	for _, sub := range newest(s.Subscriptions()) {
		view.Subscriptions = append(view.Subscriptions, subscriptionRow{ID: sub.ID, Customer: sub.Customer,
			Status: sub.Status, Tone: toneOf(sub.Status), Until: sub.PeriodEnd(), Ends: sub.CancelAt})
	}
	for _, customer := range newest(s.Customers()) {
		view.Customers = append(view.Customers, customerRow{ID: customer.ID, Name: customer.Name, Email: customer.Email,
			Deleted: customer.Deleted, Metadata: customer.Metadata})
	}
	for _, session := range newest(s.CheckoutSessions()) {
		row := checkoutRow{ID: session.ID, Customer: session.Customer, Status: session.Status}
		if session.Status == "open" {
			row.Page = s.config.StripeURL + "/c/pay/" + session.ID
		}
		view.Checkouts = append(view.Checkouts, row)
	}
	for _, invoice := range newest(s.Invoices()) {
		row := checkoutRow{ID: invoice.ID, Customer: invoice.Customer, Status: invoice.Status}
		if invoice.Status != "draft" {
			row.Page = s.config.StripeURL + "/i/" + invoice.ID
		}
		view.Invoices = append(view.Invoices, row)
	}
}

// toneOf is the color of a subscription's status.
func toneOf(status string) string {
	switch status {
	case "active", "trialing":
		return "good"
	case "past_due", "unpaid", "incomplete", "paused":
		return "warn"
	}
	return ""
}

func joined(first, last string) string {
	if first == "" || last == "" {
		return first + last
	}
	return first + " " + last
}

func newest[T any](oldestFirst []T) []T {
	last := slices.Clone(oldestFirst[max(0, len(oldestFirst)-shownObjects):])
	slices.Reverse(last)
	return last
}

func compact(metadata map[string]any) string {
	if len(metadata) == 0 {
		return ""
	}
	text, err := json.Marshal(metadata)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
