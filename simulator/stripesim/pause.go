package stripesim

import "time"

// pause stops a subscription whose trial ended without a payment method.
func (s *Stripe) pause(sub *Subscription) {
	before := s.showSubscription(sub)
	sub.Status = "paused"
	after := s.showSubscription(sub)
	s.emit("customer.subscription.paused", after, nil)
	s.emitUpdate("customer.subscription.updated", before, after)
	s.refreshEntitlements(sub.Customer)
}

// readPauseCollection reads pause_collection: a hash pauses, an empty value ends it.
func (s *Stripe) readPauseCollection(p params, sub *Subscription) {
	if !p.has("pause_collection") {
		return
	}
	sent := p.sub("pause_collection").only("behavior", "resumes_at")
	if !p.hash("pause_collection") {
		sub.PauseBehavior, sub.PauseResumesAt = "", time.Time{}
		return
	}
	sent.required("behavior")
	sub.PauseBehavior = sent.enum("behavior", "", "keep_as_draft", "mark_uncollectible", "void")
	sub.PauseResumesAt = sent.time("resumes_at")
	if !sub.PauseResumesAt.IsZero() && !sub.PauseResumesAt.After(s.now()) {
		p.fail(invalid(sent.name("resumes_at"), "The `resumes_at` timestamp must be in the future."))
	}
}

// unpauseComes ends pause_collection at its resumes_at. Drafts that were kept
// stay drafts, as at Stripe.
func (s *Stripe) unpauseComes(id string) {
	sub := s.state.Subscriptions.Get(id)
	if sub != nil && sub.live() && sub.PauseBehavior != "" && !sub.PauseResumesAt.IsZero() &&
		!sub.PauseResumesAt.After(s.now()) {
		s.changeSubscription(sub, func() { sub.PauseBehavior, sub.PauseResumesAt = "", time.Time{} })
	}
}

// resumeSubscription resumes a paused subscription: with a new period that is
// billed at once, or with what is left of the old one.
func (s *Stripe) resumeSubscription(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[0])
	if sub == nil {
		return nil, noSuch("subscription", c.path[0], "id")
	}
	unchanged := c.enum("billing_cycle_anchor", "now", "now", "unchanged") == "unchanged"
	to := s.readBilling(c.params, sub)
	switch {
	case sub.Status != "paused":
		c.fail(invalid("", "Subscription is not paused: only a subscription with the status `paused` can be resumed."))
	case sub.CollectionMethod == "send_invoice":
		c.fail(invalid("", "Only subscriptions that are charged automatically can be resumed."))
	case s.openResumption(sub):
		c.fail(invalid("", "This subscription waits for its resumption invoice to be paid."))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	s.resume(sub, unchanged, to)
	return s.showSubscription(sub), nil
}

// openResumption says whether a resumption invoice waits to be paid.
func (s *Stripe) openResumption(sub *Subscription) bool {
	invoice := s.state.Invoices.Get(sub.LatestInvoice)
	return invoice != nil && invoice.Status == "open" && invoice.Reason == "subscription_update"
}

// resume begins the period and bills it. While that is not paid the
// subscription stays paused; after 23 hours the invoice is voided.
func (s *Stripe) resume(sub *Subscription, unchanged bool, to alteration) {
	before := s.showSubscription(sub)
	if unchanged {
		for i := range sub.Items {
			item := &sub.Items[i]
			price := s.state.Prices.Get(item.Price)
			item.PeriodEnd = after(sub.Anchor, s.now(), price.Interval, price.count())
			item.PeriodStart = latest(sub.StartDate, periodBefore(sub.Anchor, item.PeriodEnd, price.Interval, price.count()))
		}
	} else {
		sub.Anchor = s.now()
		s.beginPeriod(sub, s.now())
	}
	var lines []InvoiceLine
	if unchanged && to.proration != "none" {
		var charges []InvoiceItem
		for _, item := range sub.Items {
			charges = append(charges, s.proration(sub, item, to.at, 1))
		}
		s.addProrations(charges)
	} else if !unchanged {
		lines = s.linesOf(sub)
	}
	var invoice *Invoice
	if s.worth(sub.Items) > 0 && (!unchanged || to.proration == "always_invoice") {
		invoice = s.draft(sub, "subscription_update", lines)
		sub.LatestInvoice = invoice.ID
	}
	s.emitUpdate("customer.subscription.updated", before, s.showSubscription(sub))
	if invoice == nil {
		s.resumed(sub)
		return
	}
	s.emitCreated(invoice)
	s.finalize(invoice)
	s.at(s.now().Add(incompleteLimit), timerResume, invoice.ID)
	failed := func(invoice *Invoice) {
		invoice.AutoAdvance = false
		invoice.Attempts++
		s.emit("invoice.payment_failed", s.showInvoice(invoice), nil)
	}
	switch method := s.methodOf(invoice); {
	case invoice.Due == 0:
		s.invoicePaid(invoice)
	case method == nil:
		s.openPayment(invoice)
	default:
		_ = s.attempt(invoice, method, !offSession, failed) // it stays paused, which is the answer
	}
}

// resumed makes a paused subscription active.
func (s *Stripe) resumed(sub *Subscription) {
	before := s.showSubscription(sub)
	sub.Status = "active"
	for _, item := range sub.Items {
		s.at(item.PeriodEnd, timerPeriod, sub.ID)
	}
	s.beganPeriod(sub)
	after := s.showSubscription(sub)
	s.emit("customer.subscription.resumed", after, nil)
	s.emitUpdate("customer.subscription.updated", before, after)
	s.refreshEntitlements(sub.Customer)
}

// resumptionExpires voids a resumption invoice that was not paid in 23 hours.
func (s *Stripe) resumptionExpires(id string) {
	if invoice := s.state.Invoices.Get(id); invoice.Status == "open" && s.subscriptionOf(invoice).Status == "paused" {
		s.void(invoice)
	}
}

// pauseSubscription is endive's explicit pause of a running subscription. Its
// parameters are not simulated: it pauses at once, and nothing is credited.
func (s *Stripe) pauseSubscription(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[0])
	switch {
	case sub == nil:
		return nil, noSuch("subscription", c.path[0], "id")
	case sub.Status != "active" && sub.Status != "trialing":
		return nil, invalid("", "Only active and trialing subscriptions can be paused; this one is %s.", sub.Status)
	}
	s.pause(sub)
	return s.showSubscription(sub), nil
}

// migrateSubscription moves a subscription from classic to flexible billing mode.
func (s *Stripe) migrateSubscription(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[0])
	if sub == nil {
		return nil, noSuch("subscription", c.path[0], "id")
	}
	if !c.has("billing_mode") {
		c.fail(missingParam("billing_mode"))
	}
	mode := readBillingMode(c.params)
	switch {
	case mode != "flexible":
		c.fail(invalid("billing_mode[type]", "A subscription can only be migrated to flexible billing mode."))
	case sub.mode() == "flexible":
		c.fail(invalid("billing_mode[type]", "This subscription already uses flexible billing mode."))
	case !sub.live():
		c.fail(invalid("", "A subscription that has ended cannot be migrated."))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	s.changeSubscription(sub, func() { sub.BillingMode, sub.MigratedAt = "flexible", s.now() })
	return s.showSubscription(sub), nil
}
