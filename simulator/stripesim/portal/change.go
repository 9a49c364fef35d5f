package portal

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Choice is a price that a subscription can switch to.
type Choice struct {
	Price   *state.Price
	Product state.PortalProduct
}

// Choices returns the active prices that a configuration offers for a
// subscription with one item, in its currency, cheapest first. They include its
// own price if the configuration lists it.
func (s *Portal) Choices(update state.PortalUpdate, sub *state.Subscription) []Choice {
	if !update.Enabled || len(sub.Items) != 1 {
		return nil
	}
	var choices []Choice
	for _, product := range update.Products {
		for _, id := range product.Prices {
			if price := s.State.Prices.Get(id); price != nil && price.Active && price.Currency == sub.Currency {
				choices = append(choices, Choice{Price: price, Product: product})
			}
		}
	}
	slices.SortStableFunc(choices, func(a, b Choice) int { return int(a.Price.Amount - b.Price.Amount) })
	return choices
}

// CanUpdate reports whether the portal offers to change a subscription.
// Stripe's portal changes only running subscriptions with one product and no
// scheduled end or change.
func (s *Portal) CanUpdate(update state.PortalUpdate, sub *state.Subscription) bool {
	return slices.Contains([]string{"active", "trialing", "past_due"}, sub.Status) && sub.CancelAt.IsZero() &&
		sub.Schedule == "" && len(s.Choices(update, sub)) > 0
}

// RefuseChange returns why the portal refuses a change, or nil.
func (s *Portal) RefuseChange(update state.PortalUpdate, sub *state.Subscription, to state.PortalFlowItem) *api.Error {
	choices := s.Choices(update, sub)
	at := slices.IndexFunc(choices, func(choice Choice) bool { return choice.Price.ID == to.Price })
	item := sub.Items[0]
	switch {
	case len(sub.Items) != 1:
		return api.Invalid("", "A subscription with several items cannot be updated in the portal.")
	case to.Price == item.Price && to.Quantity == item.Quantity:
		return api.Invalid("", "The subscription update has no change: it already has this price and quantity.")
	case to.Price != item.Price && !update.Allows("price"):
		return api.Invalid("", "The portal configuration does not allow customers to change the price.")
	case to.Quantity != item.Quantity && !update.Allows("quantity"):
		return api.Invalid("", "The portal configuration does not allow customers to change the quantity.")
	case at < 0 && to.Price != item.Price:
		return api.Invalid("", "The price `%s` is not in the portal configuration's `features[subscription_update][products]`.",
			to.Price)
	case to.Quantity < 1:
		return api.Invalid("", "The quantity must be at least 1.")
	case at >= 0 && to.Quantity != item.Quantity:
		return choices[at].Product.RefuseQuantity(to.Quantity)
	}
	return nil
}

// Postpones reports whether a change waits for the period's end, because it
// meets a condition of the configuration.
func (s *Portal) Postpones(update state.PortalUpdate, sub *state.Subscription, to state.PortalFlowItem) bool {
	item := sub.Items[0]
	from, next := s.State.Prices.Get(item.Price), s.State.Prices.Get(to.Price)
	cheaper := next.Amount*to.Quantity < from.Amount*item.Quantity
	shorter := state.After(item.PeriodStart, item.PeriodStart, next.Interval,
		next.Count()).Before(state.After(item.PeriodStart,
		item.PeriodStart, from.Interval, from.Count()))
	return slices.Contains(update.Conditions, "decreasing_item_amount") && cheaper ||
		slices.Contains(update.Conditions, "shortening_interval") && shorter
}

// ComingPhase returns the next phase of a subscription's schedule, or nil.
func (s *Portal) ComingPhase(sub *state.Subscription) *state.Phase {
	schedule := s.State.Schedules.Get(sub.Schedule)
	if schedule == nil || schedule.Status != "active" || schedule.Current+1 >= len(schedule.Phases) {
		return nil
	}
	return &schedule.Phases[schedule.Current+1]
}
