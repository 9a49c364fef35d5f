package stripesim

import (
	"net/http"
	"slices"
)

// Accepted and without effect: automatic_tax, customer_details, issuer,
// on_behalf_of (they move no amount here). Left out: discounts, invoice_items,
// schedule, schedule_details.
func (s *Stripe) invoicePreviewRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/invoices/create_preview",
			"customer subscription subscription_details currency preview_mode automatic_tax customer_details issuer",
			s.previewInvoice),
	}
}

// previewInvoice shows the next invoice of a subscription, the one that a change
// of it or its cancellation would make, or the first one of a new subscription.
// Nothing is stored.
func (s *Stripe) previewInvoice(c *call) (object, error) {
	customerID, subscriptionID := c.text("customer"), c.text("subscription")
	details := c.sub("subscription_details").only("items", "proration_behavior", "proration_date", "trial_end",
		"billing_cycle_anchor",
		"cancel_at", "cancel_at_period_end", "cancel_now", "metadata", "billing_mode")
	if c.enum("preview_mode", "next", "next", "recurring") == "recurring" {
		c.fail(malformed("", "preview_mode", "The simulator previews only the next invoice."))
	}
	if customerID == "" && subscriptionID == "" {
		c.fail(missingParam("customer"))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if customerID != "" {
		if _, err := s.liveCustomer(customerID, "customer"); err != nil {
			return nil, err
		}
	}
	invoice, err := s.previewOf(customerID, subscriptionID, details)
	if err != nil {
		return nil, err
	}
	return s.showInvoice(invoice), nil
}

func (s *Stripe) previewOf(customerID, subscriptionID string, details params) (*Invoice, error) {
	sub := s.state.Subscriptions.Get(subscriptionID)
	switch {
	case subscriptionID == "" && details.has("items"):
		return s.previewFirst(customerID, details)
	case subscriptionID == "":
		return s.previewPending(customerID)
	case sub == nil || customerID != "" && sub.Customer != customerID:
		return nil, noSuch("subscription", subscriptionID, "subscription")
	case !sub.live():
		return nil, invalidCode("invoice_upcoming_none", "", "No upcoming invoices for customer: %s", sub.Customer)
	case details.boolean("cancel_now", false):
		invoice := s.plan(sub, "upcoming", nil)
		return s.withProrations(invoice, sub, s.prorate(sub, &Subscription{}, s.now(), true)), nil
	case details.has("items") || details.has("trial_end") || details.has("billing_cycle_anchor"):
		return s.previewChange(sub, details)
	case !sub.CancelAt.IsZero() && !sub.CancelAt.After(sub.PeriodEnd()):
		return nil, invalidCode("invoice_upcoming_none", "", "No upcoming invoices for customer: %s", sub.Customer)
	}
	return s.nextInvoice(sub), nil
}

// previewChange works a change out and shows the invoice on which it would be
// billed: at once, or with the next renewal.
func (s *Stripe) previewChange(sub *Subscription, details params) (*Invoice, error) {
	to := s.readBilling(details, sub)
	s.readItemChanges(details, &to.next)
	switch {
	case details.text("trial_end") == "now":
		to.endTrial = sub.Status == "trialing"
	case details.has("trial_end"):
		to.trial = s.readTrial(details)
	}
	to.restart = details.enum("billing_cycle_anchor", "unchanged", "now", "unchanged") == "now"
	if failure := details.failed(); failure != nil {
		return nil, failure
	}
	result := s.foresee(sub, to)
	if !result.invoices {
		invoice := s.nextInvoice(&result.next)
		return s.withProrations(invoice, sub, result.prorations), nil
	}
	invoice := s.plan(&result.next, "upcoming", result.lines)
	if len(result.prorations) > 0 {
		invoice.ProrationDate = to.at
	}
	return s.withProrations(invoice, sub, result.prorations), nil
}

// withProrations puts prorations that are not stored, and what is pending, on a preview.
func (s *Stripe) withProrations(invoice *Invoice, sub *Subscription, prorations []InvoiceItem) *Invoice {
	for n := range prorations {
		prorations[n].ID = s.world.NewID("ii_tmp_1", 23)
		invoice.Lines = slices.Insert(invoice.Lines, 0, s.lineOf(&prorations[n]))
	}
	if invoice.ID != "" { // the next renewal's: what is pending is on it
		return s.preview(invoice, invoice.Created)
	}
	s.takeUp(invoice, s.pendingItems(sub.Customer, func(item *InvoiceItem) bool { return item.Subscription == sub.ID }))
	return s.preview(invoice, s.now())
}

// previewFirst shows what a new subscription would ask for at once.
func (s *Stripe) previewFirst(customerID string, details params) (*Invoice, error) {
	items := s.readSubscriptionItems(details, "items", readBillingMode(details) == "flexible")
	trial := s.readTrial(details)
	if failure := details.failed(); failure != nil {
		return nil, failure
	}
	sub := &Subscription{Customer: customerID, Currency: items[0].price.Currency, Status: "active", Anchor: s.now()}
	for _, item := range items {
		end := after(s.now(), s.now(), item.price.Interval, item.price.count())
		if trial.After(s.now()) {
			sub.Status, end = "trialing", trial
		}
		sub.Items = append(sub.Items, SubscriptionItem{ID: s.world.NewID("si_tmp_", 14), Price: item.price.ID,
			Quantity: item.quantity, PeriodStart: s.now(), PeriodEnd: end})
	}
	invoice := s.plan(sub, "upcoming", s.linesOf(sub))
	s.takeUp(invoice, s.pendingItems(customerID, func(item *InvoiceItem) bool { return item.Subscription == "" }))
	return s.preview(invoice, s.now()), nil
}

// previewPending shows what waits for a customer: the next renewal of a
// subscription, or items by hand.
func (s *Stripe) previewPending(customerID string) (*Invoice, error) {
	var next *Subscription
	for _, sub := range s.state.Subscriptions.Of(customerID) {
		ends := !sub.CancelAt.IsZero() && !sub.CancelAt.After(sub.PeriodEnd())
		if sub.live() && !ends && sub.Status != "incomplete" && sub.Status != "paused" &&
			(next == nil || sub.PeriodEnd().Before(next.PeriodEnd())) {
			next = sub
		}
	}
	if next != nil {
		return s.nextInvoice(next), nil
	}
	items := s.pendingItems(customerID, func(*InvoiceItem) bool { return true })
	if len(items) == 0 {
		return nil, invalidCode("invoice_upcoming_none", "", "No upcoming invoices for customer: %s", customerID)
	}
	invoice := &Invoice{Customer: customerID, Reason: "upcoming", Currency: items[0].Currency, PeriodStart: s.now(),
		PeriodEnd: s.now()}
	s.takeUp(invoice, items)
	return s.preview(invoice, s.now()), nil
}
