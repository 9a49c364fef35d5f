package billing

import "github.com/lockstep-dev/lockstep/simulator/stripesim/state"

// upcoming announces a renewal. It skips a subscription whose period is no
// longer than the notice.
func (s *Billing) upcoming(id string) {
	sub := s.State.Subscriptions.Get(id)
	if sub == nil {
		return
	}
	end := sub.PeriodEnd()
	ends := !sub.CancelAt.IsZero() && !sub.CancelAt.After(end)
	if !sub.Live() || sub.Status == "paused" || sub.Status == "incomplete" || ends ||
		!end.Add(-upcomingNotice).Equal(s.Now()) {
		return
	}
	s.Events.Emit("invoice.upcoming", s.ShowInvoice(s.nextInvoice(sub)), nil)
}

// nextInvoice returns what the next renewal will bill if nothing changes. It is
// not stored: its id begins with upcoming_in and cannot be retrieved.
func (s *Billing) nextInvoice(sub *state.Subscription) *state.Invoice {
	next := sub.Clone()
	next.Status = "active"
	end := sub.PeriodEnd()
	var renewed []state.SubscriptionItem
	for _, item := range next.Items {
		if item.PeriodEnd.Equal(end) {
			price := s.State.Prices.Get(item.Price)
			item.PeriodStart, item.PeriodEnd = end, state.After(sub.Anchor, end, price.Interval, price.Count())
			renewed = append(renewed, item)
		}
	}
	invoice := s.Plan(sub, "upcoming", s.lines(&next, renewed))
	s.includeItems(invoice, s.pendingItems(sub.Customer, func(item *state.InvoiceItem) bool {
		return item.Subscription == sub.ID || item.Subscription == ""
	}))
	invoice.PeriodStart, invoice.PeriodEnd = sub.Items[0].PeriodStart, end
	invoice.NextAttempt = end.Add(draftTime)
	return s.preview(invoice, end)
}
