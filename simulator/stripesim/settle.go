package stripesim

// settles brings the outcome of a delayed payment.
func (s *Stripe) settles(id string) {
	intent := s.state.PaymentIntents.Get(id)
	if intent.Status != "processing" {
		return
	}
	charge := s.state.Charges.Get(intent.LatestCharge)
	how := s.state.PaymentMethods.Get(charge.PaymentMethod).behaviour()
	if how.fails {
		s.fail(intent, charge, how)
		s.emitDecline(intent, charge)
	} else {
		charge.Status, intent.Status = "succeeded", "succeeded"
		s.emit("charge.succeeded", s.showCharge(charge), nil)
		s.emit("payment_intent.succeeded", s.showPaymentIntent(intent), nil)
	}
	var invoiceID string
	for invoice := range s.state.Invoices.Newest() {
		if invoice.PaymentIntent == id {
			invoiceID = invoice.ID
			if how.fails {
				invoice.Attempts-- // the attempt was counted when it began
				s.attemptFailed(invoice)
			} else {
				s.invoicePaid(invoice)
			}
		}
	}
	for session := range s.state.Sessions.Newest() {
		if session.Status != "complete" || session.PaymentIntent != id && (invoiceID == "" || session.Invoice != invoiceID) {
			continue
		}
		if how.fails {
			s.emit("checkout.session.async_payment_failed", s.showSession(session), nil)
		} else {
			session.PaymentStatus = "paid"
			s.emit("checkout.session.async_payment_succeeded", s.showSession(session), nil)
		}
	}
}
