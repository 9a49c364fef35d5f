package stripesim

import (
	"cmp"
	"slices"
)

// errNotOpen is why a session cannot be paid.
func errNotOpen(session *CheckoutSession) *Error {
	return invalid("", "This Checkout Session is %s and can no longer be paid.", session.Status)
}

// PayCheckout does what a buyer does on the hosted page with a card number (a
// test number, or "sepa" and "sepa_fail" for a delayed method). A declined card
// is an *Error of type card_error; the session stays open. A card that asks for
// 3-D Secure is an *Error with the code authentication_required, whose
// PaymentIntent goes on with Authenticate. It does not wait for webhooks.
func (s *Stripe) PayCheckout(sessionID, card string) error {
	return s.PayCheckoutAs(sessionID, card, Contact{})
}

// waitingIntent is the intent that a session is paid, or set up, with.
func (s *Stripe) waitingIntent(session *CheckoutSession) string {
	return cmp.Or(session.SetupIntent, session.Tried)
}

// payCheckout returns the id of the checkout.session.completed event; "" when
// the session's intent waits for a challenge.
func (s *Stripe) payCheckout(sessionID, card string, buyer Contact) (completed string, err error) {
	s.change(sessionID, func() {
		session, failure := s.payable(sessionID)
		if failure != nil {
			err = failure
			return
		}
		if failure := s.fill(session, buyer); failure != nil {
			err = failure
			return
		}
		method, failure := s.methodOnPage(session, card)
		if failure != nil {
			err = failure
			return
		}
		if completed, failure = s.paySession(session, method); failure != nil {
			err = failure
		}
	})
	return completed, err
}

// methodOnPage makes the method that a buyer enters; nil when none was entered
// and none is needed.
func (s *Stripe) methodOnPage(session *CheckoutSession, card string) (*PaymentMethod, *Error) {
	if card == "" && !s.needsMethod(session) {
		return nil, nil
	}
	method, failure := s.newPaymentMethod(card, session.buyer())
	if failure == nil && !takes(session, method) {
		return nil, invalid("payment_method", "This checkout does not take %s.", method.kind())
	}
	return method, failure
}

// takes says whether a session can be paid with a method.
func takes(session *CheckoutSession, method *PaymentMethod) bool {
	return session.Types == nil || slices.Contains(session.Types, method.kind())
}

// payable finds a session that can be paid.
func (s *Stripe) payable(id string) (*CheckoutSession, *Error) {
	session := s.state.Sessions.Get(id)
	switch {
	case session == nil:
		return nil, noSuch("checkout.session", id, "id")
	case session.Status != "open":
		return nil, errNotOpen(session)
	}
	if customer := s.state.Customers.Get(session.Customer); customer != nil && customer.Deleted {
		return nil, noSuch("customer", session.Customer, "customer")
	}
	return session, nil
}

// paySession pays a session with a method, as far as that goes: a declined card
// and one that asks for a challenge leave it open.
func (s *Stripe) paySession(session *CheckoutSession, method *PaymentMethod) (completed string, failure *Error) {
	if setup := s.state.SetupIntents.Get(session.SetupIntent); setup != nil {
		if failure := s.setUp(setup, method); failure != nil {
			return "", failure
		}
		return s.followSetup(setup), nil
	}
	if s.due(session) == 0 {
		return s.concludeFree(session, method), nil
	}
	intent := s.intentOf(session)
	if failure := s.confirm(intent, method, false); failure != nil {
		return "", failure
	}
	return s.follow(intent, ""), nil
}

// intentOf returns the session's intent: one that was tried is used again.
func (s *Stripe) intentOf(session *CheckoutSession) *PaymentIntent {
	if tried := s.state.PaymentIntents.Get(session.Tried); tried != nil {
		tried.Amount = s.due(session) // the buyer may have changed a quantity
		return tried
	}
	fresh := PaymentIntent{Amount: s.due(session), Currency: session.Currency, Customer: session.Customer,
		Session:     session.ID,
		Description: session.ChildDescription, SetupFutureUsage: session.FutureUsage, ReceiptEmail: session.ReceiptEmail,
		Shipping:   session.Shipping,
		Descriptor: session.Descriptor, Suffix: session.Suffix, Types: session.Types}
	if session.Mode == "payment" {
		fresh.Metadata = session.ChildMetadata
	} else {
		fresh.Description, fresh.SetupFutureUsage = "Subscription creation", "off_session"
	}
	intent := s.newPaymentIntent(fresh)
	s.emit("payment_intent.created", s.showPaymentIntent(intent), nil)
	session.Tried = intent.ID
	return intent
}

