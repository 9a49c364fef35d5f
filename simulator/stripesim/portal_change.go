package stripesim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

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
// Stripe's portal changes only those that are running, not set to end nor to
// change, and have one product.
func (s *Stripe) portalCanUpdate(update PortalUpdate, sub *Subscription) bool {
	return slices.Contains([]string{"active", "trialing", "past_due"}, sub.Status) && sub.CancelAt.IsZero() &&
		sub.Schedule == "" && len(s.portalChoices(update, sub)) > 0
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
		return invalid("", "The price `%s` is not in the portal configuration's `features[subscription_update][products]`.",
			to.Price)
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

// postpones says whether a change waits for the end of the period: when it meets
// one of the configuration's conditions.
func (s *Stripe) postpones(update PortalUpdate, sub *Subscription, to PortalFlowItem) bool {
	item := sub.Items[0]
	from, next := s.state.Prices.Get(item.Price), s.state.Prices.Get(to.Price)
	cheaper := next.Amount*to.Quantity < from.Amount*item.Quantity
	shorter := after(item.PeriodStart, item.PeriodStart, next.Interval, next.count()).Before(after(item.PeriodStart,
		item.PeriodStart, from.Interval, from.count()))
	return slices.Contains(update.Conditions, "decreasing_item_amount") && cheaper ||
		slices.Contains(update.Conditions, "shortening_interval") && shorter
}

// changeLater has a schedule make the change when the period ends, and release
// the subscription one period later.
func (s *Stripe) changeLater(sub *Subscription, to PortalFlowItem) error {
	item := sub.Items[0]
	made, err := s.perform(http.MethodPost, "/v1/subscription_schedules", url.Values{"from_subscription": {sub.ID}})
	if err != nil {
		return err
	}
	phases := url.Values{"end_behavior": {"release"}, "proration_behavior": {"none"},
		"phases[0][items][0][price]": {item.Price}, "phases[0][items][0][quantity]": {strconv.FormatInt(item.Quantity, 10)},
		"phases[0][end_date]":        {strconv.FormatInt(sub.PeriodEnd().Unix(), 10)},
		"phases[1][items][0][price]": {to.Price}, "phases[1][items][0][quantity]": {strconv.FormatInt(to.Quantity, 10)},
		"phases[1][iterations]": {"1"}}
	_, err = s.perform(http.MethodPost, "/v1/subscription_schedules/"+made["id"].(string), phases)
	return err
}

// comingPhase is what a subscription's schedule makes of it next, or nil.
func (s *Stripe) comingPhase(sub *Subscription) *Phase {
	schedule := s.state.Schedules.Get(sub.Schedule)
	if schedule == nil || schedule.Status != "active" || schedule.Current+1 >= len(schedule.Phases) {
		return nil
	}
	return &schedule.Phases[schedule.Current+1]
}
