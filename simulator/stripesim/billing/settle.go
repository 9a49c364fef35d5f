package billing

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// AfterAttempt updates an invoice after the customer paid or tried to, or after a
// delayed payment settled.
func (s *Billing) AfterAttempt(invoice *state.Invoice, intent *state.PaymentIntent, was string) {
	if was == "processing" {
		invoice.Attempts-- // counted when the attempt started
	}
	switch intent.Status {
	case "succeeded":
		invoice.Attempts++
		s.invoicePaid(invoice)
	case "processing":
		invoice.Attempts++
		invoice.NextAttempt = time.Time{}
	case "requires_action":
		s.Events.Emit("invoice.payment_action_required", s.ShowInvoice(invoice), nil)
	case "requires_payment_method":
		if was == "processing" {
			s.attemptFailed(invoice)
			return
		}
		s.Events.Emit("invoice.payment_failed", s.ShowInvoice(invoice), nil) // a manual attempt uses up no retries
	}
}
