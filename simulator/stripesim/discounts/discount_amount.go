package discounts

import (
	"math"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ApplyDiscounts computes what discounts take off each line of an invoice. An
// item's own discounts come before those of the invoice.
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

// LessPercentages reduces an amount of a subscription item by the percentage
// discounts of its subscription. Prorations are based on the result, so unused
// time is credited with no more than was paid. A fixed amount off belongs to
// the invoice and is not prorated.
func (s *Discounts) LessPercentages(sub *state.Subscription, price *state.Price, amount int64) int64 {
	for _, discount := range s.DiscountsOf(s.Inherited(sub.Customer, sub)) {
		if products := discount.Terms.Products; discount.Terms.Duration != "once" &&
			(len(products) == 0 || slices.Contains(products, price.Product)) {
			amount -= int64(math.Round(float64(amount) * discount.Terms.PercentOff / 100))
		}
	}
	return amount
}

// ConsumeOneTime removes one-time discounts from a subscription once its invoice used
// them. A free invoice, such as that of a trial, does not use them up.
func (s *Discounts) ConsumeOneTime(invoice *state.Invoice) {
	sub := s.State.Subscriptions.Get(invoice.Subscription)
	if sub == nil {
		return
	}
	for _, discount := range s.DiscountsOf(invoice.Discounts) {
		used := slices.ContainsFunc(invoice.Lines, func(line state.InvoiceLine) bool {
			return slices.ContainsFunc(line.Taken, func(taken state.LineDiscount) bool { return taken.Discount == discount.ID })
		})
		if used && discount.Terms.Duration == "once" && slices.Contains(sub.Discounts, discount.ID) {
			s.RemoveFrom(sub, discount)
		}
	}
}
