package account

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// FixedEmail returns the address that the buyer cannot change: customer_email
// or the customer's own. It is empty if there is neither.
func (s *Account) FixedEmail(session *state.CheckoutSession) string {
	if customer := s.State.Customers.Get(session.Customer); customer != nil && !customer.Deleted {
		return customer.Email
	}
	return session.CustomerEmail
}

// showBuyer shows customer_details; null until an e-mail address is known.
func (s *Account) showBuyer(cs *state.CheckoutSession) any {
	email := s.EmailOf(cs)
	if email == "" {
		return nil
	}
	name := cs.BuyerName
	if customer := s.State.Customers.Get(cs.Customer); name == "" && customer != nil && cs.Status == "complete" {
		name = customer.Name
	}
	return api.Object{"address": api.ShowAddress(cs.BuyerAddress), "business_name": nil, "email": email,
		"individual_name": nil, "name": api.OrNull(name), "phone": api.OrNull(cs.BuyerPhone), "tax_exempt": "none",
		"tax_ids": []any{}}
}

// sessionReductions returns what the lines of a session cost now and what the
// discount takes off each. During a trial, recurring lines cost nothing.
func (s *Account) sessionReductions(session *state.CheckoutSession) (lines []state.Discounted, taken []int64) {
	lines, taken = make([]state.Discounted, len(session.Lines)), make([]int64, len(session.Lines))
	trial := s.TrialEndOf(session).After(s.Now())
	for i, line := range session.Lines {
		price := s.State.Prices.Get(line.Price)
		lines[i] = state.Discounted{Amount: price.Amount * line.Quantity, Product: price.Product}
		if price.Recurring() && trial {
			lines[i].Amount = 0
		}
	}
	if session.Given != nil {
		for i, off := range state.Reduce(lines, []state.Terms{session.Given.Terms}, session.Currency) {
			taken[i] = state.Sum(off)
		}
	}
	return lines, taken
}

// Totals returns what a session costs now without its discount, and the
// discount.
func (s *Account) Totals(session *state.CheckoutSession) (subtotal, discount int64) {
	lines, taken := s.sessionReductions(session)
	for _, line := range lines {
		subtotal += line.Amount
	}
	return subtotal, state.Sum(taken)
}

// Due returns what the buyer pays now.
func (s *Account) Due(session *state.CheckoutSession) int64 {
	subtotal, discount := s.Totals(session)
	return subtotal - discount
}

func (s *Account) lineDiscount(session *state.CheckoutSession, line *state.SessionLine) int64 {
	_, taken := s.sessionReductions(session)
	return taken[slices.IndexFunc(session.Lines, func(other state.SessionLine) bool { return other.ID == line.ID })]
}

func showSessionDiscounts(session *state.CheckoutSession) []any {
	if session.Given == nil {
		return []any{}
	}
	return []any{api.Object{"coupon": session.Given.Coupon, "promotion_code": api.OrNull(session.Given.PromotionCode)}}
}

// SessionLines shows line_items when it is expanded: ten lines at most, like
// Stripe.
func (s *Account) SessionLines(id string) any {
	return s.FirstLinesOf(s.State.Sessions.Get(id), "/v1/checkout/sessions/"+id)
}

// FirstLinesOf shows the first ten lines of a session as the line_items list of
// the object at the path of.
func (s *Account) FirstLinesOf(session *state.CheckoutSession, of string) any {
	var data []any
	for i := range session.Lines[:min(10, len(session.Lines))] {
		data = append(data, s.ShowSessionLine(session, &session.Lines[i]))
	}
	return api.List(of+"/line_items", data, len(session.Lines) > 10)
}

// ShowSessionLine shows a line of a checkout session.
func (s *Account) ShowSessionLine(session *state.CheckoutSession, line *state.SessionLine) api.Object {
	price := s.State.Prices.Get(line.Price)
	amount, discount := price.Amount*line.Quantity, s.lineDiscount(session, line)
	var adjustable any
	if line.Adjustable {
		adjustable = api.Object{"enabled": true, "minimum": line.Minimum, "maximum": line.Maximum}
	}
	return api.Object{"id": line.ID, "object": "item", "adjustable_quantity": adjustable, "amount_discount": discount,
		"amount_subtotal": amount, "amount_tax": 0, "amount_total": amount - discount, "currency": price.Currency,
		"description": s.State.Products.Get(price.Product).Name, "metadata": api.Shown(line.Metadata),
		"price": s.ShowPrice(price), "quantity": line.Quantity}
}

