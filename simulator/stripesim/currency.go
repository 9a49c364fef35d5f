package stripesim

// refuseCurrency returns the error for billing a customer in a currency while
// something of another currency is still there: a live subscription, a schedule,
// a discount or a pending invoice item. A payment that is no invoice can be in
// any currency.
func (s *Stripe) refuseCurrency(customer *Customer, currency string) *Error {
	other := s.billedIn(customer, currency)
	if other == "" {
		return nil
	}
	return invalid("", "You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency %s.", other)
}

// billedIn is the currency, other than this one, in which a customer is billed now.
func (s *Stripe) billedIn(customer *Customer, currency string) string {
	for _, sub := range s.state.Subscriptions.Of(customer.ID) {
		if sub.live() && sub.Currency != currency {
			return sub.Currency
		}
	}
	for _, schedule := range s.state.Schedules.Of(customer.ID) {
		if price := s.state.Prices.Get(schedule.Phases[0].Items[0].Price); schedule.live() && price.Currency != currency {
			return price.Currency
		}
	}
	if discount := s.state.Discounts.Get(customer.Discount); discount != nil && discount.Terms.Currency != "" &&
		discount.Terms.Currency != currency {
		return discount.Terms.Currency
	}
	for _, item := range s.pendingItems(customer.ID, func(item *InvoiceItem) bool { return item.Currency != currency }) {
		return item.Currency
	}
	return ""
}
