package stripesim

import (
	"slices"
	"time"
)

// updateSubscription changes metadata, the scheduled end, the items and the
// trial. Prorations are not simulated: a new price or quantity is billed from
// the next period on, unless the interval changes, which begins a new period
// and bills it at once.
func (s *Stripe) updateSubscription(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[0])
	if sub == nil {
		return nil, noSuch("subscription", c.path[0], "id")
	}
	changed := sub.clone()
	changed.Metadata = c.metadata(sub.Metadata)
	if !sub.live() && slices.ContainsFunc(c.at.order, func(name string) bool {
		return !slices.Contains([]string{"metadata", "cancellation_details", "expand"}, name)
	}) {
		return nil, invalidCode("invalid_canceled_subscription_fields", "", "A canceled subscription can only update its cancellation_details and metadata.")
	}
	changed.Description = c.textOr("description", sub.Description)
	if method := s.readPaymentMethod(c.params, "default_payment_method"); method != nil {
		method.Customer, changed.DefaultPaymentMethod = sub.Customer, method.ID
	}
	details := c.sub("cancellation_details")
	changed.CancelComment, changed.CancelFeedback = details.textOr("comment", sub.CancelComment), details.textOr("feedback", sub.CancelFeedback)
	s.readItemChanges(c.params, &changed)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	restart := s.intervalChanges(sub, &changed)
	before := s.showSubscription(sub)
	*sub = changed
	s.applyCancel(c, sub)
	s.applyTrialEnd(c, sub)
	if restart {
		sub.Anchor = s.now()
		s.beginPeriod(sub, s.now())
	}
	if c.has("items") {
		sub.Features = s.featuresOf(sub.Items)
	}
	var invoice *Invoice
	if restart && sub.Status != "trialing" {
		invoice = s.draft(sub, "subscription_update", s.linesOf(sub))
		sub.LatestInvoice = invoice.ID
	}
	s.emitUpdate("customer.subscription.updated", before, s.showSubscription(sub))
	if invoice != nil {
		s.emitCreated(invoice)
		s.finalize(invoice)
		s.try(invoice)
	}
	s.refreshEntitlements(sub.Customer)
	return s.showSubscription(sub), nil
}

func (s *Stripe) intervalChanges(from, to *Subscription) bool {
	old, next := s.state.Prices.Get(from.Items[0].Price), s.state.Prices.Get(to.Items[0].Price)
	return old.Interval != next.Interval || old.count() != next.count()
}

// readItemChanges applies items[n][id|price|quantity|deleted|metadata].
func (s *Stripe) readItemChanges(p params, sub *Subscription) {
	for _, sent := range p.list("items") {
		id := sent.text("id")
		at := slices.IndexFunc(sub.Items, func(item SubscriptionItem) bool { return item.ID == id })
		switch {
		case id != "" && at < 0:
			sent.fail(noSuch("subscription_item", id, sent.name("id")))
		case sent.boolean("deleted", false):
			if at >= 0 {
				sub.Items = slices.Delete(sub.Items, at, at+1)
			}
		default:
			s.readItemChange(sent, sub, at)
		}
	}
	if len(sub.Items) == 0 {
		p.fail(invalid("items", "A subscription must have at least one active plan."))
		return
	}
	items := make([]chosen, len(sub.Items))
	for i, item := range sub.Items {
		items[i] = chosen{price: s.state.Prices.Get(item.Price), quantity: item.Quantity}
	}
	if s.mixed(items) {
		p.fail(invalid("items", "The simulator supports only items with the same interval and currency in one subscription."))
	}
}

func (s *Stripe) readItemChange(sent params, sub *Subscription, at int) {
	if at < 0 {
		price := s.readChosenPrice(sent)
		if price == nil {
			return
		}
		sub.Items = append(sub.Items, SubscriptionItem{ID: s.world.NewID("si_", 14), Created: s.now(), Price: price.ID, Quantity: sent.integer("quantity", 1),
			PeriodStart: sub.Items[0].PeriodStart, PeriodEnd: sub.Items[0].PeriodEnd, Metadata: sent.metadata(nil)})
		return
	}
	item := &sub.Items[at]
	item.Quantity = sent.integer("quantity", item.Quantity)
	item.Metadata = sent.metadata(item.Metadata)
	if sent.has("price") || sent.has("price_data") {
		if price := s.readChosenPrice(sent); price != nil {
			item.Price = price.ID
		}
	}
}

// applyCancel reads both encodings of a scheduled end.
func (s *Stripe) applyCancel(c *call, sub *Subscription) {
	switch {
	case c.has("cancel_at_period_end"):
		atPeriodEnd := c.boolean("cancel_at_period_end", false)
		if atPeriodEnd || sub.CancelAtPeriodEnd || !sub.CancelAt.IsZero() && !c.has("cancel_at") {
			s.scheduleCancel(sub, atPeriodEnd, time.Time{})
		}
	case c.has("cancel_at"):
		s.scheduleCancel(sub, false, c.time("cancel_at"))
	}
}

// applyTrialEnd ends a trial at once (trial_end=now) or moves it.
func (s *Stripe) applyTrialEnd(c *call, sub *Subscription) {
	if !c.has("trial_end") || sub.Status != "trialing" {
		return
	}
	end := latest(s.now(), s.readTrial(c.params))
	sub.TrialEnd, sub.Anchor = end, end
	for i := range sub.Items {
		sub.Items[i].PeriodEnd = end
	}
	s.at(end, timerPeriod, sub.ID)
	s.at(latest(s.now(), end.Add(-trialNotice)), timerTrialEnds, sub.ID)
}

func (s *Stripe) removeSubscription(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[0])
	if sub == nil || !sub.live() {
		return nil, noSuch("subscription", c.path[0], "id")
	}
	details := c.sub("cancellation_details")
	sub.CancelComment, sub.CancelFeedback = details.text("comment"), details.text("feedback")
	s.cancelNow(sub, "cancellation_requested")
	return s.showSubscription(sub), nil
}
