package billing

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// updateSubscription changes a subscription and bills the change.
func (s *Billing) updateSubscription(c *api.Call) (api.Object, error) {
	sub := s.State.Subscriptions.Get(c.Path[0])
	if sub == nil {
		return nil, api.NoSuch("subscription", c.Path[0], "id")
	}
	if !sub.Live() && !onlyAllowed(c.Params, "metadata", "cancellation_details") {
		return nil, api.InvalidCode("invalid_canceled_subscription_fields", "",
			"A canceled subscription can only update its cancellation_details and metadata.")
	}
	to := s.readAlteration(c, sub)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if failure := s.alter(sub, to); failure != nil {
		return nil, failure
	}
	if c.Has("pause_collection") && !sub.PauseResumesAt.IsZero() {
		s.At(sub.PauseResumesAt, account.TimerUnpause, sub.ID)
	}
	if to.stopTrial {
		s.periodEnds(sub.ID) // without a payment method, the trial's end pauses or cancels it
	}
	return s.ShowSubscription(sub), nil
}

// readAlteration reads everything that an update can change.
func (s *Billing) readAlteration(c *api.Call, sub *state.Subscription) alteration {
	to := s.readBilling(c.Params, sub)
	next := &to.next
	next.Metadata = c.Metadata(sub.Metadata)
	next.Description = c.TextOr("description", sub.Description)
	if method := s.Customers.ReadMethodOf(c.Params, "default_payment_method", sub.Customer); method != nil {
		next.DefaultPaymentMethod = method.ID
		if c.Failed() == nil {
			s.Customers.Attach(method, sub.Customer)
		}
	} else if c.Has("default_payment_method") {
		next.DefaultPaymentMethod = ""
	}
	if c.Has("collection_method") || c.Has("days_until_due") {
		next.CollectionMethod, next.DaysUntilDue = readCollection(c.Params, sub.CollectionMethod, sub.DaysUntilDue)
	}
	if c.Has("trial_settings") {
		next.TrialEndBehavior = ReadTrialEnd(c.Params)
	}
	next.SaveDefaultMethod = readPaymentSettings(c.Params, sub.SaveDefaultMethod)
	readCancellation(c.Params, next)
	s.readPauseCollection(c.Params, next)
	to.extra = s.readExtraItems(c.Params)
	for i := range to.extra {
		to.extra[i].Customer, to.extra[i].Subscription = sub.Customer, sub.ID
	}
	s.readItemChanges(c.Params, next)
	s.readTrialChange(c, sub, &to)
	if c.Has("discounts") {
		to.discounts = new(s.Discounts.ReadDiscounts(c.Params, sub.Discounts, "coupon", "promotion_code", "discount"))
		if failure := s.Discounts.Admissible(*to.discounts, s.purchaseOf(next)); failure != nil {
			c.Fail(failure)
		}
	}
	to.restart = c.Enum("billing_cycle_anchor", "unchanged", "now", "unchanged") == "now"
	s.refuseAlteration(c, sub, to)
	if c.Failed() == nil {
		s.readCancel(c.Params, next)
	}
	return to
}

// readBilling reads how a change is billed, as every operation on items takes
// it.
func (s *Billing) readBilling(p api.Params, sub *state.Subscription) alteration {
	to := alteration{next: sub.Clone(), at: s.Now(), proration: readProration(p), behaviour: readPaymentBehavior(p),
		offSession: p.Boolean("off_session", !OffSession)}
	if p.Has("proration_date") {
		to.at = p.Time("proration_date")
		if to.at.Before(sub.Items[0].PeriodStart) || to.at.After(sub.PeriodEnd()) {
			p.Fail(api.Invalid("proration_date", "The proration date must be within the current period."))
		}
	}
	return to
}

// refuseAlteration refuses changes that the subscription's state does not
// allow.
func (s *Billing) refuseAlteration(c *api.Call, sub *state.Subscription, to alteration) {
	billed := c.Has("items") || to.restart || c.Has("trial_end") || c.Has("add_invoice_items")
	switch managed := s.refuseManaged(sub); {
	case managed != nil && (c.Has("cancel_at") || c.Has("cancel_at_period_end")):
		c.Fail(managed)
	case sub.Status == "incomplete" && billed:
		c.Fail(api.Invalid("items", "This subscription is incomplete: it can be changed in this way once its first invoice is paid."))
	case to.behaviour == "pending_if_incomplete" && !onlyAllowed(c.Params, "payment_behavior", "items",
		"proration_behavior", "proration_date", "billing_cycle_anchor", "off_session", "expand"):
		c.Fail(api.Invalid("payment_behavior", "The simulator applies pending updates only to items and billing_cycle_anchor: other parameters cannot be passed with payment_behavior=pending_if_incomplete."))
	case to.restart && sub.Status == "trialing":
		c.Fail(api.Invalid("billing_cycle_anchor", "The billing cycle anchor of a trialing subscription is the end of its trial."))
	}
}

// readTrialChange reads trial_end: now, or a future time.
func (s *Billing) readTrialChange(c *api.Call, sub *state.Subscription, to *alteration) {
	switch {
	case !c.Has("trial_end"):
	case c.Text("trial_end") == "now":
		trialing := sub.Status == "trialing"
		to.stopTrial = trialing && s.stopsWithoutMethod(&to.next)
		to.endTrial = trialing && !to.stopTrial
		if to.stopTrial {
			s.cutTrial(&to.next)
		}
	default:
		to.trial = s.readTrial(c.Params)
	}
}

