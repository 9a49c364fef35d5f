package stripesim

import "slices"

// updateSubscription changes what the parameters say; alter bills it.
func (s *Stripe) updateSubscription(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[0])
	if sub == nil {
		return nil, noSuch("subscription", c.path[0], "id")
	}
	if !sub.live() && !onlyAllowed(c.params, "metadata", "cancellation_details") {
		return nil, invalidCode("invalid_canceled_subscription_fields", "",
			"A canceled subscription can only update its cancellation_details and metadata.")
	}
	to := s.readAlteration(c, sub)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.alter(sub, to); failure != nil {
		return nil, failure
	}
	if c.has("pause_collection") && !sub.PauseResumesAt.IsZero() {
		s.at(sub.PauseResumesAt, timerUnpause, sub.ID)
	}
	if to.stopTrial {
		s.periodEnds(sub.ID) // without a payment method its end is a pause or a cancellation
	}
	return s.showSubscription(sub), nil
}

// readAlteration reads everything that an update can change.
func (s *Stripe) readAlteration(c *call, sub *Subscription) alteration {
	to := s.readBilling(c.params, sub)
	next := &to.next
	next.Metadata = c.metadata(sub.Metadata)
	next.Description = c.textOr("description", sub.Description)
	if method := s.readMethodOf(c.params, "default_payment_method", sub.Customer); method != nil {
		next.DefaultPaymentMethod = method.ID
		if c.failed() == nil {
			s.attach(method, sub.Customer)
		}
	} else if c.has("default_payment_method") {
		next.DefaultPaymentMethod = ""
	}
	if c.has("collection_method") || c.has("days_until_due") {
		next.CollectionMethod, next.DaysUntilDue = readCollection(c.params, sub.CollectionMethod, sub.DaysUntilDue)
	}
	if c.has("trial_settings") {
		next.TrialEndBehavior = readTrialEnd(c.params)
	}
	next.SaveDefaultMethod = readPaymentSettings(c.params, sub.SaveDefaultMethod)
	readCancellation(c.params, next)
	s.readPauseCollection(c.params, next)
	to.extra = s.readExtraItems(c.params)
	for i := range to.extra {
		to.extra[i].Customer, to.extra[i].Subscription = sub.Customer, sub.ID
	}
	s.readItemChanges(c.params, next)
	s.readTrialChange(c, sub, &to)
	if c.has("discounts") {
		to.discounts = new(s.readDiscounts(c.params, sub.Discounts, "coupon", "promotion_code", "discount"))
		if failure := s.admissible(*to.discounts, s.purchaseOf(next)); failure != nil {
			c.fail(failure)
		}
	}
	to.restart = c.enum("billing_cycle_anchor", "unchanged", "now", "unchanged") == "now"
	s.refuseAlteration(c, sub, to)
	if c.failed() == nil {
		s.readCancel(c.params, next)
	}
	return to
}

// readBilling reads how a change is billed: what all ways to change items share.
func (s *Stripe) readBilling(p params, sub *Subscription) alteration {
	to := alteration{next: sub.clone(), at: s.now(), proration: readProration(p), behaviour: readPaymentBehavior(p),
		offSession: p.boolean("off_session", !offSession)}
	if p.has("proration_date") {
		to.at = p.time("proration_date")
		if to.at.Before(sub.Items[0].PeriodStart) || to.at.After(sub.PeriodEnd()) {
			p.fail(invalid("proration_date", "The proration date must be within the current period."))
		}
	}
	return to
}

// refuseAlteration refuses what the subscription's state does not allow.
func (s *Stripe) refuseAlteration(c *call, sub *Subscription, to alteration) {
	billed := c.has("items") || to.restart || c.has("trial_end") || c.has("add_invoice_items")
	switch managed := s.managed(sub); {
	case managed != nil && (c.has("cancel_at") || c.has("cancel_at_period_end")):
		c.fail(managed)
	case sub.Status == "incomplete" && billed:
		c.fail(invalid("items", "This subscription is incomplete: it can be changed in this way once its first invoice is paid."))
	case to.behaviour == "pending_if_incomplete" && !onlyAllowed(c.params, "payment_behavior", "items",
		"proration_behavior", "proration_date", "billing_cycle_anchor", "off_session", "expand"):
		c.fail(invalid("payment_behavior", "The simulator applies pending updates only to items and billing_cycle_anchor: other parameters cannot be passed with payment_behavior=pending_if_incomplete."))
	case to.restart && sub.Status == "trialing":
		c.fail(invalid("billing_cycle_anchor", "The billing cycle anchor of a trialing subscription is the end of its trial."))
	}
}

// readTrialChange reads trial_end: now, or a time in the future.
func (s *Stripe) readTrialChange(c *call, sub *Subscription, to *alteration) {
	switch {
	case !c.has("trial_end"):
	case c.text("trial_end") == "now":
		trialing := sub.Status == "trialing"
		to.stopTrial = trialing && s.stopsWithoutMethod(&to.next)
		to.endTrial = trialing && !to.stopTrial
		if to.stopTrial {
			s.cutTrial(&to.next)
		}
	default:
		to.trial = s.readTrial(c.params)
	}
}

