package state

import (
	"cmp"
	"time"
)

// Price is what a product costs, once or per interval. Only old plans can be
// deleted; a deleted one is kept for its subscriptions.
type Price struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Product       string            `json:"product"`
	Active        bool              `json:"active"`
	Currency      string            `json:"currency"`
	Amount        int64             `json:"unit_amount"` // in the currency's smallest unit
	LookupKey     string            `json:"lookup_key"`
	Nickname      string            `json:"nickname"`
	Interval      string            `json:"interval"` // "" for a one-time price, else day, week, month, year
	IntervalCount int64             `json:"interval_count"`
	TaxBehavior   string            `json:"tax_behavior"` // only shown: taxes are not simulated
	Metadata      map[string]string `json:"metadata"`
	Deleted       bool              `json:"deleted"`
}

// Key is the id.
func (p *Price) Key() string { return p.ID }

// Owner is the product.
func (p *Price) Owner() string { return p.Product }

// Recurring reports whether the price is charged per interval.
func (p *Price) Recurring() bool { return p.Interval != "" }

// Kind returns recurring or one_time.
func (p *Price) Kind() string {
	if p.Recurring() {
		return "recurring"
	}
	return "one_time"
}

// Count returns how many intervals a period has, at least 1.
func (p *Price) Count() int64 { return cmp.Or(p.IntervalCount, 1) }

// Monthly reports whether the interval is a month or a year.
func (p *Price) Monthly() bool { return p.Interval == "month" || p.Interval == "year" }

// Length returns the length of a period in days, to compare periods. A month
// counts as 30 days.
func (p *Price) Length() int64 {
	return map[string]int64{"day": 1, "week": 7, "month": 30, "year": 360}[p.Interval] * p.Count()
}
