package billing

import (
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// share is the part of a whole period's amount that falls on some of its time:
// by the second, rounded to the nearest unit of the currency, halves away from
// zero. So a day of a month of 30 days is exactly a thirtieth. (Stripe prorates
// by the second too; how it rounds is not published.)
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

// wholePeriod is the length of the full period that ends when an item's does.
func (s *Billing) wholePeriod(sub *state.Subscription, item state.SubscriptionItem) time.Duration {
	price := s.State.Prices.Get(item.Price)
	return item.PeriodEnd.Sub(state.PeriodBefore(sub.Anchor, item.PeriodEnd, price.Interval, price.Count()))
}

// prorate returns what a change at a time credits and charges: for each item
// that differs, what is left of its period at the old price back, and at the new
// price on top. With everything true all of before is credited and nothing is
// charged, because a new period begins.
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
	return slices.DeleteFunc(prorations, func(item state.InvoiceItem) bool { return !item.PeriodStart.Before(item.PeriodEnd) })
}

// proration is a credit (sign -1) or a charge (sign 1) for what is left of an item's period.
func (s *Billing) proration(sub *state.Subscription, item state.SubscriptionItem, at time.Time, sign int64) state.InvoiceItem {
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