// nameBuyer gives an intent the customer of its checkout session, who comes into
// being with the payment that goes through and not with one that is declined.
func (s *Stripe) nameBuyer(intent *PaymentIntent) {
	session := s.state.Sessions.Get(intent.Session)
	if session == nil {
		return
	}
	s.ensureCustomer(session)
	intent.Customer = session.Customer
}

// concludeFree completes a session that costs nothing now.
func (s *Stripe) concludeFree(session *CheckoutSession, method *PaymentMethod) (completed string) {
	s.ensureCustomer(session)
	session.PaymentStatus = "no_payment_required"
	if session.Mode == "subscription" {
		if method != nil {
			s.attach(method, session.Customer)
		}
		s.createFromSession(session, method, nil)
	}
	return s.complete(session)
}

// conclude completes a session whose payment succeeded, or is on its way. Each
// object is stored, changed and shown step by step, so that every event carries
// the object as it was at that step.
func (s *Stripe) conclude(session *CheckoutSession, intent *PaymentIntent) (completed string) {
	session.PaymentStatus = "unpaid"
	if intent.Status == "succeeded" {
		session.PaymentStatus = "paid"
	}
	if session.Mode == "payment" {
		session.PaymentIntent = intent.ID
		return s.complete(session)
	}
	method := s.state.PaymentMethods.Get(intent.PaymentMethod)
	s.attach(method, session.Customer)
	s.createFromSession(session, method, intent)
	return s.complete(session)
}

// createFromSession makes the subscription and its first invoice. intent is nil
// when there is nothing to pay now.
func (s *Stripe) createFromSession(session *CheckoutSession, method *PaymentMethod, intent *PaymentIntent) {
	var recurring []chosen
	for _, line := range session.Lines {
		if price := s.state.Prices.Get(line.Price); price.recurring() {
			recurring = append(recurring, chosen{price: price, quantity: line.Quantity})
		}
	}
	customer := s.state.Customers.Get(session.Customer)
	sub := s.begin(start{customer: customer, items: recurring, metadata: session.ChildMetadata,
		description: session.ChildDescription,
		method:      method, trialEnd: s.trialEndOf(session), trialEndBehavior: session.TrialEndBehavior,
		billingMode: session.BillingMode})
	session.Subscription = sub.ID
	s.discountSubscription(sub, session.grants())
	before := s.showCustomer(customer)
	lines := s.linesOf(sub)
	for _, line := range session.Lines {
		if price := s.state.Prices.Get(line.Price); !price.recurring() {
			lines = append(lines, InvoiceLine{Price: price.ID, Quantity: line.Quantity, Amount: price.Amount * line.Quantity,
				PeriodStart: s.now(), PeriodEnd: s.now()})
		}
	}
	// what is pending waits: the session asked for its own total
	invoice := s.addInvoice(s.plan(sub, "subscription_create", lines))
	session.Invoice, sub.LatestInvoice = invoice.ID, invoice.ID
	customer.Currency = session.Currency
	s.emitUpdate("customer.updated", before, s.showCustomer(customer))
	s.emitCreated(invoice)
	s.finalizeWith(invoice, 0)
	s.settleFirst(invoice, intent)
	s.emit("customer.subscription.created", s.showSubscription(sub), nil)
	s.refreshEntitlements(customer.ID)
}

// settleFirst books what the session's payment means for the first invoice.
func (s *Stripe) settleFirst(invoice *Invoice, intent *PaymentIntent) {
	if intent == nil {
		s.markPaid(invoice, "")
		return
	}
	invoice.Attempts = 1
	if intent.Status == "succeeded" {
		s.markPaid(invoice, intent.ID)
		return
	}
	// Stripe has the subscription active while a delayed first payment is on its way.
	s.tie(invoice, intent.ID)
}

// complete closes a session and writes its event, then what real listeners see
// after it.
func (s *Stripe) complete(session *CheckoutSession) (event string) {
	session.Status = "complete"
	s.redeemSession(session)
	event = s.emit("checkout.session.completed", s.showSession(session), nil).ID
	if invoice := s.state.Invoices.Get(session.Invoice); invoice != nil && invoice.Status == "paid" {
		s.emitInvoicePayment(invoice)
	}
	return event
}
