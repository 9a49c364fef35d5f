package billing

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
)

// discountEnds removes a repeating discount from whatever still has it.
func (s *Billing) discountEnds(id string) {
	discount := s.State.Discounts.Get(id)
	if sub := s.State.Subscriptions.Get(discount.Subscription); sub != nil && sub.Live() &&
		slices.Contains(sub.Discounts, id) {
		s.ChangeSubscription(sub, func() { s.Discounts.RemoveFrom(sub, discount) })
	}
	if customer := s.State.Customers.Get(discount.Customer); customer != nil && customer.Discount == id &&
		!customer.Deleted {
		s.Customers.ChangeCustomer(customer, func() { customer.Discount = "" })
		s.Events.Emit("customer.discount.deleted", s.ShowDiscount(discount), nil)
	}
}

func (s *Billing) removeSubscriptionDiscount(c *api.Call) (api.Object, error) {
	sub := s.State.Subscriptions.Get(c.Path[0])
	if sub == nil {
		return nil, api.NoSuch("subscription", c.Path[0], "id")
	}
	if len(sub.Discounts) == 0 {
		return nil, discounts.NoDiscount("subscription", sub.ID)
	}
	last := s.State.Discounts.Get(sub.Discounts[0])
	s.ChangeSubscription(sub, func() { s.Discounts.DiscountSubscription(sub, nil) })
	return discounts.DeletedDiscount(s.ShowDiscount(last)), nil
}
