package stripesim

import (
	"cmp"
	"slices"
	"time"
)

// alteration is a change of a running subscription: what it shall be, and how
// that is billed.
type alteration struct {
	next       Subscription // new items have no period yet
	at         time.Time    // when it counts as made, for prorations
	proration  string       // create_prorations, always_invoice, none
	behaviour  string       // payment_behavior
	offSession bool
	restart    bool // a new period begins now
	trial      time.Time
	endTrial   bool          // trial_end=now
	stopTrial  bool          // the same where the subscription does not go on after it
	extra      []InvoiceItem // add_invoice_items
	discounts  *[]grant      // in the place of those it has
}

// outcome is what an alteration will do, found out before anything is changed.
type outcome struct {
	next       Subscription
	prorations []InvoiceItem
	lines      []InvoiceLine
	begins     bool // a new period, now
	invoices   bool // now
}

// foresee works an alteration out.
func (s *Stripe) foresee(sub *Subscription, to alteration) outcome {
	result := outcome{next: to.next, prorations: slices.Clone(to.extra)}
	next := &result.next
	runs := slices.Contains([]string{"active", "past_due", "unpaid"}, sub.Status)
	trial := to.trial.After(s.now())
	result.begins = to.endTrial && sub.Status == "trialing" || runs && !trial &&
		(to.restart || s.intervalChanges(sub, next) || s.worth(sub.Items) == 0 && s.worth(next.Items) > 0)
	s.alignNew(next, sub)
	if runs && to.proration != "none" {
		result.prorations = append(result.prorations, s.prorate(sub, next, to.at, result.begins || trial)...)
	}
	if result.begins {
		if next.Status == "trialing" {
			next.Status, next.TrialEnd = "active", s.now()
		}
		next.Anchor, next.AnchorConfig = s.now(), nil
		for i := range next.Items {
			price := s.state.Prices.Get(next.Items[i].Price)
			next.Items[i].PeriodStart, next.Items[i].PeriodEnd = s.now(), after(next.Anchor, s.now(), price.Interval,
				price.count())
		}
		result.lines = s.linesOf(next)
	}
	result.invoices = result.begins || trial && runs || runs && to.proration == "always_invoice" &&
		len(result.prorations) > 0
	return result
}

// worth is what items cost in a whole period.
func (s *Stripe) worth(items []SubscriptionItem) int64 {
	var sum int64
	for _, item := range items {
		sum += s.state.Prices.Get(item.Price).Amount * item.Quantity
	}
	return sum
}

// intervalChanges says whether an item that stays has another interval than
// before, or nothing of the old intervals is left.
func (s *Stripe) intervalChanges(from, to *Subscription) bool {
	kept := false
	for _, item := range to.Items {
		price := s.state.Prices.Get(item.Price)
		for _, old := range from.Items {
			was := s.state.Prices.Get(old.Price)
			same := was.Interval == price.Interval && was.count() == price.count()
			if old.ID == item.ID && !same {
				return true
			}
			kept = kept || same
		}
	}
	return !kept
}

// alignNew gives new items the period of those with the same interval, or the
// one that the anchor makes; in a trial, the trial.
func (s *Stripe) alignNew(next, from *Subscription) {
	for i := range next.Items {
		item := &next.Items[i]
		if !item.PeriodEnd.IsZero() {
			continue
		}
		price := s.state.Prices.Get(item.Price)
		item.PeriodStart, item.PeriodEnd = s.now(), after(next.Anchor, s.now(), price.Interval, price.count())
		for _, other := range from.Items {
			was := s.state.Prices.Get(other.Price)
			if next.Status == "trialing" || was.Interval == price.Interval && was.count() == price.count() {
				item.PeriodStart, item.PeriodEnd = other.PeriodStart, other.PeriodEnd
				break
			}
		}
	}
}

// alter changes a subscription and bills the change. The events come in causal
// order: the prorations, the subscription, its invoice, the payment.
func (s *Stripe) alter(sub *Subscription, to alteration) *Error {
	if sub.Status == "trialing" && to.trial.Equal(sub.TrialEnd) {
		to.trial = time.Time{} // it is what it was
	}
	result := s.foresee(sub, to)
	if failure := s.refuseUnpaid(sub, to, result); failure != nil {
		return failure
	}
	if result.invoices && to.behaviour == "pending_if_incomplete" {
		return s.alterWhenPaid(sub, to, result)
	}
	s.addProrations(result.prorations)
	before := s.showSubscription(sub)
	s.settleInto(sub, to, result)
	var invoice *Invoice
	if result.invoices {
		invoice = s.updateInvoiceOf(sub, to, result)
		sub.LatestInvoice = invoice.ID
	}
	s.emitUpdate("customer.subscription.updated", before, s.showSubscription(sub))
	if invoice != nil {
		s.emitCreated(invoice)
		s.collect(sub, invoice, to)
	}
	s.refreshEntitlements(sub.Customer)
	return nil
}

// settleInto makes a subscription what an alteration found out.
func (s *Stripe) settleInto(sub *Subscription, to alteration, result outcome) {
	*sub = result.next
	s.indexItems(sub)
	if to.discounts != nil {
		s.discountSubscription(sub, *to.discounts)
	}
	switch {
	case to.trial.After(s.now()):
		s.beginTrial(sub, to.trial)
	case result.begins:
		s.beginPeriod(sub, s.now())
	default:
		for _, item := range sub.Items {
			s.at(item.PeriodEnd, timerPeriod, sub.ID) // a new item's period may end at a time of its own
		}
		sub.Features = s.featuresOf(sub.Items)
	}
}

// updateInvoiceOf drafts the invoice of an alteration.
func (s *Stripe) updateInvoiceOf(sub *Subscription, to alteration, result outcome) *Invoice {
	lines := result.lines
	if to.trial.After(s.now()) {
		lines = s.linesOf(sub)
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
func (s *Stripe) collect(sub *Subscription, invoice *Invoice, to alteration) {
	if invoice.sent() && invoice.Total() > 0 {
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
			s.changeSubscription(sub, func() { sub.Status = "past_due" })
		}
	case method == nil:
		s.attemptFailed(invoice)
	default:
		_ = s.attempt(invoice, method, to.offSession, s.attemptFailed) // the outcome is in the events
	}
}

// refuseUnpaid says no to an alteration with error_if_incomplete that could not
// be paid at once.
func (s *Stripe) refuseUnpaid(sub *Subscription, to alteration, result outcome) *Error {
	if !result.invoices || to.behaviour != "error_if_incomplete" || result.next.CollectionMethod == "send_invoice" {
		return nil
	}
	due := s.state.Customers.Get(sub.Customer).Balance
	for _, line := range result.lines {
		due += line.Amount
	}
	for _, item := range result.prorations {
		due += item.Amount
	}
	method := cmp.Or(s.state.PaymentMethods.Get(result.next.DefaultPaymentMethod), s.methodFor(sub))
	switch {
	case due <= 0:
		return nil
	case method == nil:
		return invalidCode("resource_missing", "", "This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
	}
	return method.foresee(to.offSession)
}