// cutTrial ends a trial after which no new period begins: nothing is billed.
func (s *Stripe) cutTrial(sub *Subscription) {
	sub.TrialEnd = s.now()
	for i := range sub.Items {
		sub.Items[i].PeriodEnd = s.now()
	}
}

// readItemChanges applies items[n][id|price|quantity|deleted|metadata].
func (s *Stripe) readItemChanges(p params, sub *Subscription) {
	for _, sent := range p.list("items") {
		sent.only("id", "price", "price_data", "quantity", "deleted", "metadata", "clear_usage")
		id := sent.text("id")
		at := slices.IndexFunc(sub.Items, func(item SubscriptionItem) bool { return item.ID == id })
		switch {
		case id != "" && at < 0:
			sent.fail(noSuch("subscription_item", id, sent.name("id")))
		case sent.boolean("deleted", false):
			if at < 0 {
				sent.required("id")
				continue
			}
			sub.Items = slices.Delete(sub.Items, at, at+1)
		default:
			s.readItemChange(sent, sub, at)
		}
	}
	s.checkItems(p, sub)
}

// readItemChange adds an item, or changes the one at a place.
func (s *Stripe) readItemChange(sent params, sub *Subscription, at int) {
	if at < 0 {
		if price := s.readChosenPrice(sent); price != nil {
			if slices.ContainsFunc(sub.Items, func(item SubscriptionItem) bool { return item.Price == price.ID }) {
				sent.fail(invalid(sent.name("price"), "Cannot add multiple subscription items with the same plan: %s", price.ID))
			}
			sub.Items = append(sub.Items, SubscriptionItem{ID: s.world.NewID("si_", 14), Created: s.now(), Price: price.ID,
				Quantity: readQuantity(sent, 1), Metadata: sent.metadata(nil)})
		}
		return
	}
	item := &sub.Items[at]
	item.Metadata = sent.metadata(item.Metadata)
	if sent.has("price") || sent.has("price_data") {
		price := s.readChosenPrice(sent)
		if price == nil {
			return
		}
		if price.ID != item.Price && !sent.has("quantity") {
			item.Quantity = max(1, item.Quantity)
		}
		item.Price = price.ID
	}
	item.Quantity = readQuantity(sent, item.Quantity)
}

// checkItems refuses items that cannot be in one subscription.
func (s *Stripe) checkItems(p params, sub *Subscription) {
	if p.failed() != nil {
		return
	}
	if len(sub.Items) == 0 {
		p.fail(invalid("items", "A subscription must have at least one active plan."))
		return
	}
	items := make([]chosen, len(sub.Items))
	for i, item := range sub.Items {
		items[i] = chosen{price: s.state.Prices.Get(item.Price), quantity: item.Quantity}
	}
	s.checkRecurring(p, "items", items)
	s.checkTogether(p, "items", items, sub.mode() == "flexible")
	if items[0].price.Currency != sub.Currency {
		p.fail(invalid("items", "The price specified must be in the subscription's currency, %s.", sub.Currency))
	}
}

// removeSubscription cancels at once. prorate credits the rest of the period;
// invoice_now bills what is pending, that credit included. With neither, what
// was pending by proration is dropped.
func (s *Stripe) removeSubscription(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[0])
	if sub == nil || !sub.live() {
		return nil, noSuch("subscription", c.path[0], "id")
	}
	invoiceNow, prorate := c.boolean("invoice_now", false), c.boolean("prorate", false)
	changed := sub.clone()
	readCancellation(c.params, &changed)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	sub.CancelComment, sub.CancelFeedback = changed.CancelComment, changed.CancelFeedback
	if sub.Status == "incomplete" {
		s.expireIncomplete(sub)
		return s.showSubscription(sub), nil
	}
	s.endSubscription(sub, invoiceNow, prorate)
	return s.showSubscription(sub), nil
}

func (s *Stripe) endSubscription(sub *Subscription, invoiceNow, prorate bool) {
	own := func(item *InvoiceItem) bool { return item.Subscription == sub.ID }
	if prorate && slices.Contains([]string{"active", "past_due", "unpaid"}, sub.Status) {
		s.addProrations(s.prorate(sub, &Subscription{}, s.now(), true))
	}
	if !prorate && !invoiceNow {
		for _, item := range s.pendingItems(sub.Customer, own) {
			if item.Proration {
				s.emit("invoiceitem.deleted", s.showInvoiceItem(item), nil)
				s.state.InvoiceItems.Remove(item.ID)
			}
		}
	}
	var invoice *Invoice
	if invoiceNow && len(s.pendingItems(sub.Customer, own)) > 0 {
		invoice = s.draft(sub, "subscription_update", nil)
		sub.LatestInvoice = invoice.ID
	}
	s.cancelNow(sub, "cancellation_requested")
	if invoice == nil {
		return
	}
	invoice.AutoAdvance = true
	s.emitCreated(invoice)
	s.finalize(invoice)
	s.advance(invoice)
}