// TrialEndOf returns the trial end of the session's subscription, or the zero
// time.
func (s *Account) TrialEndOf(session *state.CheckoutSession) time.Time {
	if session.TrialDays > 0 {
		return s.Now().Add(time.Duration(session.TrialDays) * 24 * time.Hour)
	}
	return session.TrialEnd
}

// ShowSession shows a checkout session.
func (s *Account) ShowSession(cs *state.CheckoutSession) api.Object {
	var address any
	if cs.Status == "open" {
		address = s.Link("/c/pay/" + cs.ID)
	}
	var promotionCodes any
	if cs.AllowPromotionCodes {
		promotionCodes = true
	}
	shown := api.Object{"id": cs.ID, "object": "checkout.session", "after_expiration": nil,
		"allow_promotion_codes": promotionCodes,
		"automatic_tax":         api.Object{"enabled": false, "liability": nil, "provider": nil, "status": nil},
		"cancel_url":            api.OrNull(cs.CancelURL), "client_reference_id": api.OrNull(cs.ClientReferenceID),
		"client_secret": nil, "collected_information": nil, "created": cs.Created.Unix(),
		"currency": api.OrNull(cs.Currency), "currency_conversion": nil, "custom_fields": []any{},
		"customer": api.OrNull(cs.Customer), "customer_account": nil, "customer_creation": api.OrNull(cs.CustomerCreation),
		"customer_details": s.showBuyer(cs), "customer_email": api.OrNull(cs.CustomerEmail),
		"discounts": showSessionDiscounts(cs), "expires_at": cs.ExpiresAt.Unix(), "invoice": api.OrNull(cs.Invoice),
		"invoice_creation": nil, "livemode": false, "metadata": api.Shown(cs.Metadata), "mode": cs.Mode,
		"payment_intent": api.OrNull(cs.PaymentIntent), "payment_link": api.OrNull(cs.PaymentLink),
		"payment_method_collection": cs.Collection(), "payment_method_configuration_details": nil,
		"payment_method_options": api.Object{"card": api.Object{"request_three_d_secure": "automatic"}},
		"payment_method_types":   state.Offered(cs.Types, cs.Currency), "payment_status": cs.PaymentStatus,
		"permissions": nil, "recovered_from": nil, "setup_intent": api.OrNull(cs.SetupIntent),
		"shipping_address_collection": nil, "shipping_cost": nil, "shipping_options": []any{}, "status": cs.Status,
		"subscription": api.OrNull(cs.Subscription), "success_url": api.OrNull(cs.SuccessURL), "ui_mode": "hosted_page",
		"url": address, "wallet_options": nil}
	s.showAmounts(shown, cs)
	cs.Options.Show(shown, cs.Status == "complete")
	return shown
}

// showAmounts adds what the buyer pays or paid. There are no amounts in mode
// setup.
func (s *Account) showAmounts(into api.Object, cs *state.CheckoutSession) {
	if cs.Mode == "setup" {
		into["amount_subtotal"], into["amount_total"], into["total_details"] = nil, nil, nil
		return
	}
	amount, discount := s.Totals(cs)
	if cs.Status != "open" && cs.PaymentStatus == "no_payment_required" && discount == 0 {
		amount = 0
	}
	into["amount_subtotal"], into["amount_total"] = amount, amount-discount
	into["total_details"] = api.Object{"amount_discount": discount, "amount_shipping": 0, "amount_tax": 0}
}

// NeedsMethod reports whether the buyer needs a payment method to complete the
// session.
func (s *Account) NeedsMethod(cs *state.CheckoutSession) bool {
	return cs.Mode == "setup" || s.Due(cs) > 0 || cs.Collection() == "always"
}

// EmailOf returns the address in customer_details. Once the session is
// complete, it is what the buyer typed, even if the customer's address changes
// later.
func (s *Account) EmailOf(cs *state.CheckoutSession) string {
	if cs.Status == "complete" && cs.BuyerEmail != "" {
		return cs.BuyerEmail
	}
	return cmp.Or(s.FixedEmail(cs), cs.BuyerEmail, cs.CustomerEmail, cs.PrefilledEmail)
}

// Money formats an amount for a person.
func Money(amount int64, currency string) string {
	if amount < 0 {
		return "-" + Money(-amount, currency)
	}
	if slices.Contains([]string{"jpy", "krw", "clp", "vnd", "ugx"}, currency) { // currencies without a smaller unit
		return fmt.Sprintf("%d %s", amount, strings.ToUpper(currency))
	}
	return fmt.Sprintf("%d.%02d %s", amount/100, amount%100, strings.ToUpper(currency))
}
