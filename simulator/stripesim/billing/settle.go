package billing

import (
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Attempted books what an attempt by the customer, or one whose outcome came
// later, means for an invoice.
func (s *Billing) Attempted(invoice *state.Invoice, intent *state.PaymentIntent, was string) {
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
		s.Events.Emit("invoice.payment_action_required", s.ShowInvoice(invoice), nil)
	case "requires_payment_method":
		if was == "processing" {
			s.attemptFailed(invoice)
			return
		}
		s.Events.Emit("invoice.payment_failed", s.ShowInvoice(invoice), nil) // by hand: uses up none of the retries
	}
}
