package state

import (
	"strings"
	"time"
)

// Coupon is a reduction that can be given. Its terms never change; a deleted one
// stays, because the discounts that were made from it still show it.
type Coupon struct {
	ID             string            `json:"id"`
	Created        time.Time         `json:"created"`
	Name           string            `json:"name"`
	PercentOff     float64           `json:"percent_off"` // 0 when AmountOff is set
	AmountOff      int64             `json:"amount_off"`
	Currency       string            `json:"currency"` // of AmountOff
	Duration       string            `json:"duration"` // once, repeating, forever
	Months         int64             `json:"duration_in_months"`
	Products       []string          `json:"products"`        // it applies to; empty: to all
	MaxRedemptions int64             `json:"max_redemptions"` // 0: no limit
	RedeemBy       time.Time         `json:"redeem_by"`
	Redeemed       int64             `json:"times_redeemed"`
	Metadata       map[string]string `json:"metadata"`
	Deleted        bool              `json:"deleted"`
}

// Key is the id.
func (c *Coupon) Key() string { return c.ID }

// Valid says whether the coupon can still be redeemed.
func (c *Coupon) Valid(now time.Time) bool {
	return !c.Deleted && (c.MaxRedemptions == 0 || c.Redeemed < c.MaxRedemptions) &&
		(c.RedeemBy.IsZero() || !now.After(c.RedeemBy))
}

// Terms are what a coupon takes off. A discount keeps its own copy: the coupon
// may be deleted, and one of the same id made again.
type Terms struct {
	PercentOff float64  `json:"percent_off"`
	AmountOff  int64    `json:"amount_off"`
	Currency   string   `json:"currency"`
	Duration   string   `json:"duration"`
	Months     int64    `json:"duration_in_months"`
	Products   []string `json:"products"`
}

// Grant is a coupon that somebody is to get, and the promotion code that they
// got it by, if any. It is not redeemed yet.
type Grant struct {
	Coupon        string `json:"coupon"`
	PromotionCode string `json:"promotion_code"`
	Terms         Terms  `json:"terms"`
	Discount      string `json:"-"` // an existing discount that is kept
}

// Discount is a redeemed coupon: on a customer, a subscription, an invoice, an
// invoice item, or what a checkout session in payment mode sold.
type Discount struct {
	Grant

	ID           string    `json:"id"`
	Customer     string    `json:"customer"`
	Subscription string    `json:"subscription"`
	Invoice      string    `json:"invoice"`
	InvoiceItem  string    `json:"invoice_item"`
	Session      string    `json:"checkout_session"`
	Start        time.Time `json:"start"`
	End          time.Time `json:"end"` // of a repeating one
}

// Key is the id.
func (d *Discount) Key() string { return d.ID }

// Owner is the customer.
func (d *Discount) Owner() string { return d.Customer }

// PromotionCode is a text that a buyer may type to get a coupon.
type PromotionCode struct {
	ID             string            `json:"id"`
	Created        time.Time         `json:"created"`
	Code           string            `json:"code"`
	Coupon         string            `json:"coupon"`
	Customer       string            `json:"customer"` // "": anybody's
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

// Owner is the code as it is compared: without regard to case.
func (p *PromotionCode) Owner() string { return strings.ToLower(p.Code) }
