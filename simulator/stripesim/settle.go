package stripesim

import "time"

// settles brings the outcome of a delayed payment.
func (s *Stripe) settles(id string) {
	intent := s.state.PaymentIntents.Get(id)
	if intent.Status != "processing" {
		return
	}
	charge := s.state.Charges.Get(intent.LatestCharge)
	method := s.state.PaymentMethods.Get(charge.PaymentMethod)
	if how := method.behaviour(); how.fails {
		_ = s.decline(intent, charge, how.failure(method)) // nobody waits for it: the events tell
	} else {
		s.succeed(intent, charge)
	}
	s.follow(intent, "processing")
}

// follow does what follows from an intent's new status for the invoice and the
// checkout session that it pays. was is the status before. It returns the id of
// the checkout.session.completed event, if there is one.
func (s *Stripe) follow(intent *PaymentIntent, was string) (completed string) {
	if invoice := s.state.Invoices.Get(intent.Invoice); invoice != nil && invoice.Status == "open" {
		s.attempted(invoice, intent, was)
	}
	session := s.state.Sessions.Get(intent.Session)
	switch {
	case session == nil:
	case session.Status == "open" && (intent.Status == "succeeded" || intent.Status == "processing"):
		return s.conclude(session, intent)
	case session.Status != "complete" || session.PaymentStatus != "unpaid":
	case intent.Status == "succeeded":
		session.PaymentStatus = "paid"
		s.emit("checkout.session.async_payment_succeeded", s.showSession(session), nil)
	case was == "processing":
		s.emit("checkout.session.async_payment_failed", s.showSession(session), nil)
	}
	return ""
}

// attempted books what an attempt by the customer, or one whose outcome came
// later, means for an invoice.
func (s *Stripe) attempted(invoice *Invoice, intent *PaymentIntent, was string) {
	if was == "processing" {
		invoice.Attempts-- // the attempt was counted when it began
	}
	switch intent.Status {
	case "succeeded":
		invoice.Attempts++
		s.invoicePaid(invoice)
	case "processing":
		invoice.Attempts++
		invoice.NextAttempt = time.Time{}
	case "requires_action":
		s.emit("invoice.payment_action_required", s.showInvoice(invoice), nil)
	case "requires_payment_method":
		if was == "processing" {
			s.attemptFailed(invoice)
			return
		}
		s.emit("invoice.payment_failed", s.showInvoice(invoice), nil) // by hand: uses up none of the retries
	}
}
