package state

import (
	"math"
	"slices"
)

// Discounted is a line that discounts may reduce.
type Discounted struct {
	Amount  int64
	Product string
	Exempt  bool // no discount applies
}

// LineDiscount is what one discount takes off a line.
type LineDiscount struct {
	Discount string `json:"discount"`
	Amount   int64  `json:"amount"`
}

// Reduce applies reductions one after the other. It returns what each takes off
// each line, as taken[line][reduction]. A percentage is rounded per line. A
// fixed amount is spread over the lines in proportion and never exceeds what is
// left.
func Reduce(lines []Discounted, reductions []Terms, currency string) (taken [][]int64) {
	taken = make([][]int64, len(lines))
	left := make([]int64, len(lines))
	for i, line := range lines {
		taken[i] = make([]int64, len(reductions))
		if !line.Exempt {
			left[i] = max(0, line.Amount)
		}
	}
	for n, reduction := range reductions {
		var eligible []int
		var base int64
		for i, line := range lines {
			if left[i] > 0 && (len(reduction.Products) == 0 || slices.Contains(reduction.Products, line.Product)) {
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

// portion returns the share of whole that belongs to weight out of weights. If
// each share is subtracted from whole before the next, the shares add up
// exactly.
func portion(whole, weight, weights int64) int64 {
	return int64(math.Round(float64(whole) * float64(weight) / float64(weights)))
}

// Sum adds up amounts.
func Sum(amounts []int64) int64 {
	var total int64
	for _, amount := range amounts {
		total += amount
	}
	return total
}

// TermsOfAll returns the terms of discounts.
func TermsOfAll(discounts []*Discount) []Terms {
	all := make([]Terms, len(discounts))
	for i, discount := range discounts {
		all[i] = discount.Terms
	}
	return all
}

// Take records what a discount takes off the line.
func (l *InvoiceLine) Take(discount string, amount int64) {
	if amount > 0 {
		l.Taken = append(l.Taken, LineDiscount{Discount: discount, Amount: amount})
	}
}

// off returns what all discounts take off the line.
func (l *InvoiceLine) off() int64 {
	var off int64
	for _, taken := range l.Taken {
		off += taken.Amount
	}
	return off
}
