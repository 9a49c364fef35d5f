package stripesim

import "slices"

// portalChoice is one price that a subscription can be changed to.
type portalChoice struct {
	price   *Price
	product PortalProduct
}

// allows says whether customers may change a price, a quantity, or apply a code.
func (u PortalUpdate) allows(what string) bool { return slices.Contains(u.Allowed, what) }

// portalChoices are the prices that the configuration offers for a subscription
// with one item, active ones in its currency, cheapest first; its own price is
// among them when the configuration names it.
func (s *Stripe) portalChoices(update PortalUpdate, sub *Subscription) []portalChoice {
	if !update.Enabled || len(sub.Items) != 1 {
		return nil
	}
	var choices []portalChoice
	for _, product := range update.Products {
		for _, id := range product.Prices {
			if price := s.state.Prices.Get(id); price != nil && price.Active && price.Currency == sub.Currency {
				choices = append(choices, portalChoice{price: price, product: product})
			}
		}
	}
	slices.SortStableFunc(choices, func(a, b portalChoice) int { return int(a.price.Amount - b.price.Amount) })
	return choices
}

// portalCanUpdate says whether the portal offers to change a subscription.
// Stripe's portal changes only those that are running, not set to end, and have
// one product.
func (s *Stripe) portalCanUpdate(update PortalUpdate, sub *Subscription) bool {
	return slices.Contains([]string{"active", "trialing", "past_due"}, sub.Status) && sub.CancelAt.IsZero() && len(s.portalChoices(update, sub)) > 0
}

// refusePortalChange says why the portal does not make a change, or nil.
func (s *Stripe) refusePortalChange(update PortalUpdate, sub *Subscription, to PortalFlowItem) *Error {
	choices := s.portalChoices(update, sub)
	at := slices.IndexFunc(choices, func(choice portalChoice) bool { return choice.price.ID == to.Price })
	item := sub.Items[0]
	switch {
	case len(sub.Items) != 1:
		return invalid("", "A subscription with several items cannot be updated in the portal.")
	case to.Price == item.Price && to.Quantity == item.Quantity:
		return invalid("", "The subscription update has no change: it already has this price and quantity.")
	case to.Price != item.Price && !update.allows("price"):
		return invalid("", "The portal configuration does not allow customers to change the price.")
	case to.Quantity != item.Quantity && !update.allows("quantity"):
		return invalid("", "The portal configuration does not allow customers to change the quantity.")
	case at < 0 && to.Price != item.Price:
		return invalid("", "The price `%s` is not in the portal configuration's `features[subscription_update][products]`.", to.Price)
	case to.Quantity < 1:
		return invalid("", "The quantity must be at least 1.")
	case at >= 0 && to.Quantity != item.Quantity:
		return choices[at].product.refuseQuantity(to.Quantity)
	}
	return nil
}

func (p PortalProduct) refuseQuantity(wanted int64) *Error {
	switch {
	case !p.Quantity:
		return invalid("", "The portal configuration does not allow customers to change the quantity of this product.")
	case wanted < p.Minimum:
		return invalid("", "The quantity must be at least %d.", p.Minimum)
	case p.Maximum > 0 && wanted > p.Maximum:
		return invalid("", "The quantity must be at most %d.", p.Maximum)
	}
	return nil
}
