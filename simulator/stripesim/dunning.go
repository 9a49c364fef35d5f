package stripesim

import (
	"net/http"
	"slices"
	"time"
)

// retryAfter is how long after the nth failed attempt an invoice is tried
// again: days 3, 5 and 7 after the first. After the last one the subscription
// is canceled. (A real account chooses this in its settings.)
var retryAfter = []time.Duration{3 * 24 * time.Hour, 2 * 24 * time.Hour, 2 * 24 * time.Hour}

func (s *Stripe) draftEnds(id string) {
	invoice := s.state.Invoices.Get(id)
	if invoice.Status != "draft" || !invoice.AutoAdvance {
		return
	}
	s.finalize(invoice)
	s.try(invoice)
}

func (s *Stripe) retryComes(id string) {
	invoice := s.state.Invoices.Get(id)
	if invoice.Status == "open" && invoice.AutoAdvance && !invoice.NextAttempt.IsZero() && !invoice.NextAttempt.After(s.now()) {
		s.try(invoice)
	}
}

// try attempts an invoice with the payment method that is the default now.
func (s *Stripe) try(invoice *Invoice) {
	sub := s.state.Subscriptions.Get(invoice.Subscription)
	switch method := s.methodFor(sub); {
	case invoice.Total() == 0:
		invoice.Attempts++
		s.markPaid(invoice, "")
	case method == nil:
		s.attemptFailed(invoice)
	default:
		_ = s.attempt(invoice, method, offSession, s.attemptFailed) // the outcome is in the events
	}
}

// methodFor returns what a subscription is paid with: its own default, else the
// customer's; nil when there is none.
func (s *Stripe) methodFor(sub *Subscription) *PaymentMethod {
	if method := s.state.PaymentMethods.Get(sub.DefaultPaymentMethod); method != nil {
		return method
	}
	return s.state.PaymentMethods.Get(s.state.Customers.Get(sub.Customer).DefaultPaymentMethod)
}

// offSession is who is there when an attempt begins by itself: nobody.
const offSession = true

// attempt charges an open invoice and does everything that follows. failed is
// what follows from a decline, and from a challenge that nobody is there to
// pass. The error of a challenge is of the code invoice_payment_intent_requires_action.
func (s *Stripe) attempt(invoice *Invoice, method *PaymentMethod, offSession bool, failed func(*Invoice)) *Error {
	intent := s.intentFor(invoice, "Subscription update")
	failure := s.confirm(intent, method, offSession)
	switch intent.Status {
	case "processing":
		invoice.Attempts++
		invoice.NextAttempt = time.Time{}
	case "succeeded":
		invoice.Attempts++
		s.invoicePaid(invoice)
	case "requires_action":
		s.emit("invoice.payment_action_required", s.showInvoice(invoice), nil)
		if offSession {
			failed(invoice)
		}
		return &Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: "invoice_payment_intent_requires_action",
			Message: "This payment requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with the invoice."}
	default:
		failed(invoice)
	}
	return failure
}

// intentFor returns the intent of an invoice, which every attempt uses again.
func (s *Stripe) intentFor(invoice *Invoice, description string) *PaymentIntent {
	if intent := s.state.PaymentIntents.Get(invoice.PaymentIntent); intent != nil {
		return intent
	}
	intent := s.newPaymentIntent(PaymentIntent{Amount: invoice.Total(), Currency: invoice.Currency, Customer: invoice.Customer,
		Description: description, Invoice: invoice.ID, SetupFutureUsage: "off_session"})
	invoice.PaymentIntent, invoice.PaymentID = intent.ID, s.world.NewID("inpay_1", 23)
	s.emit("payment_intent.created", s.showPaymentIntent(intent), nil)
	return intent
}

// invoicePaid closes an invoice that was charged and lets the subscription recover.
func (s *Stripe) invoicePaid(invoice *Invoice) {
	before := s.showInvoice(invoice)
	s.markPaid(invoice, invoice.PaymentIntent)
	s.emitUpdate("invoice.updated", before, s.showInvoice(invoice))
	sub := s.state.Subscriptions.Get(invoice.Subscription)
	switch sub.Status {
	case "incomplete":
		s.changeSubscription(sub, func() { sub.Status = "active" })
		s.refreshEntitlements(sub.Customer)
	case "past_due":
		if sub.LatestInvoice == invoice.ID || !s.owes(sub) {
			s.changeSubscription(sub, func() { sub.Status = "active" })
		}
	}
	if customer := s.state.Customers.Get(sub.Customer); customer.Delinquent && !s.owes(sub) {
		s.changeCustomer(customer, func() { customer.Delinquent = false })
	}
	s.emitInvoicePayment(invoice)
}

// owes says whether the subscription has an open invoice that was tried.
func (s *Stripe) owes(sub *Subscription) bool {
	return slices.ContainsFunc(s.state.Invoices.Of(sub.ID), func(invoice *Invoice) bool {
		return invoice.Status == "open" && invoice.Attempts > 0
	})
}

// attemptFailed books a failed attempt: past_due, the next retry, or the end.
func (s *Stripe) attemptFailed(invoice *Invoice) {
	before := s.showInvoice(invoice)
	invoice.Attempts++
	sub := s.state.Subscriptions.Get(invoice.Subscription)
	exhausted := invoice.Attempts > len(retryAfter)
	first := sub.Status == "incomplete"
	switch {
	case first:
		invoice.AutoAdvance = false // the customer must act
	case exhausted:
		invoice.AutoAdvance, invoice.NextAttempt = false, time.Time{}
	case invoice.AutoAdvance:
		invoice.NextAttempt = s.now().Add(retryAfter[invoice.Attempts-1])
		s.at(invoice.NextAttempt, timerRetry, invoice.ID)
	}
	s.emit("invoice.payment_failed", s.showInvoice(invoice), nil)
	s.emitUpdate("invoice.updated", before, s.showInvoice(invoice))
	if first || !sub.live() {
		return
	}
	if customer := s.state.Customers.Get(sub.Customer); !customer.Delinquent {
		s.changeCustomer(customer, func() { customer.Delinquent = true })
	}
	if sub.Status == "active" || sub.Status == "trialing" {
		s.changeSubscription(sub, func() { sub.Status = "past_due" })
		s.refreshEntitlements(sub.Customer)
	}
	if exhausted {
		s.cancelNow(sub, "payment_failed")
	}
}
