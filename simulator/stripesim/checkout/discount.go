package checkout

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// readSessionDiscount reads discounts (one at most) and allow_promotion_codes.
func (s *Checkout) readSessionDiscount(c *api.Call, session *state.CheckoutSession) *api.Error {
	session.AllowPromotionCodes = c.Boolean("allow_promotion_codes", false)
	grants := s.Discounts.ReadDiscounts(c.Params, nil, "coupon", "promotion_code")
	switch {
	case len(grants) > 0 && c.Has("allow_promotion_codes"):
		c.Fail(api.Malformed("", "discounts", "You may only specify one of these parameters: allow_promotion_codes, discounts."))
	case len(grants) > 1:
		c.Fail(api.Malformed("", "discounts", "You can only apply one discount to a Checkout Session."))
	}
	if failure := c.Failed(); failure != nil || len(grants) == 0 {
		return failure
	}
	if failure := s.Discounts.Admissible(grants, s.sessionPurchase(session)); failure != nil {
		return failure
	}
	session.Given = &grants[0]
	return nil
}

// sessionPurchase returns what a session's discount is checked against.
func (s *Checkout) sessionPurchase(session *state.CheckoutSession) discounts.Purchase {
	in := discounts.Purchase{Customer: s.State.Customers.Get(session.Customer), Currency: session.Currency}
	for _, line := range session.Lines {
		price := s.State.Prices.Get(line.Price)
		in.Amount += price.Amount * line.Quantity
		in.Products = append(in.Products, price.Product)
	}
	return in
}

// ApplyPromotionCode replaces the discount of an open session with that of a
// code. Its errors are texts for the buyer. Call it as part of a change to the
// session.
func (s *Checkout) ApplyPromotionCode(session *state.CheckoutSession, text string) error {
	if !session.AllowPromotionCodes || session.Status != "open" {
		return api.Invalid("promotion_code", "This checkout takes no promotion codes.")
	}
	code := s.Discounts.CodeFor(text, s.State.Customers.Get(session.Customer))
	if code == nil {
		return api.Invalid("promotion_code", "This code is invalid.")
	}
	given := state.Grant{Coupon: code.Coupon, PromotionCode: code.ID,
		Terms: discounts.TermsOf(s.State.Coupons.Get(code.Coupon))}
	if failure := s.Discounts.Redeemable(given, s.sessionPurchase(session), "promotion_code"); failure != nil {
		return failure
	}
	s.giveSession(session, &given)
	return nil
}

// RemovePromotionCode removes the code that the buyer applied.
func (s *Checkout) RemovePromotionCode(session *state.CheckoutSession) {
	if session.AllowPromotionCodes && session.Status == "open" {
		s.giveSession(session, nil)
	}
}

func (s *Checkout) giveSession(session *state.CheckoutSession, given *state.Grant) {
	session.Given = given
	if tried := s.State.PaymentIntents.Get(session.Tried); tried != nil {
		tried.Amount = s.Due(session) // a declined attempt was for another amount
	}
}

// redeemSession redeems the discount of a one-time payment.
func (s *Checkout) redeemSession(session *state.CheckoutSession) {
	if session.Given != nil && session.Mode == "payment" {
		s.Discounts.Redeem(*session.Given, state.Discount{Customer: session.Customer, Session: session.ID})
	}
}
