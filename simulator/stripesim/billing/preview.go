package billing

import (
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Accepted without effect: automatic_tax, customer_details, issuer,
// on_behalf_of. Refused: discounts, invoice_items, schedule, schedule_details.
func (s *Billing) invoicePreviewRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/invoices/create_preview",
			"customer subscription subscription_details currency preview_mode automatic_tax customer_details issuer",
			s.previewInvoice),
	}
}

// previewInvoice shows the next invoice of a subscription, the invoice of a
// change or a cancellation, or the first invoice of a new subscription. It
// stores nothing.
func (s *Billing) previewInvoice(c *api.Call) (api.Object, error) {
	customerID, subscriptionID := c.Text("customer"), c.Text("subscription")
	details := c.Sub("subscription_details").Only("items", "proration_behavior", "proration_date", "trial_end",
		"billing_cycle_anchor",
		"cancel_at", "cancel_at_period_end", "cancel_now", "metadata", "billing_mode")
	if c.Enum("preview_mode", "next", "next", "recurring") == "recurring" {
		c.Fail(api.Malformed("", "preview_mode", "The simulator previews only the next invoice."))
	}
	if customerID == "" && subscriptionID == "" {
		c.Fail(api.MissingParam("customer"))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if customerID != "" {
		if _, err := s.LiveCustomer(customerID, "customer"); err != nil {
			return nil, err
		}
	}
	invoice, err := s.previewOf(customerID, subscriptionID, details)
	if err != nil {
		return nil, err
	}
	return s.ShowInvoice(invoice), nil
}

func (s *Billing) previewOf(customerID, subscriptionID string, details api.Params) (*state.Invoice, error) {
	sub := s.State.Subscriptions.Get(subscriptionID)
	switch {
	case subscriptionID == "" && details.Has("items"):
		return s.previewFirst(customerID, details)
	case subscriptionID == "":
		return s.previewPending(customerID)
	case sub == nil || customerID != "" && sub.Customer != customerID:
		return nil, api.NoSuch("subscription", subscriptionID, "subscription")
	case !sub.Live():
		return nil, api.InvalidCode("invoice_upcoming_none", "", "No upcoming invoices for customer: %s", sub.Customer)
	case details.Boolean("cancel_now", false):
		invoice := s.Plan(sub, "upcoming", nil)
		return s.withProrations(invoice, sub, s.prorate(sub, &state.Subscription{}, s.Now(), true)), nil
	case details.Has("items") || details.Has("trial_end") || details.Has("billing_cycle_anchor"):
		return s.previewChange(sub, details)
	case !sub.CancelAt.IsZero() && !sub.CancelAt.After(sub.PeriodEnd()):
		return nil, api.InvalidCode("invoice_upcoming_none", "", "No upcoming invoices for customer: %s", sub.Customer)
	}
	return s.nextInvoice(sub), nil
}

// previewChange works out a change and shows the invoice that would bill it: at
// once, or at the next renewal.
func (s *Billing) previewChange(sub *state.Subscription, details api.Params) (*state.Invoice, error) {
	to := s.readBilling(details, sub)
	s.readItemChanges(details, &to.next)
	switch {
	case details.Text("trial_end") == "now":
		to.endTrial = sub.Status == "trialing"
	case details.Has("trial_end"):
		to.trial = s.readTrial(details)
	}
	to.restart = details.Enum("billing_cycle_anchor", "unchanged", "now", "unchanged") == "now"
	if failure := details.Failed(); failure != nil {
		return nil, failure
	}
	result := s.foresee(sub, to)
	if !result.invoices {
		invoice := s.nextInvoice(&result.next)
		return s.withProrations(invoice, sub, result.prorations), nil
	}
	invoice := s.Plan(&result.next, "upcoming", result.lines)
	if len(result.prorations) > 0 {
		invoice.ProrationDate = to.at
	}
	return s.withProrations(invoice, sub, result.prorations), nil
}

// withProrations adds unsaved prorations and pending items to a preview.
func (s *Billing) withProrations(invoice *state.Invoice, sub *state.Subscription,
	prorations []state.InvoiceItem) *state.Invoice {
	for n := range prorations {
		prorations[n].ID = s.World.NewID("ii_tmp_1", 23)
		invoice.Lines = slices.Insert(invoice.Lines, 0, s.lineOf(&prorations[n]))
	}
	if invoice.ID != "" { // the next renewal already includes pending items
		return s.preview(invoice, invoice.Created)
	}
	s.includeItems(invoice, s.pendingItems(sub.Customer,
		func(item *state.InvoiceItem) bool { return item.Subscription == sub.ID }))
	return s.preview(invoice, s.Now())
}

// previewFirst shows what a new subscription would charge at once.
func (s *Billing) previewFirst(customerID string, details api.Params) (*state.Invoice, error) {
	items := s.readSubscriptionItems(details, "items", ReadBillingMode(details) == "flexible")
	trial := s.readTrial(details)
	if failure := details.Failed(); failure != nil {
		return nil, failure
	}
	sub := &state.Subscription{Customer: customerID, Currency: items[0].Price.Currency, Status: "active", Anchor: s.Now()}
	for _, item := range items {
		end := state.After(s.Now(), s.Now(), item.Price.Interval, item.Price.Count())
		if trial.After(s.Now()) {
			sub.Status, end = "trialing", trial
		}
		sub.Items = append(sub.Items, state.SubscriptionItem{ID: s.World.NewID("si_tmp_", 14), Price: item.Price.ID,
			Quantity: item.Quantity, PeriodStart: s.Now(), PeriodEnd: end})
	}
	invoice := s.Plan(sub, "upcoming", s.LinesOf(sub))
	s.includeItems(invoice, s.pendingItems(customerID,
		func(item *state.InvoiceItem) bool { return item.Subscription == "" }))
	return s.preview(invoice, s.Now()), nil
}

// previewPending shows a customer's next invoice: the next renewal of a
// subscription, or pending items.
func (s *Billing) previewPending(customerID string) (*state.Invoice, error) {
	var next *state.Subscription
	for _, sub := range s.State.Subscriptions.Of(customerID) {
		ends := !sub.CancelAt.IsZero() && !sub.CancelAt.After(sub.PeriodEnd())
		if sub.Live() && !ends && sub.Status != "incomplete" && sub.Status != "paused" &&
			(next == nil || sub.PeriodEnd().Before(next.PeriodEnd())) {
			next = sub
		}
	}
	if next != nil {
		return s.nextInvoice(next), nil
	}
	items := s.pendingItems(customerID, func(*state.InvoiceItem) bool { return true })
	if len(items) == 0 {
		return nil, api.InvalidCode("invoice_upcoming_none", "", "No upcoming invoices for customer: %s", customerID)
	}
	invoice := &state.Invoice{Customer: customerID, Reason: "upcoming", Currency: items[0].Currency,
		PeriodStart: s.Now(), PeriodEnd: s.Now()}
	s.includeItems(invoice, items)
	return s.preview(invoice, s.Now()), nil
}
