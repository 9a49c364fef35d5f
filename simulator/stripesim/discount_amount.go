package stripesim

import (
	"math"
	"slices"
)

// discounted is one line that discounts may reduce.
type discounted struct {
	amount  int64
	product string
	exempt  bool // no discount applies
}

// lineDiscount is what one discount takes off one line.
type lineDiscount struct {
	Discount string `json:"discount"`
	Amount   int64  `json:"amount"`
}

// reduce returns what each of several reductions, one after the other, takes off
// each line: taken[line][reduction]. A percentage is rounded on each line; a
// fixed amount is spread over the lines in proportion, and takes no more than
// there is.
func reduce(lines []discounted, reductions []terms, currency string) (taken [][]int64) {
	taken = make([][]int64, len(lines))
	left := make([]int64, len(lines))
	for i, line := range lines {
		taken[i] = make([]int64, len(reductions))
		if !line.exempt {
			left[i] = max(0, line.amount)
		}
	}
	for n, reduction := range reductions {
		var eligible []int
		var base int64
		for i, line := range lines {
			if left[i] > 0 && (len(reduction.Products) == 0 || slices.Contains(reduction.Products, line.product)) {
				eligible, base = append(eligible, i), base+left[i]
			}
		}
		fixed := min(reduction.AmountOff, base)
		if reduction.Currency != currency {
			fixed = 0
		}
		for _, i := range eligible {
			off := int64(math.Round(float64(left[i]) * reduction.PercentOff / 100))
			if reduction.AmountOff > 0 {
				off = portion(fixed, left[i], base)
				fixed, base = fixed-off, base-left[i]
			}
			taken[i][n], left[i] = off, left[i]-off
		}
	}
	return taken
}

// portion is the part of a whole that one of several weights gets, so that the
// parts add up when what is given is subtracted each time.
func portion(whole, weight, weights int64) int64 {
	return int64(math.Round(float64(whole) * float64(weight) / float64(weights)))
}

func sum(amounts []int64) int64 {
	var total int64
	for _, amount := range amounts {
		total += amount
	}
	return total
}

// applyDiscounts computes what the discounts of an invoice, and of its items,
// take off each line. Those of an item come first.
func (s *Stripe) applyDiscounts(invoice *Invoice) {
	lines := make([]discounted, len(invoice.Lines))
	for i := range invoice.Lines {
		line := &invoice.Lines[i]
		lines[i] = discounted{amount: line.Amount, exempt: !s.discountable(line)}
		if price := s.state.Prices.Get(line.Price); price != nil {
			lines[i].product = price.Product
		}
		line.Taken = nil
		own := s.discountsOf(line.Discounts)
		for n, off := range reduce(lines[i:i+1], termsOfAll(own), invoice.Currency)[0] {
			line.take(own[n].ID, off)
			lines[i].amount -= off
		}
	}
	general := s.discountsOf(invoice.Discounts)
	for i, taken := range reduce(lines, termsOfAll(general), invoice.Currency) {
		for n, off := range taken {
			invoice.Lines[i].take(general[n].ID, off)
		}
	}
}

// lessPercentages is an amount of a subscription's item after the percentages
// that the subscription's discounts take off. A proration is made of it: what is
// credited for unused time is not more than was paid for it. (A fixed amount off
// belongs to the invoice, and is not prorated.)
func (s *Stripe) lessPercentages(sub *Subscription, price *Price, amount int64) int64 {
	for _, discount := range s.discountsOf(s.inherited(sub.Customer, sub)) {
		if products := discount.Terms.Products; discount.Terms.Duration != "once" &&
			(len(products) == 0 || slices.Contains(products, price.Product)) {
			amount -= int64(math.Round(float64(amount) * discount.Terms.PercentOff / 100))
		}
	}
	return amount
}

// netAmount is an invoice item's amount after its own discounts.
func (s *Stripe) netAmount(item *InvoiceItem) int64 {
	line := discounted{amount: item.Amount, exempt: item.Proration || !item.Discountable}
	if price := s.state.Prices.Get(item.Price); price != nil {
		line.product = price.Product
	}
	return item.Amount - sum(reduce([]discounted{line}, termsOfAll(s.discountsOf(item.Discounts)), item.Currency)[0])
}

func termsOfAll(discounts []*Discount) []terms {
	all := make([]terms, len(discounts))
	for i, discount := range discounts {
		all[i] = discount.Terms
	}
	return all
}

// discountable says whether discounts apply to a line: never to a proration.
func (s *Stripe) discountable(line *InvoiceLine) bool {
	item := s.state.InvoiceItems.Get(line.InvoiceItem)
	return !line.Proration && (item == nil || item.Discountable)
}

// take books what a discount takes off a line.
func (l *InvoiceLine) take(discount string, amount int64) {
	if amount > 0 {
		l.Taken = append(l.Taken, lineDiscount{Discount: discount, Amount: amount})
	}
}

// off is what all discounts take off a line.
func (l *InvoiceLine) off() int64 {
	var off int64
	for _, taken := range l.Taken {
		off += taken.Amount
	}
	return off
}

// useUp takes the discounts for one invoice off the subscription whose invoice
// they have reduced. One on a free invoice, such as a trial's, waits for the next.
func (s *Stripe) useUp(invoice *Invoice) {
	sub := s.state.Subscriptions.Get(invoice.Subscription)
	if sub == nil {
		return
	}
	for _, discount := range s.discountsOf(invoice.Discounts) {
		used := slices.ContainsFunc(invoice.Lines, func(line InvoiceLine) bool {
			return slices.ContainsFunc(line.Taken, func(taken lineDiscount) bool { return taken.Discount == discount.ID })
		})
		if used && discount.Terms.Duration == "once" && slices.Contains(sub.Discounts, discount.ID) {
			s.takeOff(sub, discount)
		}
	}
}

// showTaken shows discount amounts, one entry for each discount.
func showTaken(lines ...InvoiceLine) []any {
	var order []string
	amounts := map[string]int64{}
	for _, line := range lines {
		for _, taken := range line.Taken {
			if _, known := amounts[taken.Discount]; !known {
				order = append(order, taken.Discount)
			}
			amounts[taken.Discount] += taken.Amount
		}
	}
	shown := make([]any, len(order))
	for i, id := range order {
		shown[i] = object{"amount": amounts[id], "discount": id}
	}
	return shown
}
