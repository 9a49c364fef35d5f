package stripesim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// defaultBuyer is what PayCheckout types where a buyer must type something.
const defaultBuyer = "buyer@example.com"

// fill takes over what a buyer typed on the page. An e-mail address that the
// session or its customer fixes stays.
func (s *Stripe) fill(session *CheckoutSession, typed Contact) *Error {
	if failure := refuseEmail("email", typed.Email); failure != nil {
		return failure
	}
	if session.Options.BillingAddress == "required" &&
		(typed.Address == nil || typed.Address.Line1 == "" || typed.Address.City == "" || typed.Address.PostalCode == "") {
		typed.Address = &Address{Line1: "1 Main Street", City: "Springfield", PostalCode: "12345", State: "IL", Country: "US"}
	}
	session.BuyerEmail = cmp.Or(s.fixedEmail(session), typed.Email, session.BuyerEmail, session.PrefilledEmail,
		defaultBuyer)
	session.BuyerName, session.BuyerPhone = cmp.Or(typed.Name, session.BuyerName), cmp.Or(typed.Phone, session.BuyerPhone)
	session.BuyerAddress = cmp.Or(typed.Address, session.BuyerAddress, &Address{Country: "US"})
	return nil
}

// fixedEmail is the address that the buyer cannot change: customer_email, or the
// customer's own. Without either it is empty.
func (s *Stripe) fixedEmail(session *CheckoutSession) string {
	if customer := s.state.Customers.Get(session.Customer); customer != nil && !customer.Deleted {
		return customer.Email
	}
	return session.CustomerEmail
}

// buyer is who pays a session, as the billing details of the payment method.
func (cs *CheckoutSession) buyer() Contact {
	return Contact{Email: cs.BuyerEmail, Name: cs.BuyerName, Phone: cs.BuyerPhone, Address: cs.BuyerAddress}
}

// ensureCustomer gives a session its customer: a new one in mode subscription
// and with customer_creation=always, none for a guest. A customer that was there
// gets an e-mail address if it had none, and what customer_update says.
func (s *Stripe) ensureCustomer(session *CheckoutSession) {
	if customer := s.state.Customers.Get(session.Customer); customer != nil {
		s.updateBuyer(customer, session)
		return
	}
	if session.Mode == "subscription" || session.CustomerCreation == "always" {
		session.Customer = s.addCustomer(&Customer{Email: session.BuyerEmail, Name: session.BuyerName,
			Phone:   session.BuyerPhone,
			Address: session.BuyerAddress, NextInvoice: 1}, nil).ID
	}
}

func (s *Stripe) updateBuyer(customer *Customer, session *CheckoutSession) {
	s.changeCustomer(customer, func() {
		customer.Email = cmp.Or(customer.Email, session.BuyerEmail)
		if slices.Contains(session.Options.CustomerUpdate, "name") {
			customer.Name = cmp.Or(session.BuyerName, customer.Name)
		}
		if slices.Contains(session.Options.CustomerUpdate, "address") {
			customer.Address = cmp.Or(session.BuyerAddress, customer.Address)
		}
	})
}

// showBuyer is customer_details: null until an e-mail address is known.
func (s *Stripe) showBuyer(cs *CheckoutSession) any {
	email := s.emailOf(cs)
	if email == "" {
		return nil
	}
	name := cs.BuyerName
	if customer := s.state.Customers.Get(cs.Customer); name == "" && customer != nil && cs.Status == "complete" {
		name = customer.Name
	}
	return object{"address": showAddress(cs.BuyerAddress), "business_name": nil, "email": email, "individual_name": nil,
		"name":  orNull(name),
		"phone": orNull(cs.BuyerPhone), "tax_exempt": "none", "tax_ids": []any{}}
}

// readBuyer reads what was typed on the checkout page.
func readBuyer(r *http.Request) Contact {
	typed := func(field string) string { return strings.TrimSpace(r.PostFormValue(field)) }
	buyer := Contact{Email: typed("email"), Name: typed("name"), Phone: typed("phone")}
	address := Address{Line1: typed("line1"), Line2: typed("line2"), City: typed("city"), State: typed("state"),
		PostalCode: typed("postal_code"), Country: strings.ToUpper(typed("country"))}
	if address != (Address{}) {
		address.Country = cmp.Or(address.Country, "US")
		buyer.Address = &address
	}
	return buyer
}

// PayCheckoutAs pays as PayCheckout does, by a buyer who types these details. An
// e-mail address of the session or of its customer cannot be changed.
func (s *Stripe) PayCheckoutAs(sessionID, card string, buyer Contact) error {
	completed, err := s.payCheckout(sessionID, card, buyer)
	if err != nil || completed != "" {
		return err
	}
	asked := &Error{}
	s.world.View(func() {
		session := s.state.Sessions.Get(sessionID)
		id := s.waitingIntent(session)
		method, _, _ := s.challenged(id)
		asked = unauthenticated.failure(method)
		asked.PaymentIntent = id
	})
	return asked
}
