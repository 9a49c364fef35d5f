package stripesim

import (
	"slices"
)

// readSessionDiscount reads discounts, of which a session takes one, and
// allow_promotion_codes.
func (s *Stripe) readSessionDiscount(c *call, session *CheckoutSession) *Error {
	session.AllowPromotionCodes = c.boolean("allow_promotion_codes", false)
	grants := s.readDiscounts(c.params, nil, "coupon", "promotion_code")
	switch {
	case len(grants) > 0 && c.has("allow_promotion_codes"):
		c.fail(malformed("", "discounts", "You may only specify one of these parameters: allow_promotion_codes, discounts."))
	case len(grants) > 1:
		c.fail(malformed("", "discounts", "You can only apply one discount to a Checkout Session."))
	}
	if failure := c.failed(); failure != nil || len(grants) == 0 {
		return failure
	}
	if failure := s.admissible(grants, s.sessionPurchase(session)); failure != nil {
		return failure
	}
	session.Given = &grants[0]
	return nil
}

// sessionPurchase is what a session's discount is checked against.
func (s *Stripe) sessionPurchase(session *CheckoutSession) purchase {
	in := purchase{customer: s.state.Customers.Get(session.Customer), currency: session.Currency}
	for _, line := range session.Lines {
		price := s.state.Prices.Get(line.Price)
		in.amount += price.Amount * line.Quantity
		in.products = append(in.products, price.Product)
	}
	return in
}

// applyPromotionCode gives an open session the discount of a code that the buyer
// typed, in the place of any other. Its errors say what is wrong in words for
// the buyer. Call it as part of a change to the session.
func (s *Stripe) applyPromotionCode(session *CheckoutSession, text string) error {
	if !session.AllowPromotionCodes || session.Status != "open" {
		return invalid("promotion_code", "This checkout takes no promotion codes.")
	}
	code := s.codeFor(text, s.state.Customers.Get(session.Customer))
	if code == nil {
		return invalid("promotion_code", "This code is invalid.")
	}
	given := grant{Coupon: code.Coupon, PromotionCode: code.ID, Terms: termsOf(s.state.Coupons.Get(code.Coupon))}
	if failure := s.redeemable(given, s.sessionPurchase(session), "promotion_code"); failure != nil {
		return failure
	}
	s.giveSession(session, &given)
	return nil
}

// ApplyPromotionCode does what a buyer does who types a promotion code on the
// hosted page. An empty text takes the code back off.
func (s *Stripe) ApplyPromotionCode(sessionID, text string) error {
	var err error
	s.change(sessionID, func() {
		switch session := s.state.Sessions.Get(sessionID); {
		case session == nil:
			err = noSuch("checkout.session", sessionID, "id")
		case text == "":
			s.removePromotionCode(session)
		default:
			err = s.applyPromotionCode(session, text)
		}
	})
	return err
}

// removePromotionCode takes the code back off that the buyer applied.
func (s *Stripe) removePromotionCode(session *CheckoutSession) {
	if session.AllowPromotionCodes && session.Status == "open" {
		s.giveSession(session, nil)
	}
}

func (s *Stripe) giveSession(session *CheckoutSession, given *grant) {
	session.Given = given
	if tried := s.state.PaymentIntents.Get(session.Tried); tried != nil {
		tried.Amount = s.due(session) // a declined attempt was for another amount
	}
}

// sessionReductions are what the lines of a session cost now, nothing for
// recurring ones during a trial, and what the discount takes off each.
func (s *Stripe) sessionReductions(session *CheckoutSession) (lines []discounted, taken []int64) {
	lines, taken = make([]discounted, len(session.Lines)), make([]int64, len(session.Lines))
	trial := s.trialEndOf(session).After(s.now())
	for i, line := range session.Lines {
		price := s.state.Prices.Get(line.Price)
		lines[i] = discounted{amount: price.Amount * line.Quantity, product: price.Product}
		if price.recurring() && trial {
			lines[i].amount = 0
		}
	}
	if session.Given != nil {
		for i, off := range reduce(lines, []terms{session.Given.Terms}, session.Currency) {
			taken[i] = sum(off)
		}
	}
	return lines, taken
}

// totals are what a session costs now, before its discount, and the discount.
func (s *Stripe) totals(session *CheckoutSession) (subtotal, discount int64) {
	lines, taken := s.sessionReductions(session)
	for _, line := range lines {
		subtotal += line.amount
	}
	return subtotal, sum(taken)
}

// due is what the buyer pays now.
func (s *Stripe) due(session *CheckoutSession) int64 {
	subtotal, discount := s.totals(session)
	return subtotal - discount
}

// grants are the discounts that a session's subscription is to have.
func (cs *CheckoutSession) grants() []grant {
	if cs.Given == nil {
		return nil
	}
	return []grant{*cs.Given}
}

// redeemSession counts the discount of a one-time payment.
func (s *Stripe) redeemSession(session *CheckoutSession) {
	if session.Given != nil && session.Mode == "payment" {
		s.redeem(*session.Given, Discount{Customer: session.Customer, Session: session.ID})
	}
}

func (s *Stripe) lineDiscount(session *CheckoutSession, line *SessionLine) int64 {
	_, taken := s.sessionReductions(session)
	return taken[slices.IndexFunc(session.Lines, func(other SessionLine) bool { return other.ID == line.ID })]
}

func showSessionDiscounts(session *CheckoutSession) []any {
	if session.Given == nil {
		return []any{}
	}
	return []any{object{"coupon": session.Given.Coupon, "promotion_code": orNull(session.Given.PromotionCode)}}
}
