package acmenotes

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// The lookup keys of what the app sells. A lookup key names a price at Stripe, so that the price can change
// without a new version of the app.
const (
	ProPlan      = "pro_monthly"
	LifetimePlan = "lifetime"
)

// Offer is something to buy. Amount, currency and interval are those of the price at Stripe.
type Offer struct {
	ID       string // of the button
	Key      string // lookup key of the price
	Name     string // "Pro"
	Amount   int64  // in cents
	Currency string // "usd"
	Interval string // "month"; empty: paid once
}

var symbols = map[string]string{"usd": "$", "eur": "€", "gbp": "£"}

// Price returns the price as people write it: "$20.00 per month", "$300.00 once".
func (o Offer) Price() string {
	whole := strconv.FormatInt(o.Amount/100, 10)
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	symbol := cmp.Or(symbols[o.Currency], strings.ToUpper(o.Currency)+" ")
	price := fmt.Sprintf("%s%s.%02d", symbol, whole, o.Amount%100)
	if o.Interval == "" {
		return price + " once"
	}
	return price + " per " + o.Interval
}
