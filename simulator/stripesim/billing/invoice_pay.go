package billing

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// payInvoice attempts an invoice at once, or records that it was paid
// elsewhere. forgive has no effect: an attempt is always for the whole amount.
func (s *Billing) payInvoice(c *api.Call) (api.Object, error) {
	invoice, failure := s.invoiceInPath(c)
	if failure != nil {
		return nil, failure
	}
	method := s.Customers.ReadMethodOf(c.Params, "payment_method", invoice.Customer)
	outside, away := c.Boolean("paid_out_of_band", false), c.Boolean("off_session", OffSession)
	c.Boolean("forgive", false)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	pay := func() error { return s.PayNow(invoice, method, away) }
	if outside {
		pay = func() error { return s.payOutside(invoice) }
	}
	if err := pay(); err != nil {
		return nil, err
	}
	return s.ShowInvoice(invoice), nil
}

// readyToPay finalizes a draft and returns an error if the invoice cannot be
// paid.
func (s *Billing) readyToPay(invoice *state.Invoice) error {
	switch invoice.Status {
	case "paid":
		return api.Invalid("", "Invoice is already paid")
	case "void":
		return api.Invalid("", "Invoice is void")
	case "draft":
		if failure := s.finalizeByHand(invoice); failure != nil {
			return failure
		}
	}
	if intent := s.State.PaymentIntents.Get(invoice.PaymentIntent); intent != nil && intent.Status == "processing" {
		return api.Invalid("", "This invoice has a payment that is still processing.")
	}
	return nil
}

// payOutside records that an invoice was paid outside Stripe.
func (s *Billing) payOutside(invoice *state.Invoice) error {
	if err := s.readyToPay(invoice); err != nil || invoice.Status == "paid" {
		return err
	}
	invoice.PaidOutOfBand = true
	s.cancelPayment(invoice)
	s.invoicePaid(invoice)
	return nil
}

// PayNow attempts an open or draft invoice at once.
func (s *Billing) PayNow(invoice *state.Invoice, method *state.PaymentMethod, offSession bool) error {
	if err := s.readyToPay(invoice); err != nil || invoice.Status == "paid" { // nothing was due
		return err
	}
	if method == nil {
		method = s.methodOf(invoice)
	}
	if method == nil {
		return api.InvalidCode("resource_missing", "", "There is no default payment method set on this Customer or Invoice.")
	}
	// Only the first manual attempt counts; later ones do not use up retries.
	declined := func(invoice *state.Invoice) {
		before := s.ShowInvoice(invoice)
		invoice.Attempts = max(1, invoice.Attempts)
		s.Events.Emit("invoice.payment_failed", s.ShowInvoice(invoice), nil)
		s.Events.EmitUpdate("invoice.updated", before, s.ShowInvoice(invoice))
	}
	if failure := s.attempt(invoice, method, offSession, declined); failure != nil {
		return failure
	}
	return nil
}
