package billing

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// RefuseCurrency returns the error for billing a customer in a second currency.
// A live subscription, a schedule, a discount or a pending invoice item fixes
// the first one. A payment without an invoice may be in any currency.
func (s *Billing) RefuseCurrency(customer *state.Customer, currency string) *api.Error {
	other := s.billedIn(customer, currency)
	if other == "" {
		return nil
	}
	return api.Invalid("", "You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency %s.", other)
}

// billedIn returns the currency, other than the given one, in which a customer
// is billed now; "" if there is none.
func (s *Billing) billedIn(customer *state.Customer, currency string) string {
	for _, sub := range s.State.Subscriptions.Of(customer.ID) {
		if sub.Live() && sub.Currency != currency {
			return sub.Currency
		}
	}
	for _, schedule := range s.State.Schedules.Of(customer.ID) {
		if price := s.State.Prices.Get(schedule.Phases[0].Items[0].Price); schedule.Live() && price.Currency != currency {
			return price.Currency
		}
	}
	if discount := s.State.Discounts.Get(customer.Discount); discount != nil && discount.Terms.Currency != "" &&
		discount.Terms.Currency != currency {
		return discount.Terms.Currency
	}
	for _, item := range s.pendingItems(customer.ID,
		func(item *state.InvoiceItem) bool { return item.Currency != currency }) {
		return item.Currency
	}
	return ""
}
