package checkouts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// firstPaymentLife is how long Stripe keeps the first payment of a subscription open.
const firstPaymentLife = 23 * time.Hour

// firstPayment handles a subscription whose first payment is open (Stripe's "incomplete"). If the order
// asks for the same, the buyer pays the subscription's invoice: there is one subscription, so nobody can
// pay twice. Any other order replaces it: the subscription is given up, and done is false.
func (p *purchase) firstPayment(ctx context.Context, has lockstep.Holdings,
	s lockstep.Subscription) (started Started, done bool, err error) {
	if page := payable(s, p.order, p.price); page.URL != "" {
		// An open checkout beside the invoice could be paid too, so close it.
		if _, changed, err := p.clear(ctx, has.Checkouts, imprint{}); changed || err != nil {
			p.fresh[s.ID] = s
			return Started{}, false, err
		}
		return Started{Checkout: page, CustomerID: p.customerID, Reused: true}, true, nil
	}
	now, err := p.Stripe.GiveUp(ctx, s.ID)
	switch {
	case errors.Is(err, lockstep.ErrBusy):
		return Started{}, false, &RefusedError{string(lockstep.PaymentUnderWay),
			fmt.Sprintf("the first payment of %s is being processed; wait until it is", s.ID)}
	case err != nil:
		return Started{}, false, err
	}
	mark := lockstep.Mark{Key: p.order.Account.Key(), Scope: lockstep.ScopeSubscriptions, Priority: lockstep.Normal}
	if err := p.Store.Mark(ctx, mark); err != nil {
		return Started{}, false, err
	}
	p.Log.InfoContext(ctx, "unpaid subscription replaced by another order", "account", p.order.Account.String(),
		"subscription", s.ID, "status", now.Status)
	p.fresh[now.ID] = now
	return Started{}, false, nil
}

// payable returns the page on which the subscription is paid, if the order asks for the same. Otherwise
// it has no URL.
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
