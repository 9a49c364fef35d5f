package discounts

import (
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Purchase is what a grant is checked against.
type Purchase struct {
	Customer *state.Customer // nil if there is none yet
	Currency string          // "" if unknown
	Amount   int64           // before discounts
	Products []string        // nil if any product is possible
}

// ReadDiscounts reads discounts[n][coupon|promotion_code|discount]. existing
// lists the discounts that may be kept, by id.
func (s *Discounts) ReadDiscounts(p api.Params, existing []string, fields ...string) []state.Grant {
	var grants []state.Grant
	for _, sent := range p.List("discounts") {
		sent.Only(fields...)
		if len(sent.At.Order) != 1 {
			sent.Fail(api.Malformed("", sent.Prefix, "Exactly one of these must be given: %s.", strings.Join(fields, ", ")))
			continue
		}
		if given := s.readGrant(sent, existing); given != nil {
			grants = append(grants, *given)
		}
	}
	return grants
}

// readGrant reads a coupon, a promotion code or an existing discount. It
// returns nil if none was sent or none can be used.
func (s *Discounts) readGrant(p api.Params, existing []string) *state.Grant {
	coupon, code := p.Text("coupon"), p.Text("promotion_code")
	switch {
	case p.Has("discount"):
		id := p.Required("discount")
		if kept := s.State.Discounts.Get(id); kept != nil && slices.Contains(existing, id) {
			given := kept.Grant
			given.Discount = id
			return &given
		}
		p.Fail(api.NoSuch("discount", id, p.Name("discount")))
	case coupon != "":
		found, err := s.Catalog.LiveCoupon(coupon, p.Name("coupon"))
		if err != nil {
			p.Fail(api.NoSuch("coupon", coupon, p.Name("coupon")))
			return nil
		}
		return &state.Grant{Coupon: found.ID, Terms: TermsOf(found)}
	case code != "":
		found := s.State.PromotionCodes.Get(code)
		if found == nil {
			p.Fail(api.NoSuch("promotion code", code, p.Name("promotion_code")))
			return nil
		}
		return &state.Grant{Coupon: found.Coupon, PromotionCode: found.ID, Terms: TermsOf(s.State.Coupons.Get(found.Coupon))}
	}
	return nil
}

// Admissible refuses grants that cannot be redeemed for a purchase.
func (s *Discounts) Admissible(grants []state.Grant, in Purchase) *api.Error {
	for _, given := range grants {
		if given.Discount != "" {
			continue
		}
		if failure := s.Redeemable(given, in, "discounts"); failure != nil {
			return failure
		}
	}
	return nil
}

// Redeemable returns the error for a grant that cannot be redeemed for a
// purchase, or nil.
func (s *Discounts) Redeemable(given state.Grant, in Purchase, param string) *api.Error {
	coupon := s.State.Coupons.Get(given.Coupon)
	if code := s.State.PromotionCodes.Get(given.PromotionCode); code != nil {
		if failure := s.codeApplies(code, in, param); failure != nil {
			return failure
		}
	}
	switch {
	case !coupon.Valid(s.Now()):
		return api.InvalidCode("coupon_expired", param, "Coupon expired: %s", coupon.ID)
	case coupon.AmountOff > 0 && in.Currency != "" && coupon.Currency != in.Currency:
		return api.Invalid(param, "The coupon `%s` takes off an amount in %s, which cannot be applied to a price in %s.",
			coupon.ID, coupon.Currency, in.Currency)
	case len(coupon.Products) > 0 && in.Products != nil &&
		!slices.ContainsFunc(in.Products, func(id string) bool { return slices.Contains(coupon.Products, id) }):
		return api.Invalid(param, "The coupon `%s` cannot be redeemed because it does not apply to anything in this order.",
			coupon.ID)
	}
	return nil
}

// codeApplies checks the conditions of a promotion code.
func (s *Discounts) codeApplies(code *state.PromotionCode, in Purchase, param string) *api.Error {
	switch {
	case !s.Usable(code):
		return api.Invalid(param, "The promotion code `%s` is not active.", code.Code)
	case code.Customer != "" && (in.Customer == nil || code.Customer != in.Customer.ID):
		return api.Invalid(param, "This promotion code cannot be redeemed by this customer.")
	case code.FirstTime && in.Customer != nil && s.hasPaid(in.Customer.ID):
		return api.Invalid(param, "This promotion code cannot be redeemed because the associated customer has prior transactions.")
	case code.Minimum > 0 && (in.Currency != "" && code.MinimumIn != in.Currency || in.Amount < code.Minimum):
		return api.Invalid(param, "This promotion code cannot be redeemed because the order does not reach the minimum of %s.",
			account.Money(code.Minimum, code.MinimumIn))
	}
	return nil
}

// hasPaid reports whether a customer has a successful payment or a paid
// invoice.
func (s *Discounts) hasPaid(customer string) bool {
	if slices.ContainsFunc(s.State.Invoices.Of(customer), func(invoice *state.Invoice) bool {
		return invoice.Status == "paid" &&
			invoice.Due > 0
	}) {
		return true
	}
	for charge := range s.State.Charges.Newest() {
		if charge.Customer == customer && charge.Status == "succeeded" {
			return true
		}
	}
	return false
}

// CodeFor returns the promotion code that a customer means by a text, or nil. A
// customer's own code comes before a general one.
func (s *Discounts) CodeFor(text string, customer *state.Customer) *state.PromotionCode {
	var general *state.PromotionCode
	for _, code := range s.State.PromotionCodes.Of(strings.ToLower(strings.TrimSpace(text))) {
		switch {
		case !s.Usable(code):
		case code.Customer == "":
			general = code
		case customer != nil && code.Customer == customer.ID:
			return code
		}
	}
	return general
}