// cutTrial ends a trial without starting a new period, so nothing is billed.
func (s *Billing) cutTrial(sub *state.Subscription) {
	sub.TrialEnd = s.Now()
	for i := range sub.Items {
		sub.Items[i].PeriodEnd = s.Now()
	}
}

// readItemChanges applies items[n][id|price|quantity|deleted|metadata].
func (s *Billing) readItemChanges(p api.Params, sub *state.Subscription) {
	for _, sent := range p.List("items") {
		sent.Only("id", "price", "price_data", "quantity", "deleted", "metadata", "clear_usage")
		id := sent.Text("id")
		at := slices.IndexFunc(sub.Items, func(item state.SubscriptionItem) bool { return item.ID == id })
		switch {
		case id != "" && at < 0:
			sent.Fail(api.NoSuch("subscription_item", id, sent.Name("id")))
		case sent.Boolean("deleted", false):
			if at < 0 {
				sent.Required("id")
				continue
			}
			sub.Items = slices.Delete(sub.Items, at, at+1)
		default:
			s.readItemChange(sent, sub, at)
		}
	}
	s.checkItems(p, sub)
}

// readItemChange adds an item, or changes the item at an index.
func (s *Billing) readItemChange(sent api.Params, sub *state.Subscription, at int) {
	if at < 0 {
		if price := s.ReadChosenPrice(sent); price != nil {
			if slices.ContainsFunc(sub.Items, func(item state.SubscriptionItem) bool { return item.Price == price.ID }) {
				sent.Fail(api.Invalid(sent.Name("price"), "Cannot add multiple subscription items with the same plan: %s", price.ID))
			}
			sub.Items = append(sub.Items, state.SubscriptionItem{ID: s.World.NewID("si_", 14), Created: s.Now(),
				Price: price.ID, Quantity: readQuantity(sent, 1), Metadata: sent.Metadata(nil)})
		}
		return
	}
	item := &sub.Items[at]
	item.Metadata = sent.Metadata(item.Metadata)
	if sent.Has("price") || sent.Has("price_data") {
		price := s.ReadChosenPrice(sent)
		if price == nil {
			return
		}
		if price.ID != item.Price && !sent.Has("quantity") {
			item.Quantity = max(1, item.Quantity)
		}
		item.Price = price.ID
	}
	item.Quantity = readQuantity(sent, item.Quantity)
}

// checkItems refuses items that cannot share a subscription.
func (s *Billing) checkItems(p api.Params, sub *state.Subscription) {
	if p.Failed() != nil {
		return
	}
	if len(sub.Items) == 0 {
		p.Fail(api.Invalid("items", "A subscription must have at least one active plan."))
		return
	}
	items := make([]Chosen, len(sub.Items))
	for i, item := range sub.Items {
		items[i] = Chosen{Price: s.State.Prices.Get(item.Price), Quantity: item.Quantity}
	}
	s.checkRecurring(p, "items", items)
	s.CheckTogether(p, "items", items, sub.Mode() == "flexible")
	if items[0].Price.Currency != sub.Currency {
		p.Fail(api.Invalid("items", "The price specified must be in the subscription's currency, %s.", sub.Currency))
	}
}

// removeSubscription cancels at once. prorate credits the rest of the period,
// and invoice_now bills pending items with that credit. Without either, pending
// prorations are dropped.
func (s *Billing) removeSubscription(c *api.Call) (api.Object, error) {
	sub := s.State.Subscriptions.Get(c.Path[0])
	if sub == nil || !sub.Live() {
		return nil, api.NoSuch("subscription", c.Path[0], "id")
	}
	invoiceNow, prorate := c.Boolean("invoice_now", false), c.Boolean("prorate", false)
	changed := sub.Clone()
	readCancellation(c.Params, &changed)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	sub.CancelComment, sub.CancelFeedback = changed.CancelComment, changed.CancelFeedback
	if sub.Status == "incomplete" {
		s.ExpireIncomplete(sub)
		return s.ShowSubscription(sub), nil
	}
	s.endSubscription(sub, invoiceNow, prorate)
	return s.ShowSubscription(sub), nil
}

func (s *Billing) endSubscription(sub *state.Subscription, invoiceNow, prorate bool) {
	own := func(item *state.InvoiceItem) bool { return item.Subscription == sub.ID }
	if prorate && slices.Contains([]string{"active", "past_due", "unpaid"}, sub.Status) {
		s.addProrations(s.prorate(sub, &state.Subscription{}, s.Now(), true))
	}
	if !prorate && !invoiceNow {
		for _, item := range s.pendingItems(sub.Customer, own) {
			if item.Proration {
				s.Events.Emit("invoiceitem.deleted", s.ShowInvoiceItem(item), nil)
				s.State.InvoiceItems.Remove(item.ID)
			}
		}
	}
	var invoice *state.Invoice
	if invoiceNow && len(s.pendingItems(sub.Customer, own)) > 0 {
		invoice = s.draft(sub, "subscription_update", nil)
		sub.LatestInvoice = invoice.ID
	}
	s.CancelNow(sub, "cancellation_requested")
	if invoice == nil {
		return
	}
	invoice.AutoAdvance = true
	s.EmitCreated(invoice)
	s.finalize(invoice)
	s.advance(invoice)
}
