package billing

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// pause stops a subscription whose trial ended without a payment method.
func (s *Billing) pause(sub *state.Subscription) {
	before := s.ShowSubscription(sub)
	sub.Status = "paused"
	after := s.ShowSubscription(sub)
	s.Events.Emit("customer.subscription.paused", after, nil)
	s.Events.EmitUpdate("customer.subscription.updated", before, after)
	s.Catalog.RefreshEntitlements(sub.Customer)
}

// readPauseCollection reads pause_collection. A hash pauses; an empty value
// ends the pause.
func (s *Billing) readPauseCollection(p api.Params, sub *state.Subscription) {
	if !p.Has("pause_collection") {
		return
	}
	sent := p.Sub("pause_collection").Only("behavior", "resumes_at")
	if !p.Hash("pause_collection") {
		sub.PauseBehavior, sub.PauseResumesAt = "", time.Time{}
		return
	}
	sent.Required("behavior")
	sub.PauseBehavior = sent.Enum("behavior", "", "keep_as_draft", "mark_uncollectible", "void")
	sub.PauseResumesAt = sent.Time("resumes_at")
	if !sub.PauseResumesAt.IsZero() && !sub.PauseResumesAt.After(s.Now()) {
		p.Fail(api.Invalid(sent.Name("resumes_at"), "The `resumes_at` timestamp must be in the future."))
	}
}

// unpauseDue ends pause_collection at its resumes_at. Drafts that were kept
// stay drafts, as at Stripe.
func (s *Billing) unpauseDue(id string) {
	sub := s.State.Subscriptions.Get(id)
	if sub != nil && sub.Live() && sub.PauseBehavior != "" && !sub.PauseResumesAt.IsZero() &&
		!sub.PauseResumesAt.After(s.Now()) {
		s.ChangeSubscription(sub, func() { sub.PauseBehavior, sub.PauseResumesAt = "", time.Time{} })
	}
}

