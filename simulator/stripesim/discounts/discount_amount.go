package discounts

import (
	"math"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ApplyDiscounts computes what the discounts of an invoice, and of its items,
// take off each line. Those of an item come first.
func (s *Discounts) ApplyDiscounts(invoice *state.Invoice) {
	lines := make([]state.Discounted, len(invoice.Lines))
	for i := range invoice.Lines {
		line := &invoice.Lines[i]
		lines[i] = state.Discounted{Amount: line.Amount, Exempt: !s.Discountable(line)}
		if price := s.State.Prices.Get(line.Price); price != nil {
			lines[i].Product = price.Product
		}
		line.Taken = nil
		own := s.DiscountsOf(line.Discounts)
		for n, off := range state.Reduce(lines[i:i+1], state.TermsOfAll(own), invoice.Currency)[0] {
			line.Take(own[n].ID, off)
			lines[i].Amount -= off
		}
	}
	general := s.DiscountsOf(invoice.Discounts)
	for i, taken := range state.Reduce(lines, state.TermsOfAll(general), invoice.Currency) {
		for n, off := range taken {
			invoice.Lines[i].Take(general[n].ID, off)
		}
	}
}

// LessPercentages is an amount of a subscription's item after the percentages
// that the subscription's discounts take off. A proration is made of it: what is
// credited for unused time is not more than was paid for it. (A fixed amount off
// belongs to the invoice, and is not prorated.)
func (s *Discounts) LessPercentages(sub *state.Subscription, price *state.Price, amount int64) int64 {
	for _, discount := range s.DiscountsOf(s.Inherited(sub.Customer, sub)) {
		if products := discount.Terms.Products; discount.Terms.Duration != "once" &&
			(len(products) == 0 || slices.Contains(products, price.Product)) {
			amount -= int64(math.Round(float64(amount) * discount.Terms.PercentOff / 100))
		}
	}
	return amount
}

// UseUp takes the discounts for one invoice off the subscription whose invoice
// they have reduced. One on a free invoice, such as a trial's, waits for the next.
func (s *Discounts) UseUp(invoice *state.Invoice) {
	sub := s.State.Subscriptions.Get(invoice.Subscription)
	if sub == nil {
		return
	}
	for _, discount := range s.DiscountsOf(invoice.Discounts) {
		used := slices.ContainsFunc(invoice.Lines, func(line state.InvoiceLine) bool {
			return slices.ContainsFunc(line.Taken, func(taken state.LineDiscount) bool { return taken.Discount == discount.ID })
		})
		if used && discount.Terms.Duration == "once" && slices.Contains(sub.Discounts, discount.ID) {
			s.TakeOff(sub, discount)
		}
	}
}
