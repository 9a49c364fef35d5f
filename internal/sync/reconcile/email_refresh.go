package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// refresh brings a notice up to date right before its e-mail is written: a payment may have
// been confirmed since, and only Stripe knows what the next invoice will amount to. It
// returns why nothing is sent any more.
func (m *Emails) refresh(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (now lockstep.Notice, why string, err error) {
	switch n.Kind {
	case lockstep.NoticePaymentActionRequired:
		why, err = m.confirmed(ctx, n, mail)
	case lockstep.NoticeSubscriptionRenewing:
		n, why, err = m.foresee(ctx, n)
	case lockstep.NoticeSubscriptionTrialEnding:
		if !n.Facts.Ending {
			n, _, err = m.foresee(ctx, n)
		}
	}
	return n, why, err
}

// confirmed returns why a payment needs no confirmation any more. It waits for [confirmDelay]
// first.
func (m *Emails) confirmed(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (why string, err error) {
	if mail.Requested {
		return "", nil
	}
	if wait := time.Until(n.CreatedAt.Add(confirmDelay)); wait > 0 {
		return "", &lockstep.DelayError{Reason: "gives the customer ten minutes to confirm the payment", After: wait}
	}
	invoice, err := m.billing.Invoice(ctx, n.Facts.Invoice)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", fmt.Errorf("look at invoice: %w", err)
	}
	if !invoice.NeedsAction {
		return "the payment no longer needs to be confirmed", nil
	}
	return "", nil
}

// foresee adds the amount of the subscription's next invoice to a notice, or returns that
// there will be none.
func (m *Emails) foresee(ctx context.Context, n lockstep.Notice) (lockstep.Notice, string, error) {
	next, err := m.billing.NextInvoice(ctx, n.Object)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return n, "the subscription does not renew", nil
	case denied(err): // the e-mail is useful without the amount
	case err != nil:
		return n, "", fmt.Errorf("preview the next invoice: %w", err)
	default:
		n.Facts.Amount, n.Facts.Currency = next.Amount, next.Currency
	}
	return n, "", nil
}
