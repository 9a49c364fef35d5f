package billing

import (
	"cmp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// alteration is a change of a running subscription: what it becomes, and how
// the change is billed.
type alteration struct {
	next       state.Subscription // new items have no period yet
	at         time.Time          // from when prorations count
	proration  string             // create_prorations, always_invoice, none
	behaviour  string             // payment_behavior
	offSession bool
	restart    bool // start a new period now
	trial      time.Time
	endTrial   bool                // trial_end=now
	stopTrial  bool                // trial_end=now for a subscription that ends with its trial
	extra      []state.InvoiceItem // add_invoice_items
	discounts  *[]state.Grant      // replaces the current discounts
}

// outcome is what an alteration will do. It is worked out before anything
// changes.
type outcome struct {
	next       state.Subscription
	prorations []state.InvoiceItem
	lines      []state.InvoiceLine
	begins     bool // a new period starts now
	invoices   bool // an invoice is made now
}

// foresee works out what an alteration will do.
func (s *Billing) foresee(sub *state.Subscription, to alteration) outcome {
	result := outcome{next: to.next, prorations: slices.Clone(to.extra)}
	next := &result.next
	runs := slices.Contains([]string{"active", "past_due", "unpaid"}, sub.Status)
	trial := to.trial.After(s.Now())
	result.begins = to.endTrial && sub.Status == "trialing" || runs && !trial &&
		(to.restart || s.intervalChanges(sub, next) || s.worth(sub.Items) == 0 && s.worth(next.Items) > 0)
	s.alignNew(next, sub)
	if runs && to.proration != "none" {
		result.prorations = append(result.prorations, s.prorate(sub, next, to.at, result.begins || trial)...)
	}
	if result.begins {
		if next.Status == "trialing" {
			next.Status, next.TrialEnd = "active", s.Now()
		}
		next.Anchor, next.AnchorConfig = s.Now(), nil
		for i := range next.Items {
			price := s.State.Prices.Get(next.Items[i].Price)
			next.Items[i].PeriodStart, next.Items[i].PeriodEnd = s.Now(), state.After(next.Anchor, s.Now(), price.Interval,
				price.Count())
		}
		result.lines = s.LinesOf(next)
	}
	result.invoices = result.begins || trial && runs || runs && to.proration == "always_invoice" &&
		len(result.prorations) > 0
	return result
}

// worth returns what items cost in a whole period.
func (s *Billing) worth(items []state.SubscriptionItem) int64 {
	var sum int64
	for _, item := range items {
		sum += s.State.Prices.Get(item.Price).Amount * item.Quantity
	}
	return sum
}

// intervalChanges reports whether a kept item gets another interval, or none of
// the old intervals remain.
func (s *Billing) intervalChanges(from, to *state.Subscription) bool {
	kept := false
	for _, item := range to.Items {
		price := s.State.Prices.Get(item.Price)
		for _, old := range from.Items {
			was := s.State.Prices.Get(old.Price)
			same := was.Interval == price.Interval && was.Count() == price.Count()
			if old.ID == item.ID && !same {
				return true
			}
			kept = kept || same
		}
	}
	return !kept
}

// alignNew gives each new item a period: that of an item with the same
// interval, or else the one the anchor defines. In a trial it is the trial.
func (s *Billing) alignNew(next, from *state.Subscription) {
	for i := range next.Items {
		item := &next.Items[i]
		if !item.PeriodEnd.IsZero() {
			continue
		}
		price := s.State.Prices.Get(item.Price)
		item.PeriodStart, item.PeriodEnd = s.Now(), state.After(next.Anchor, s.Now(), price.Interval, price.Count())
		for _, other := range from.Items {
			was := s.State.Prices.Get(other.Price)
			if next.Status == "trialing" || was.Interval == price.Interval && was.Count() == price.Count() {
				item.PeriodStart, item.PeriodEnd = other.PeriodStart, other.PeriodEnd
				break
			}
		}
	}
}

// alter changes a subscription and bills the change. Events come in causal
// order: the prorations, the subscription, its invoice, the payment.
func (s *Billing) alter(sub *state.Subscription, to alteration) *api.Error {
	if sub.Status == "trialing" && to.trial.Equal(sub.TrialEnd) {
		to.trial = time.Time{} // unchanged
	}
	result := s.foresee(sub, to)
	if failure := s.refuseUnpaid(sub, to, result); failure != nil {
		return failure
	}
	if result.invoices && to.behaviour == "pending_if_incomplete" {
		return s.alterWhenPaid(sub, to, result)
	}
	s.addProrations(result.prorations)
	before := s.ShowSubscription(sub)
	s.settleInto(sub, to, result)
	var invoice *state.Invoice
	if result.invoices {
		invoice = s.updateInvoiceOf(sub, to, result)
		sub.LatestInvoice = invoice.ID
	}
	s.Events.EmitUpdate("customer.subscription.updated", before, s.ShowSubscription(sub))
	if invoice != nil {
		s.EmitCreated(invoice)
		s.collect(sub, invoice, to)
	}
	s.Catalog.RefreshEntitlements(sub.Customer)
	return nil
}

// settleInto applies the outcome of an alteration to its subscription.
func (s *Billing) settleInto(sub *state.Subscription, to alteration, result outcome) {
	*sub = result.next
	s.indexItems(sub)
	if to.discounts != nil {
		s.Discounts.DiscountSubscription(sub, *to.discounts)
	}
	switch {
	case to.trial.After(s.Now()):
		s.beginTrial(sub, to.trial)
	case result.begins:
		s.beginPeriod(sub, s.Now())
	default:
		for _, item := range sub.Items {
			s.At(item.PeriodEnd, account.TimerPeriod, sub.ID) // a new item's period may end at its own time
		}
		sub.Features = s.Catalog.FeaturesOf(sub.Items)
	}
}

// updateInvoiceOf drafts the invoice of an alteration.
func (s *Billing) updateInvoiceOf(sub *state.Subscription, to alteration, result outcome) *state.Invoice {
	lines := result.lines
	if to.trial.After(s.Now()) {
		lines = s.LinesOf(sub)
	}
	reason := "subscription_update"
	if to.endTrial {
		reason = "subscription_cycle"
	}
	invoice := s.draft(sub, reason, lines)
	if len(result.prorations) > 0 {
		invoice.ProrationDate = to.at
	}
	return invoice
}

// collect asks for the money of an alteration's invoice.
func (s *Billing) collect(sub *state.Subscription, invoice *state.Invoice, to alteration) {
	if invoice.Sent() && invoice.Total() > 0 {
		s.scheduleFinalization(invoice)
		return
	}
	s.finalize(invoice)
	method := s.methodOf(invoice)
	switch {
	case invoice.Due == 0:
		s.invoicePaid(invoice)
	case to.behaviour == "default_incomplete":
		s.openPayment(invoice)
		if sub.Status == "active" {
			s.ChangeSubscription(sub, func() { sub.Status = "past_due" })
		}
	case method == nil:
		s.attemptFailed(invoice)
	default:
		_ = s.attempt(invoice, method, to.offSession, s.attemptFailed) // the events report the outcome
	}
}

// refuseUnpaid returns the error of an alteration with error_if_incomplete
// whose payment would fail now, or nil.
func (s *Billing) refuseUnpaid(sub *state.Subscription, to alteration, result outcome) *api.Error {
	if !result.invoices || to.behaviour != "error_if_incomplete" || result.next.CollectionMethod == "send_invoice" {
		return nil
	}
	due := s.State.Customers.Get(sub.Customer).Balance
	for _, line := range result.lines {
		due += line.Amount
	}
	for _, item := range result.prorations {
		due += item.Amount
	}
	method := cmp.Or(s.State.PaymentMethods.Get(result.next.DefaultPaymentMethod), s.MethodFor(sub))
	switch {
	case due <= 0:
		return nil
	case method == nil:
		return api.InvalidCode("resource_missing", "", "This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
	}
	return method.Foresee(to.offSession)
}
