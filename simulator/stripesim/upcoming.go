package stripesim

// upcoming announces a renewal. A subscription whose period is not longer than
// the notice is not announced.
func (s *Stripe) upcoming(id string) {
	sub := s.state.Subscriptions.Get(id)
	if sub == nil {
		return
	}
	end := sub.PeriodEnd()
	ends := !sub.CancelAt.IsZero() && !sub.CancelAt.After(end)
	if !sub.live() || sub.Status == "paused" || sub.Status == "incomplete" || ends ||
		!end.Add(-upcomingNotice).Equal(s.now()) {
		return
	}
	s.emit("invoice.upcoming", s.showInvoice(s.nextInvoice(sub)), nil)
}

// nextInvoice is what the next renewal will bill if nothing changes. It is not
// stored: its id begins with upcoming_in and finds nothing.
func (s *Stripe) nextInvoice(sub *Subscription) *Invoice {
	next := sub.clone()
	next.Status = "active"
	end := sub.PeriodEnd()
	var renewed []SubscriptionItem
	for _, item := range next.Items {
		if item.PeriodEnd.Equal(end) {
			price := s.state.Prices.Get(item.Price)
			item.PeriodStart, item.PeriodEnd = end, after(sub.Anchor, end, price.Interval, price.count())
			renewed = append(renewed, item)
		}
	}
	invoice := s.plan(sub, "upcoming", s.lines(&next, renewed))
	s.takeUp(invoice, s.pendingItems(sub.Customer, func(item *InvoiceItem) bool {
		return item.Subscription == sub.ID || item.Subscription == ""
	}))
	invoice.PeriodStart, invoice.PeriodEnd = sub.Items[0].PeriodStart, end
	invoice.NextAttempt = end.Add(draftTime)
	return s.preview(invoice, end)
}
