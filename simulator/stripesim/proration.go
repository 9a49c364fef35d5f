package stripesim

import (
	"fmt"
	"slices"
	"time"
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
func (s *Stripe) wholePeriod(sub *Subscription, item SubscriptionItem) time.Duration {
	price := s.state.Prices.Get(item.Price)
	return item.PeriodEnd.Sub(periodBefore(sub.Anchor, item.PeriodEnd, price.Interval, price.count()))
}

// prorate returns what a change at a time credits and charges: for each item
// that differs, what is left of its period at the old price back, and at the new
// price on top. With everything true all of before is credited and nothing is
// charged, because a new period begins.
func (s *Stripe) prorate(before, after *Subscription, at time.Time, everything bool) []InvoiceItem {
	var prorations []InvoiceItem
	for _, old := range before.Items {
		n := slices.IndexFunc(after.Items, func(item SubscriptionItem) bool { return item.ID == old.ID })
		same := n >= 0 && after.Items[n].Price == old.Price && after.Items[n].Quantity == old.Quantity
		if !same || everything {
			prorations = append(prorations, s.proration(before, old, at, -1))
		}
	}
	if !everything {
		for _, item := range after.Items {
			n := slices.IndexFunc(before.Items, func(old SubscriptionItem) bool { return item.ID == old.ID })
			if n < 0 || before.Items[n].Price != item.Price || before.Items[n].Quantity != item.Quantity {
				prorations = append(prorations, s.proration(after, item, at, 1))
			}
		}
	}
	return slices.DeleteFunc(prorations, func(item InvoiceItem) bool { return !item.PeriodStart.Before(item.PeriodEnd) })
}

// proration is a credit (sign -1) or a charge (sign 1) for what is left of an item's period.
func (s *Stripe) proration(sub *Subscription, item SubscriptionItem, at time.Time, sign int64) InvoiceItem {
	price := s.state.Prices.Get(item.Price)
	name := s.state.Products.Get(price.Product).Name
	if item.Quantity != 1 {
		name = fmt.Sprintf("%d × %s", item.Quantity, name)
	}
	what := map[int64]string{-1: "Unused time on ", 1: "Remaining time on "}[sign]
	from := latest(at, item.PeriodStart)
	return InvoiceItem{Customer: sub.Customer, Subscription: sub.ID, Item: item.ID, Price: item.Price,
		Quantity: item.Quantity, Currency: sub.Currency,
		Amount: s.lessPercentages(sub, price, share(sign*price.Amount*item.Quantity, item.PeriodEnd.Sub(from),
			s.wholePeriod(sub, item))),
		Description: what + name + " after " + at.Format("2 Jan 2006"), Proration: true, PeriodStart: from,
		PeriodEnd: item.PeriodEnd}
}

// addProrations stores prorations as pending invoice items.
func (s *Stripe) addProrations(prorations []InvoiceItem) {
	for i := range prorations {
		item := s.addInvoiceItem(&prorations[i])
		s.emit("invoiceitem.created", s.showInvoiceItem(item), nil)
	}
}
