package account

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ShowCoupon shows a coupon.
func (s *Account) ShowCoupon(c *state.Coupon) api.Object {
	shownAs := api.Object{"id": c.ID, "object": "coupon", "amount_off": nil, "created": c.Created.Unix(),
		"currency": api.OrNull(c.Currency), "duration": c.Duration, "duration_in_months": api.OrNone(c.Months),
		"livemode": false, "max_redemptions": api.OrNone(c.MaxRedemptions), "metadata": api.Shown(c.Metadata),
		"name": api.OrNull(c.Name), "percent_off": nil, "redeem_by": api.Unix(c.RedeemBy), "times_redeemed": c.Redeemed,
		"valid": c.Valid(s.Now())}
	if c.AmountOff > 0 {
		shownAs["amount_off"] = c.AmountOff
	} else {
		shownAs["percent_off"] = c.PercentOff
	}
	return shownAs
}

// DiscountsOf returns the discounts with the ids.
func (s *Account) DiscountsOf(ids []string) []*state.Discount {
	discounts := make([]*state.Discount, len(ids))
	for i, id := range ids {
		discounts[i] = s.State.Discounts.Get(id)
	}
	return discounts
}

// ShowDiscount shows a discount.
func (s *Account) ShowDiscount(d *state.Discount) api.Object {
	return api.Object{"id": d.ID, "object": "discount", "checkout_session": api.OrNull(d.Session),
		"customer": api.OrNull(d.Customer), "customer_account": nil, "end": api.Unix(d.End),
		"invoice": api.OrNull(d.Invoice), "invoice_item": api.OrNull(d.InvoiceItem),
		"promotion_code": api.OrNull(d.PromotionCode), "source": api.Object{"coupon": d.Coupon, "type": "coupon"},
		"start": d.Start.Unix(), "subscription": api.OrNull(d.Subscription), "subscription_item": nil}
}

// netAmount returns an invoice item's amount after its own discounts.
func (s *Account) netAmount(item *state.InvoiceItem) int64 {
	line := state.Discounted{Amount: item.Amount, Exempt: item.Proration || !item.Discountable}
	if price := s.State.Prices.Get(item.Price); price != nil {
		line.Product = price.Product
	}
	return item.Amount - state.Sum(state.Reduce([]state.Discounted{line},
		state.TermsOfAll(s.DiscountsOf(item.Discounts)), item.Currency)[0])
}

// Discountable reports whether discounts apply to a line. They never apply to a
// proration.
func (s *Account) Discountable(line *state.InvoiceLine) bool {
	item := s.State.InvoiceItems.Get(line.InvoiceItem)
	return !line.Proration && (item == nil || item.Discountable)
}

// showTaken shows discount amounts, one entry per discount.
func showTaken(lines ...state.InvoiceLine) []any {
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
		shown[i] = api.Object{"amount": amounts[id], "discount": id}
	}
	return shown
}

// Usable reports whether a promotion code can be redeemed; the field active
// shows it.
func (s *Account) Usable(code *state.PromotionCode) bool {
	return code.Active && (code.MaxRedemptions == 0 || code.Redeemed < code.MaxRedemptions) &&
		(code.ExpiresAt.IsZero() || s.Now().Before(code.ExpiresAt)) && s.State.Coupons.Get(code.Coupon).Valid(s.Now())
}

// ShowPromotionCode shows a promotion code.
func (s *Account) ShowPromotionCode(p *state.PromotionCode) api.Object {
	return api.Object{"id": p.ID, "object": "promotion_code", "active": s.Usable(p), "code": p.Code,
		"created": p.Created.Unix(), "customer": api.OrNull(p.Customer), "customer_account": nil,
		"expires_at": api.Unix(p.ExpiresAt), "livemode": false, "max_redemptions": api.OrNone(p.MaxRedemptions),
		"metadata": api.Shown(p.Metadata), "promotion": api.Object{"type": "coupon", "coupon": p.Coupon},
		"restrictions": api.Object{"first_time_transaction": p.FirstTime, "minimum_amount": api.OrNone(p.Minimum),
			"minimum_amount_currency": api.OrNull(p.MinimumIn)},
		"times_redeemed": p.Redeemed}
}
