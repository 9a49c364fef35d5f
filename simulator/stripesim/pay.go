package stripesim

import (
	"maps"
	"net/http"
)

// errNotOpen is why a session cannot be paid.
func errNotOpen(session *CheckoutSession) *Error {
	return invalid("", "This Checkout Session is %s and can no longer be paid.", session.Status)
}

// PayCheckout does what a buyer does on the hosted page with a card number (a
// test number, or "sepa" and "sepa_fail" for a delayed method). A declined card
// is an *Error of type card_error; the session stays open. It does not wait for
// webhooks.
func (s *Stripe) PayCheckout(sessionID, card string) error {
	_, err := s.payCheckout(sessionID, card, "")
	return err
}

// payCheckout returns the id of the checkout.session.completed event.
func (s *Stripe) payCheckout(sessionID, card, email string) (completed string, err error) {
	s.change(sessionID, func() {
		session := s.state.Sessions.Get(sessionID)
		switch {
		case session == nil:
			err = noSuch("checkout.session", sessionID, "id")
			return
		case session.Status != "open":
			err = errNotOpen(session)
			return
		}
		if customer := s.state.Customers.Get(session.Customer); customer != nil && customer.Deleted {
			err = noSuch("customer", session.Customer, "customer")
			return
		}
		buyer := s.emailOf(session)
		if buyer == "" {
			buyer = email
		}
		if buyer == "" {
			buyer = "buyer@example.com"
		}
		method, failure := s.newPaymentMethod(card, buyer)
		if failure != nil {
			err = failure
			return
		}
		session.BuyerEmail = buyer
		if session.Mode == "payment" {
			completed, failure = s.payOnce(session, method)
		} else {
			completed, failure = s.paySubscription(session, method)
		}
		if failure != nil {
			err = failure
		}
	})
	return completed, err
}

// payOnce completes a session in payment mode.
func (s *Stripe) payOnce(session *CheckoutSession, method *PaymentMethod) (string, *Error) {
	if failure := declines(method); failure != nil && s.due(session) > 0 {
		return "", s.declined(session, method)
	}
	if session.Customer == "" && session.CustomerCreation == "always" {
		session.Customer = s.addCustomer(&Customer{Email: session.BuyerEmail, NextInvoice: 1}, nil).ID
	}
	if s.due(session) == 0 {
		session.PaymentStatus = "no_payment_required"
		return s.complete(session), nil
	}
	intent := s.intentOf(session)
	created := s.showPaymentIntent(intent)
	charge := s.charge(intent, method)
	session.PaymentIntent = intent.ID
	if charge.Status == "pending" {
		s.emit("payment_intent.created", created, nil)
		s.emit("payment_intent.processing", s.showPaymentIntent(intent), nil)
		s.emit("charge.pending", s.showCharge(charge), nil)
		s.at(s.now().Add(delayedOutcome), timerSettle, intent.ID)
		return s.complete(session), nil
	}
	session.PaymentStatus = "paid"
	// The order in which real listeners record it: the intent's creation comes last.
	s.emit("charge.succeeded", s.showCharge(charge), nil)
	s.emit("payment_intent.succeeded", s.showPaymentIntent(intent), nil)
	if session.Tried == "" {
		s.emit("payment_intent.created", created, nil)
	}
	return s.complete(session), nil
}

// paySubscription completes a session in subscription mode. Each object is
// stored, changed and shown step by step, so that every event carries the
// object as it was at that step.
func (s *Stripe) paySubscription(session *CheckoutSession, method *PaymentMethod) (string, *Error) {
	amount := s.due(session)
	if amount > 0 && declines(method) != nil {
		return "", s.declined(session, method)
	}
	customer := s.state.Customers.Get(session.Customer)
	if customer == nil {
		customer = s.addCustomer(&Customer{Email: session.BuyerEmail, NextInvoice: 1}, nil)
		session.Customer = customer.ID
	}
	session.PaymentStatus = "no_payment_required"
	var intent *PaymentIntent
	pending := false
	if amount > 0 {
		intent = s.intentOf(session)
		intent.Customer = customer.ID
		if session.Tried == "" {
			s.emit("payment_intent.created", s.showPaymentIntent(intent), nil)
		}
		pending = s.collect(session, intent, method)
	}
	method.Customer = customer.ID
	s.emit("payment_method.attached", s.showPaymentMethod(method), nil)
	s.createFromSession(session, customer, method, intent, pending)
	return s.complete(session), nil
}

