package state

import (
	"strings"
	"time"
)

// Coupon is a reduction. Its terms never change. A deleted coupon is kept,
// because its discounts still show it.
type Coupon struct {
	ID             string            `json:"id"`
	Created        time.Time         `json:"created"`
	Name           string            `json:"name"`
	PercentOff     float64           `json:"percent_off"` // 0 when AmountOff is set
	AmountOff      int64             `json:"amount_off"`
	Currency       string            `json:"currency"` // of AmountOff
	Duration       string            `json:"duration"` // once, repeating, forever
	Months         int64             `json:"duration_in_months"`
	Products       []string          `json:"products"`        // it applies to; empty for all
	MaxRedemptions int64             `json:"max_redemptions"` // 0: no limit
	RedeemBy       time.Time         `json:"redeem_by"`
	Redeemed       int64             `json:"times_redeemed"`
	Metadata       map[string]string `json:"metadata"`
	Deleted        bool              `json:"deleted"`
}

// Key is the id.
func (c *Coupon) Key() string { return c.ID }

// Valid reports whether the coupon can still be redeemed.
func (c *Coupon) Valid(now time.Time) bool {
	return !c.Deleted && (c.MaxRedemptions == 0 || c.Redeemed < c.MaxRedemptions) &&
		(c.RedeemBy.IsZero() || !now.After(c.RedeemBy))
}

// Terms are what a coupon takes off. Each discount keeps a copy, because its
// coupon may be deleted and created again under the same id.
type Terms struct {
	PercentOff float64  `json:"percent_off"`
	AmountOff  int64    `json:"amount_off"`
	Currency   string   `json:"currency"`
	Duration   string   `json:"duration"`
	Months     int64    `json:"duration_in_months"`
	Products   []string `json:"products"`
}

// Grant is a coupon to be redeemed, with the promotion code it came from, if
// any.
type Grant struct {
	Coupon        string `json:"coupon"`
	PromotionCode string `json:"promotion_code"`
	Terms         Terms  `json:"terms"`
	Discount      string `json:"-"` // an existing discount to keep
}

// Discount is a redeemed coupon. It belongs to a customer, a subscription, an
// invoice, an invoice item or a checkout session in payment mode.
type Discount struct {
	Grant

	ID           string    `json:"id"`
	Customer     string    `json:"customer"`
	Subscription string    `json:"subscription"`
	Invoice      string    `json:"invoice"`
	InvoiceItem  string    `json:"invoice_item"`
	Session      string    `json:"checkout_session"`
	Start        time.Time `json:"start"`
	End          time.Time `json:"end"` // for a repeating discount
}

// Key is the id.
func (d *Discount) Key() string { return d.ID }

// Owner is the customer.
func (d *Discount) Owner() string { return d.Customer }

// PromotionCode is a code that buyers type to get a coupon.
type PromotionCode struct {
	ID             string            `json:"id"`
	Created        time.Time         `json:"created"`
	Code           string            `json:"code"`
	Coupon         string            `json:"coupon"`
	Customer       string            `json:"customer"` // "" for everyone
	Active         bool              `json:"active"`   // as the merchant set it
	ExpiresAt      time.Time         `json:"expires_at"`
	MaxRedemptions int64             `json:"max_redemptions"` // 0: no limit
	Redeemed       int64             `json:"times_redeemed"`
	FirstTime      bool              `json:"first_time_transaction"`
	Minimum        int64             `json:"minimum_amount"` // 0: none
	MinimumIn      string            `json:"minimum_amount_currency"`
	Metadata       map[string]string `json:"metadata"`
}

// Key is the id.
func (p *PromotionCode) Key() string { return p.ID }

// Owner is the code in lower case: codes are compared without case.
func (p *PromotionCode) Owner() string { return strings.ToLower(p.Code) }
