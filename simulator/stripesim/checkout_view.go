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
	session := s.state.Sessions.Get(id)
	var data []any
	for i := range session.Lines[:min(10, len(session.Lines))] {
		data = append(data, s.showSessionLine(session, &session.Lines[i]))
	}
	return list("/v1/checkout/sessions/"+id+"/line_items", data, len(session.Lines) > 10)
}

func (s *Stripe) showSessionLine(session *CheckoutSession, line *SessionLine) object {
	price := s.state.Prices.Get(line.Price)
	amount, discount := price.Amount*line.Quantity, s.lineDiscount(session, line)
	return object{"id": line.ID, "object": "item", "adjustable_quantity": nil, "amount_discount": discount, "amount_subtotal": amount, "amount_tax": 0,
		"amount_total": amount - discount, "currency": price.Currency, "description": s.state.Products.Get(price.Product).Name, "metadata": object{},
		"price": s.showPrice(price), "quantity": line.Quantity}
}

func (s *Stripe) trialEndOf(session *CheckoutSession) time.Time {
	if session.TrialDays > 0 {
		return s.now().Add(time.Duration(session.TrialDays) * 24 * time.Hour)
	}
	return session.TrialEnd
}

func (s *Stripe) showSession(cs *CheckoutSession) object {
	var address, details any
	if cs.Status == "open" {
		address = s.link("/c/pay/" + cs.ID)
	}
	email := s.emailOf(cs)
	if email != "" {
		details = object{"address": nil, "business_name": nil, "email": email, "individual_name": nil, "name": nil, "phone": nil, "tax_exempt": "none", "tax_ids": []any{}}
	}
	amount, discount := s.totals(cs)
	if cs.Status != "open" && cs.PaymentStatus == "no_payment_required" && discount == 0 {
		amount = 0
	}
	var promotionCodes any
	if cs.AllowPromotionCodes {
		promotionCodes = true
	}
	return object{"id": cs.ID, "object": "checkout.session", "adaptive_pricing": nil, "after_expiration": nil, "allow_promotion_codes": promotionCodes,
		"amount_subtotal": amount, "amount_total": amount - discount, "automatic_tax": object{"enabled": false, "liability": nil, "provider": nil, "status": nil},
		"billing_address_collection": nil, "cancel_url": orNull(cs.CancelURL), "client_reference_id": orNull(cs.ClientReferenceID), "client_secret": nil,
		"collected_information": nil, "consent": nil, "consent_collection": nil, "created": cs.Created.Unix(), "currency": cs.Currency,
		"currency_conversion": nil, "custom_fields": []any{},
		"custom_text": object{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"customer":    orNull(cs.Customer), "customer_account": nil, "customer_creation": orNull(cs.CustomerCreation), "customer_details": details,
		"customer_email": orNull(cs.CustomerEmail), "discounts": showSessionDiscounts(cs), "expires_at": cs.ExpiresAt.Unix(), "invoice": orNull(cs.Invoice),
		"invoice_creation": nil, "livemode": false, "locale": nil, "metadata": shown(cs.Metadata), "mode": cs.Mode, "origin_context": nil,
		"payment_intent": orNull(cs.PaymentIntent), "payment_link": nil, "payment_method_collection": "always",
		"payment_method_configuration_details": nil, "payment_method_options": object{}, "payment_method_types": []any{"card"},
		"payment_status": cs.PaymentStatus, "permissions": nil, "phone_number_collection": object{"enabled": false}, "recovered_from": nil,
		"saved_payment_method_options": nil, "setup_intent": nil, "shipping_address_collection": nil, "shipping_cost": nil,
		"shipping_options": []any{}, "status": cs.Status, "submit_type": nil, "subscription": orNull(cs.Subscription), "success_url": orNull(cs.SuccessURL),
		"total_details": object{"amount_discount": discount, "amount_shipping": 0, "amount_tax": 0}, "ui_mode": "hosted_page", "url": address, "wallet_options": nil}
}

// emailOf is what customer_details shows.
func (s *Stripe) emailOf(cs *CheckoutSession) string {
	known := cmp.Or(cs.BuyerEmail, cs.CustomerEmail)
	if customer := s.state.Customers.Get(cs.Customer); customer != nil && !customer.Deleted {
		known = cmp.Or(customer.Email, known)
	}
	return known
}

// money writes an amount as a person reads it.
func money(amount int64, currency string) string {
	if slices.Contains([]string{"jpy", "krw", "clp", "vnd", "ugx"}, currency) { // no smaller unit
		return fmt.Sprintf("%d %s", amount, strings.ToUpper(currency))
	}
	return fmt.Sprintf("%d.%02d %s", amount/100, amount%100, strings.ToUpper(currency))
}
