package checkouts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// firstPaymentLife is how long Stripe leaves the first payment of a subscription open.
const firstPaymentLife = 23 * time.Hour

// firstPayment deals with a subscription whose first payment is open (Stripe's "incomplete").
// Where the order is for the same, the buyer pays it on the page of its invoice: there is one
// subscription, so nobody can pay twice. Any other order takes its place: the subscription is
// given up, and the caller looks again.
func (d *Service) firstPayment(ctx context.Context, o Order, price lockstep.Price, has lockstep.Holdings,
	s lockstep.Subscription) (begun Started, fresh lockstep.Subscription, err error) {
	if page := payable(s, o, price); page.URL != "" {
		// An open checkout beside it could be paid too.
		if _, changed, err := d.clear(ctx, has.Checkouts, imprint{}); changed || err != nil {
			return Started{}, s, err
		}
		return Started{Checkout: page, Reused: true}, s, nil
	}
	fresh, err = d.Stripe.GiveUp(ctx, s.ID)
	switch {
	case errors.Is(err, lockstep.ErrBusy):
		return Started{}, s, &RefusedError{string(lockstep.PaymentUnderWay),
			fmt.Sprintf("the first payment of %s is being processed; wait for it", s.ID)}
	case err != nil:
		return Started{}, s, err
	}
	mark := lockstep.Mark{Key: o.Account.Key(), Scope: lockstep.ScopeSubscriptions, Priority: lockstep.Normal}
	if err := d.Store.Mark(ctx, mark); err != nil {
		return Started{}, s, err
	}
	d.Log.InfoContext(ctx, "subscription with an open first payment given up for another order", "account",
		o.Account.String(),
		"subscription", s.ID, "status", fresh.Status)
	return Started{}, fresh, nil
}

// payable is the page on which the subscription is paid, if it is what the order asks for;
// else it has no URL.
func payable(s lockstep.Subscription, o Order, price lockstep.Price) lockstep.Checkout {
	same := len(s.Items) == 1 && s.Items[0].PriceID == price.ID && (price.Metered || s.Items[0].Quantity == o.Quantity) &&
		o.TrialDays == 0
	if !same {
		return lockstep.Checkout{}
	}
	return lockstep.Checkout{ID: s.InvoiceID, Mode: "subscription", Status: "open", CustomerID: s.CustomerID,
		SubscriptionID: s.ID,
		URL:            s.InvoiceURL, CreatedAt: s.CreatedAt, ExpiresAt: s.CreatedAt.Add(firstPaymentLife)}
}
