package stripesim

import (
	"slices"
	"strings"
)

// purchase is what a grant is checked against.
type purchase struct {
	customer *Customer // nil when there is none yet
	currency string    // "" when it is not known
	amount   int64     // before discounts
	products []string  // nil when any may come
}

// readDiscounts reads discounts[n][coupon|promotion_code|discount]. existing are
// the discounts that may be kept by their id.
func (s *Stripe) readDiscounts(p params, existing []string, fields ...string) []grant {
	var grants []grant
	for _, sent := range p.list("discounts") {
		sent.only(fields...)
		if len(sent.at.order) != 1 {
			sent.fail(malformed("", sent.prefix, "Exactly one of these must be given: %s.", strings.Join(fields, ", ")))
			continue
		}
		if given := s.readGrant(sent, existing); given != nil {
			grants = append(grants, *given)
		}
	}
	return grants
}

// readGrant reads a coupon, a promotion code or an existing discount; nil when
// there is none, or it cannot be had.
func (s *Stripe) readGrant(p params, existing []string) *grant {
	coupon, code := p.text("coupon"), p.text("promotion_code")
	switch {
	case p.has("discount"):
		id := p.required("discount")
		if kept := s.state.Discounts.Get(id); kept != nil && slices.Contains(existing, id) {
			given := kept.grant
			given.discount = id
			return &given
		}
		p.fail(noSuch("discount", id, p.name("discount")))
	case coupon != "":
		found, err := s.liveCoupon(coupon, p.name("coupon"))
		if err != nil {
			p.fail(noSuch("coupon", coupon, p.name("coupon")))
			return nil
		}
		return &grant{Coupon: found.ID, Terms: termsOf(found)}
	case code != "":
		found := s.state.PromotionCodes.Get(code)
		if found == nil {
			p.fail(noSuch("promotion code", code, p.name("promotion_code")))
			return nil
		}
		return &grant{Coupon: found.Coupon, PromotionCode: found.ID, Terms: termsOf(s.state.Coupons.Get(found.Coupon))}
	}
	return nil
}

// admissible refuses grants that cannot be redeemed for a purchase.
func (s *Stripe) admissible(grants []grant, in purchase) *Error {
	for _, given := range grants {
		if given.discount != "" {
			continue
		}
		if failure := s.redeemable(given, in, "discounts"); failure != nil {
			return failure
		}
	}
	return nil
}

func (s *Stripe) redeemable(given grant, in purchase, param string) *Error {
	coupon := s.state.Coupons.Get(given.Coupon)
	if code := s.state.PromotionCodes.Get(given.PromotionCode); code != nil {
		if failure := s.codeApplies(code, in, param); failure != nil {
			return failure
		}
	}
	switch {
	case !coupon.valid(s.now()):
		return invalidCode("coupon_expired", param, "Coupon expired: %s", coupon.ID)
	case coupon.AmountOff > 0 && in.currency != "" && coupon.Currency != in.currency:
		return invalid(param, "The coupon `%s` takes off an amount in %s, which cannot be applied to a price in %s.",
			coupon.ID, coupon.Currency, in.currency)
	case len(coupon.Products) > 0 && in.products != nil &&
		!slices.ContainsFunc(in.products, func(id string) bool { return slices.Contains(coupon.Products, id) }):
		return invalid(param, "The coupon `%s` cannot be redeemed because it does not apply to anything in this order.",
			coupon.ID)
	}
	return nil
}

// codeApplies checks what a promotion code asks of the one who redeems it.
func (s *Stripe) codeApplies(code *PromotionCode, in purchase, param string) *Error {
	switch {
	case !s.usable(code):
		return invalid(param, "The promotion code `%s` is not active.", code.Code)
	case code.Customer != "" && (in.customer == nil || code.Customer != in.customer.ID):
		return invalid(param, "This promotion code cannot be redeemed by this customer.")
	case code.FirstTime && in.customer != nil && s.hasPaid(in.customer.ID):
		return invalid(param, "This promotion code cannot be redeemed because the associated customer has prior transactions.")
	case code.Minimum > 0 && (in.currency != "" && code.MinimumIn != in.currency || in.amount < code.Minimum):
		return invalid(param, "This promotion code cannot be redeemed because the order does not reach the minimum of %s.",
			money(code.Minimum, code.MinimumIn))
	}
	return nil
}

// hasPaid says whether a customer has a successful payment or a paid invoice.
func (s *Stripe) hasPaid(customer string) bool {
	if slices.ContainsFunc(s.state.Invoices.Of(customer), func(invoice *Invoice) bool {
		return invoice.Status == "paid" &&
			invoice.Due > 0
	}) {
		return true
	}
	for charge := range s.state.Charges.Newest() {
		if charge.Customer == customer && charge.Status == "succeeded" {
			return true
		}
	}
	return false
}

// codeFor finds the promotion code that a customer means by a text, or nil: the
// customer's own before everybody's.
func (s *Stripe) codeFor(text string, customer *Customer) *PromotionCode {
	var general *PromotionCode
	for _, code := range s.state.PromotionCodes.Of(strings.ToLower(strings.TrimSpace(text))) {
		switch {
		case !s.usable(code):
		case code.Customer == "":
			general = code
		case customer != nil && code.Customer == customer.ID:
			return code
		}
	}
	return general
}
