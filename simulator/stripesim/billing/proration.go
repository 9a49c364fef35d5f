package billing

import (
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// share returns the part of a whole period's amount that falls in some of its
// time. It counts seconds and rounds to the nearest unit of the currency,
// halves away from zero, so a day of a 30-day month is exactly a thirtieth.
// Stripe prorates by the second too but does not publish how it rounds.
func share(amount int64, of, whole time.Duration) int64 {
	part, all := int64(of/time.Second), int64(whole/time.Second)
	if part >= all || all <= 0 {
		return amount
	}
	doubled := amount * part * 2
	if amount < 0 {
		return (doubled - all) / (2 * all)
	}
	return (doubled + all) / (2 * all)
}

// wholePeriod returns the length of the full period that ends with the item's
// period.
func (s *Billing) wholePeriod(sub *state.Subscription, item state.SubscriptionItem) time.Duration {
	price := s.State.Prices.Get(item.Price)
	return item.PeriodEnd.Sub(state.PeriodBefore(sub.Anchor, item.PeriodEnd, price.Interval, price.Count()))
}

// prorate returns what a change at a time credits and charges. For each changed
// item it credits the rest of the period at the old price and charges it at the
// new one. If a new period starts (everything), it credits all items and
// charges none.
func (s *Billing) prorate(before, after *state.Subscription, at time.Time, everything bool) []state.InvoiceItem {
	var prorations []state.InvoiceItem
	for _, old := range before.Items {
		n := slices.IndexFunc(after.Items, func(item state.SubscriptionItem) bool { return item.ID == old.ID })
		same := n >= 0 && after.Items[n].Price == old.Price && after.Items[n].Quantity == old.Quantity
		if !same || everything {
			prorations = append(prorations, s.proration(before, old, at, -1))
		}
	}
	if !everything {
		for _, item := range after.Items {
			n := slices.IndexFunc(before.Items, func(old state.SubscriptionItem) bool { return item.ID == old.ID })
			if n < 0 || before.Items[n].Price != item.Price || before.Items[n].Quantity != item.Quantity {
				prorations = append(prorations, s.proration(after, item, at, 1))
			}
		}
	}
	return slices.DeleteFunc(prorations, func(item state.InvoiceItem) bool {
		return !item.PeriodStart.Before(item.PeriodEnd)
	})
}

// proration returns a credit (sign -1) or a charge (sign 1) for the rest of an
// item's period.
func (s *Billing) proration(sub *state.Subscription, item state.SubscriptionItem, at time.Time,
	sign int64) state.InvoiceItem {
	price := s.State.Prices.Get(item.Price)
	name := s.State.Products.Get(price.Product).Name
	if item.Quantity != 1 {
		name = fmt.Sprintf("%d × %s", item.Quantity, name)
	}
	what := map[int64]string{-1: "Unused time on ", 1: "Remaining time on "}[sign]
	from := state.Latest(at, item.PeriodStart)
	return state.InvoiceItem{Customer: sub.Customer, Subscription: sub.ID, Item: item.ID, Price: item.Price,
		Quantity: item.Quantity, Currency: sub.Currency,
		Amount: s.Discounts.LessPercentages(sub, price, share(sign*price.Amount*item.Quantity, item.PeriodEnd.Sub(from),
			s.wholePeriod(sub, item))),
		Description: what + name + " after " + at.Format("2 Jan 2006"), Proration: true, PeriodStart: from,
		PeriodEnd: item.PeriodEnd}
}

// addProrations stores prorations as pending invoice items.
func (s *Billing) addProrations(prorations []state.InvoiceItem) {
	for i := range prorations {
		item := s.addInvoiceItem(&prorations[i])
		s.Events.Emit("invoiceitem.created", s.ShowInvoiceItem(item), nil)
	}
}