// collect charges the first payment and says whether its outcome is pending.
func (s *Stripe) collect(session *CheckoutSession, intent *PaymentIntent, method *PaymentMethod) (pending bool) {
	charge := s.charge(intent, method)
	if charge.Status == "pending" {
		session.PaymentStatus = "unpaid"
		s.emit("payment_intent.processing", s.showPaymentIntent(intent), nil)
		s.emit("charge.pending", s.showCharge(charge), nil)
		s.at(s.now().Add(delayedOutcome), timerSettle, intent.ID)
		return true
	}
	session.PaymentStatus = "paid"
	s.emit("charge.succeeded", s.showCharge(charge), nil)
	s.emit("payment_intent.succeeded", s.showPaymentIntent(intent), nil)
	return false
}

// createFromSession makes the subscription and its first invoice.
func (s *Stripe) createFromSession(session *CheckoutSession, customer *Customer, method *PaymentMethod, intent *PaymentIntent, pending bool) {
	var recurring []chosen
	for _, line := range session.Lines {
		if price := s.state.Prices.Get(line.Price); price.recurring() {
			recurring = append(recurring, chosen{price: price, quantity: line.Quantity})
		}
	}
	sub := s.begin(start{customer: customer, items: recurring, metadata: session.ChildMetadata, description: session.ChildDescription,
		method: method, trialEnd: s.trialEndOf(session), trialEndBehavior: session.TrialEndBehavior})
	session.Subscription = sub.ID
	before := s.showCustomer(customer)
	lines := s.linesOf(sub)
	for _, line := range session.Lines {
		if price := s.state.Prices.Get(line.Price); !price.recurring() {
			lines = append(lines, InvoiceLine{Price: price.ID, Quantity: line.Quantity, Amount: price.Amount * line.Quantity, PeriodStart: s.now(), PeriodEnd: s.now()})
		}
	}
	invoice := s.draft(sub, "subscription_create", lines)
	session.Invoice, sub.LatestInvoice = invoice.ID, invoice.ID
	if customer.Currency == "" {
		customer.Currency = session.Currency
	}
	s.emitUpdate("customer.updated", before, s.showCustomer(customer))
	s.emit("invoice.created", s.showInvoice(invoice), nil)
	s.finalize(invoice)
	switch {
	case pending: // Stripe has the subscription active while a delayed first payment is on its way
		invoice.PaymentIntent, invoice.PaymentID, invoice.Attempts = intent.ID, s.world.NewID("inpay_1", 23), 1
	case intent != nil:
		invoice.Attempts = 1
		s.markPaid(invoice, intent.ID)
	default:
		s.markPaid(invoice, "")
	}
	s.emit("customer.subscription.created", s.showSubscription(sub), nil)
	defer s.refreshEntitlements(customer.ID)
}

// complete closes a session and writes its event, then what real listeners see
// after it.
func (s *Stripe) complete(session *CheckoutSession) (event string) {
	session.Status = "complete"
	event = s.emit("checkout.session.completed", s.showSession(session), nil).ID
	if invoice := s.state.Invoices.Get(session.Invoice); invoice != nil && invoice.Status == "paid" {
		s.emitInvoicePayment(invoice)
	}
	return event
}

// intentOf returns the session's intent: one that was declined is used again.
func (s *Stripe) intentOf(session *CheckoutSession) *PaymentIntent {
	if tried := s.state.PaymentIntents.Get(session.Tried); tried != nil {
		return tried
	}
	intent := PaymentIntent{Amount: s.due(session), Currency: session.Currency, Customer: session.Customer, Description: session.ChildDescription}
	if session.Mode == "payment" {
		intent.Metadata = maps.Clone(session.ChildMetadata)
	} else {
		intent.Description = "Subscription creation"
	}
	return s.newPaymentIntent(intent)
}

// declined books a declined attempt; the session stays open.
func (s *Stripe) declined(session *CheckoutSession, method *PaymentMethod) *Error {
	intent := s.intentOf(session)
	if session.Tried == "" {
		s.emit("payment_intent.created", s.showPaymentIntent(intent), nil)
		session.Tried = intent.ID
	}
	charge := s.charge(intent, method)
	s.emitDecline(intent, charge)
	return charge.Failure
}

// declines returns the error a charge of the method would end with at once, or nil.
func declines(method *PaymentMethod) *Error {
	how := method.behaviour()
	if how.decline == "" || how.delayed {
		return nil
	}
	return &Error{Status: http.StatusPaymentRequired, Type: "card_error", DeclineCode: how.decline, Message: how.message}
}
