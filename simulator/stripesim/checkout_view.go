package stripesim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sessionLines is the included line_items list: at most ten, as Stripe shows.
func (s *Stripe) sessionLines(id string) any {
	return s.firstLinesOf(s.state.Sessions.Get(id), "/v1/checkout/sessions/"+id)
}

func (s *Stripe) firstLinesOf(session *CheckoutSession, of string) any {
	var data []any
	for i := range session.Lines[:min(10, len(session.Lines))] {
		data = append(data, s.showSessionLine(session, &session.Lines[i]))
	}
	return list(of+"/line_items", data, len(session.Lines) > 10)
}

func (s *Stripe) showSessionLine(session *CheckoutSession, line *SessionLine) object {
	price := s.state.Prices.Get(line.Price)
	amount, discount := price.Amount*line.Quantity, s.lineDiscount(session, line)
	var adjustable any
	if line.Adjustable {
		adjustable = object{"enabled": true, "minimum": line.Minimum, "maximum": line.Maximum}
	}
	return object{"id": line.ID, "object": "item", "adjustable_quantity": adjustable, "amount_discount": discount,
		"amount_subtotal": amount, "amount_tax": 0,
		"amount_total": amount - discount, "currency": price.Currency,
		"description": s.state.Products.Get(price.Product).Name, "metadata": shown(line.Metadata),
		"price": s.showPrice(price), "quantity": line.Quantity}
}

func (s *Stripe) trialEndOf(session *CheckoutSession) time.Time {
	if session.TrialDays > 0 {
		return s.now().Add(time.Duration(session.TrialDays) * 24 * time.Hour)
	}
	return session.TrialEnd
}

func (s *Stripe) showSession(cs *CheckoutSession) object {
	var address any
	if cs.Status == "open" {
		address = s.link("/c/pay/" + cs.ID)
	}
	var promotionCodes any
	if cs.AllowPromotionCodes {
		promotionCodes = true
	}
	shown := object{"id": cs.ID, "object": "checkout.session", "after_expiration": nil,
		"allow_promotion_codes": promotionCodes,
		"automatic_tax":         object{"enabled": false, "liability": nil, "provider": nil, "status": nil},
		"cancel_url":            orNull(cs.CancelURL), "client_reference_id": orNull(cs.ClientReferenceID), "client_secret": nil,
		"collected_information": nil, "created": cs.Created.Unix(), "currency": orNull(cs.Currency),
		"currency_conversion": nil, "custom_fields": []any{},
		"customer": orNull(cs.Customer), "customer_account": nil, "customer_creation": orNull(cs.CustomerCreation),
		"customer_details": s.showBuyer(cs),
		"customer_email":   orNull(cs.CustomerEmail), "discounts": showSessionDiscounts(cs), "expires_at": cs.ExpiresAt.Unix(),
		"invoice":          orNull(cs.Invoice),
		"invoice_creation": nil, "livemode": false, "metadata": shown(cs.Metadata), "mode": cs.Mode,
		"payment_intent": orNull(cs.PaymentIntent), "payment_link": orNull(cs.PaymentLink),
		"payment_method_collection":            cs.collection(),
		"payment_method_configuration_details": nil, "payment_method_options": object{
			"card": object{"request_three_d_secure": "automatic"}},
		"payment_method_types": offered(cs.Types, cs.Currency), "payment_status": cs.PaymentStatus, "permissions": nil,
		"recovered_from": nil,
		"setup_intent":   orNull(cs.SetupIntent), "shipping_address_collection": nil, "shipping_cost": nil,
		"shipping_options": []any{}, "status": cs.Status, "subscription": orNull(cs.Subscription),
		"success_url": orNull(cs.SuccessURL),
		"ui_mode":     "hosted_page", "url": address, "wallet_options": nil}
	s.showAmounts(shown, cs)
	cs.Options.show(shown, cs.Status == "complete")
	return shown
}

// showAmounts adds what the buyer pays, or paid: nothing in mode setup.
func (s *Stripe) showAmounts(into object, cs *CheckoutSession) {
	if cs.Mode == "setup" {
		into["amount_subtotal"], into["amount_total"], into["total_details"] = nil, nil, nil
		return
	}
	amount, discount := s.totals(cs)
	if cs.Status != "open" && cs.PaymentStatus == "no_payment_required" && discount == 0 {
		amount = 0
	}
	into["amount_subtotal"], into["amount_total"] = amount, amount-discount
	into["total_details"] = object{"amount_discount": discount, "amount_shipping": 0, "amount_tax": 0}
}

// collection is when the page asks for a payment method: without one being
// asked for, only when there is something to pay.
func (cs *CheckoutSession) collection() string {
	if cs.MethodCollection == "" && cs.Mode == "payment" {
		return "if_required"
	}
	return cmp.Or(cs.MethodCollection, "always")
}

// needsMethod says whether the buyer cannot complete the session without a
// payment method.
func (s *Stripe) needsMethod(cs *CheckoutSession) bool {
	return cs.Mode == "setup" || s.due(cs) > 0 || cs.collection() == "always"
}

// emailOf is what customer_details shows: what the buyer typed, once the session
// is complete, whatever the customer's address becomes later.
func (s *Stripe) emailOf(cs *CheckoutSession) string {
	if cs.Status == "complete" && cs.BuyerEmail != "" {
		return cs.BuyerEmail
	}
	return cmp.Or(s.fixedEmail(cs), cs.BuyerEmail, cs.CustomerEmail, cs.PrefilledEmail)
}

// money writes an amount as a person reads it.
func money(amount int64, currency string) string {
	if amount < 0 {
		return "-" + money(-amount, currency)
	}
	if slices.Contains([]string{"jpy", "krw", "clp", "vnd", "ugx"}, currency) { // no smaller unit
		return fmt.Sprintf("%d %s", amount, strings.ToUpper(currency))
	}
	return fmt.Sprintf("%d.%02d %s", amount/100, amount%100, strings.ToUpper(currency))
}
