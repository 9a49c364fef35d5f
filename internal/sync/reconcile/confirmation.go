package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// confirmDelay is how long the e-mail that asks to confirm a payment waits. A customer who is
// at the checkout gets the bank's question there, and answers it within minutes.
const confirmDelay = 10 * time.Minute

// observeConfirmations finds out which unpaid subscriptions only wait for their customer to
// confirm the payment. The subscription's status does not tell that from a declined card, so
// this takes one read for each open invoice. A refusal costs only the notice: access does not
// depend on it.
func observeConfirmations(ctx context.Context, billing interface {
	Invoice(ctx context.Context, id string) (lockstep.Invoice, error)
}, subscriptions []lockstep.Subscription) error {
	for i := range subscriptions {
		s := &subscriptions[i]
		if !s.LatestInvoice.Open || s.TriedAt.IsZero() || s.Status != "incomplete" && s.Status != "past_due" {
			continue
		}
		invoice, err := billing.Invoice(ctx, s.InvoiceID)
		if denied(err) || errors.Is(err, lockstep.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look at open invoice: %w", err)
		}
		s.LatestInvoice.NeedsAction = invoice.NeedsAction
	}
	return nil
}

// denied reports whether a provider refuses a read on which only a notice depends. It also does so
// if a restricted key lacks the permission, which a retry does not change.
func denied(err error) bool {
	refused, is := refusal(err)
	return is || refused != nil && refused.Status == forbidden
}
