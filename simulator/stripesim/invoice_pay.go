package stripesim

// payInvoice tries an invoice at once, or books that it was paid elsewhere.
// forgive has no effect: an attempt is for the whole amount.
func (s *Stripe) payInvoice(c *call) (object, error) {
	invoice, failure := s.foundInvoice(c)
	if failure != nil {
		return nil, failure
	}
	method := s.readMethodOf(c.params, "payment_method", invoice.Customer)
	outside, away := c.boolean("paid_out_of_band", false), c.boolean("off_session", offSession)
	c.boolean("forgive", false)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	pay := func() error { return s.payNow(invoice, method, away) }
	if outside {
		pay = func() error { return s.payOutside(invoice) }
	}
	if err := pay(); err != nil {
		return nil, err
	}
	return s.showInvoice(invoice), nil
}

// readyToPay finalizes an invoice that is still a draft and says why it cannot be paid.
func (s *Stripe) readyToPay(invoice *Invoice) error {
	switch invoice.Status {
	case "paid":
		return invalid("", "Invoice is already paid")
	case "void":
		return invalid("", "Invoice is void")
	case "draft":
		if failure := s.finalizeByHand(invoice); failure != nil {
			return failure
		}
	}
	if intent := s.state.PaymentIntents.Get(invoice.PaymentIntent); intent != nil && intent.Status == "processing" {
		return invalid("", "This invoice has a payment that is still processing.")
	}
	return nil
}

// payOutside books that an invoice was paid without Stripe.
func (s *Stripe) payOutside(invoice *Invoice) error {
	if err := s.readyToPay(invoice); err != nil || invoice.Status == "paid" {
		return err
	}
	invoice.PaidOutOfBand = true
	s.cancelPayment(invoice)
	s.invoicePaid(invoice)
	return nil
}

// payNow tries an open or draft invoice at once.
func (s *Stripe) payNow(invoice *Invoice, method *PaymentMethod, offSession bool) error {
	if err := s.readyToPay(invoice); err != nil || invoice.Status == "paid" { // there was nothing to pay
		return err
	}
	if method == nil {
		method = s.methodOf(invoice)
	}
	if method == nil {
		return invalidCode("resource_missing", "", "There is no default payment method set on this Customer or Invoice.")
	}
	// Only the first attempt by hand counts; later ones leave the retries alone.
	declined := func(invoice *Invoice) {
		before := s.showInvoice(invoice)
		invoice.Attempts = max(1, invoice.Attempts)
		s.emit("invoice.payment_failed", s.showInvoice(invoice), nil)
		s.emitUpdate("invoice.updated", before, s.showInvoice(invoice))
	}
	if failure := s.attempt(invoice, method, offSession, declined); failure != nil {
		return failure
	}
	return nil
}

// PayInvoice tries an open invoice at once with the customer's default payment
// method, as the hosted invoice page does.
func (s *Stripe) PayInvoice(id string) error {
	var err error
	s.change(id, func() {
		invoice := s.state.Invoices.Get(id)
		if invoice == nil {
			err = noSuch("invoice", id, "id")
			return
		}
		err = s.payNow(invoice, nil, !offSession)
	})
	return err
}