// resumeSubscription resumes a paused subscription, either with a new period
// that is billed at once or with the rest of the old one.
func (s *Billing) resumeSubscription(c *api.Call) (api.Object, error) {
	sub := s.State.Subscriptions.Get(c.Path[0])
	if sub == nil {
		return nil, api.NoSuch("subscription", c.Path[0], "id")
	}
	unchanged := c.Enum("billing_cycle_anchor", "now", "now", "unchanged") == "unchanged"
	to := s.readBilling(c.Params, sub)
	switch {
	case sub.Status != "paused":
		c.Fail(api.Invalid("", "Subscription is not paused: only a subscription with the status `paused` can be resumed."))
	case sub.CollectionMethod == "send_invoice":
		c.Fail(api.Invalid("", "Only subscriptions that are charged automatically can be resumed."))
	case s.openResumption(sub):
		c.Fail(api.Invalid("", "This subscription waits for its resumption invoice to be paid."))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	s.resume(sub, unchanged, to)
	return s.ShowSubscription(sub), nil
}

// openResumption reports whether a resumption invoice waits for its payment.
func (s *Billing) openResumption(sub *state.Subscription) bool {
	invoice := s.State.Invoices.Get(sub.LatestInvoice)
	return invoice != nil && invoice.Status == "open" && invoice.Reason == "subscription_update"
}

// resume starts the period and bills it. Until the invoice is paid the
// subscription stays paused. After 23 hours the invoice is voided.
func (s *Billing) resume(sub *state.Subscription, unchanged bool, to alteration) {
	before := s.ShowSubscription(sub)
	lines := s.resumePeriod(sub, unchanged, to)
	var invoice *state.Invoice
	if s.worth(sub.Items) > 0 && (!unchanged || to.proration == "always_invoice") {
		invoice = s.draft(sub, "subscription_update", lines)
		sub.LatestInvoice = invoice.ID
	}
	s.Events.EmitUpdate("customer.subscription.updated", before, s.ShowSubscription(sub))
	if invoice == nil {
		s.activate(sub)
		return
	}
	s.EmitCreated(invoice)
	s.finalize(invoice)
	s.At(s.Now().Add(incompleteLimit), account.TimerResume, invoice.ID)
	s.collectResumption(invoice)
}

// resumePeriod sets the periods of a resumed subscription and returns the lines
// that bill a new one. An unchanged period is billed by prorations.
func (s *Billing) resumePeriod(sub *state.Subscription, unchanged bool, to alteration) []state.InvoiceLine {
	if !unchanged {
		sub.Anchor = s.Now()
		s.beginPeriod(sub, s.Now())
		return s.LinesOf(sub)
	}
	var charges []state.InvoiceItem
	for i := range sub.Items {
		item := &sub.Items[i]
		price := s.State.Prices.Get(item.Price)
		item.PeriodEnd = state.After(sub.Anchor, s.Now(), price.Interval, price.Count())
		item.PeriodStart = state.Latest(sub.StartDate,
			state.PeriodBefore(sub.Anchor, item.PeriodEnd, price.Interval, price.Count()))
		charges = append(charges, s.proration(sub, *item, to.at, 1))
	}
	if to.proration != "none" {
		s.addProrations(charges)
	}
	return nil
}

// collectResumption asks for the money of a resumption invoice.
func (s *Billing) collectResumption(invoice *state.Invoice) {
	failed := func(invoice *state.Invoice) {
		invoice.AutoAdvance = false
		invoice.Attempts++
		s.Events.Emit("invoice.payment_failed", s.ShowInvoice(invoice), nil)
	}
	switch method := s.methodOf(invoice); {
	case invoice.Due == 0:
		s.invoicePaid(invoice)
	case method == nil:
		s.openPayment(invoice)
	default:
		_ = s.attempt(invoice, method, !OffSession, failed) // if it fails, the subscription stays paused
	}
}

// activate makes a paused subscription active.
func (s *Billing) activate(sub *state.Subscription) {
	before := s.ShowSubscription(sub)
	sub.Status = "active"
	for _, item := range sub.Items {
		s.At(item.PeriodEnd, account.TimerPeriod, sub.ID)
	}
	s.beganPeriod(sub)
	after := s.ShowSubscription(sub)
	s.Events.Emit("customer.subscription.resumed", after, nil)
	s.Events.EmitUpdate("customer.subscription.updated", before, after)
	s.Catalog.RefreshEntitlements(sub.Customer)
}

// resumptionExpires voids a resumption invoice that was not paid within 23
// hours.
func (s *Billing) resumptionExpires(id string) {
	if invoice := s.State.Invoices.Get(id); invoice.Status == "open" && s.subscriptionOf(invoice).Status == "paused" {
		s.void(invoice)
	}
}

// pauseSubscription pauses a running subscription, an operation of the endive
// release. Its parameters are not simulated: it pauses at once and credits
// nothing.
func (s *Billing) pauseSubscription(c *api.Call) (api.Object, error) {
	sub := s.State.Subscriptions.Get(c.Path[0])
	switch {
	case sub == nil:
		return nil, api.NoSuch("subscription", c.Path[0], "id")
	case sub.Status != "active" && sub.Status != "trialing":
		return nil, api.Invalid("", "Only active and trialing subscriptions can be paused; this one is %s.", sub.Status)
	}
	s.pause(sub)
	return s.ShowSubscription(sub), nil
}

// migrateSubscription moves a subscription from classic to flexible billing
// mode.
func (s *Billing) migrateSubscription(c *api.Call) (api.Object, error) {
	sub := s.State.Subscriptions.Get(c.Path[0])
	if sub == nil {
		return nil, api.NoSuch("subscription", c.Path[0], "id")
	}
	if !c.Has("billing_mode") {
		c.Fail(api.MissingParam("billing_mode"))
	}
	mode := ReadBillingMode(c.Params)
	switch {
	case mode != "flexible":
		c.Fail(api.Invalid("billing_mode[type]", "A subscription can only be migrated to flexible billing mode."))
	case sub.Mode() == "flexible":
		c.Fail(api.Invalid("billing_mode[type]", "This subscription already uses flexible billing mode."))
	case !sub.Live():
		c.Fail(api.Invalid("", "A subscription that has ended cannot be migrated."))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	s.ChangeSubscription(sub, func() { sub.BillingMode, sub.MigratedAt = "flexible", s.Now() })
	return s.ShowSubscription(sub), nil
}
