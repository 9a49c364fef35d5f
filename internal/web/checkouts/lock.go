package checkouts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// purchase is an order that holds its account's lock.
type purchase struct {
	*Service
	order      Order
	price      lockstep.Price
	customerID string
	sign       imprint
	number     int64 // of the lock; the idempotency key is made of it
	// fresh are subscriptions that we gave up, as they were afterwards.
	fresh map[string]lockstep.Subscription
}

// underLock serves an order under its account's lock.
func (s *Service) underLock(ctx context.Context, o Order, price lockstep.Price,
	customerID string) (started Started, err error) {
	sign, err := fingerprint(o, price, customerID)
	if err != nil {
		return Started{}, err
	}
	lock, err := s.lock(ctx, o.Account, sign.String())
	if err != nil {
		return Started{}, err
	}
	defer func() { s.unlock(ctx, o.Account, lock, err) }()
	p := &purchase{Service: s, order: o, price: price, customerID: customerID, sign: sign, number: lock.Number,
		fresh: map[string]lockstep.Subscription{}}
	for range looks {
		started, done, err := p.try(ctx)
		if done || err != nil {
			return started, err
		}
	}
	return Started{}, &RefusedError{Busy, "an open checkout of this account can neither be used nor closed; try again"}
}

// lock waits until no other order holds the account's lock.
func (s *Service) lock(ctx context.Context, account lockstep.Account,
	fingerprint string) (lockstep.PurchaseLock, error) {
	again := time.NewTicker(25 * time.Millisecond)
	defer again.Stop()
	for {
		lock, err := s.Store.BeginPurchase(ctx, account, fingerprint, lease)
		if !errors.Is(err, lockstep.ErrBusy) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return lock, &RefusedError{Busy, "another checkout of this account is starting; try again"}
		case <-again.C:
		}
	}
}

// unlock releases the lock. If Stripe may have executed a request whose answer we did not get, the
// next order uses the same number, and so the same idempotency key.
func (s *Service) unlock(ctx context.Context, account lockstep.Account, lock lockstep.PurchaseLock, result error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Store.EndPurchase(ctx, lock, known(result)); err != nil {
		s.Log.ErrorContext(ctx, "purchase lock not released; it ends with its lease", "account", account.String(),
			"error", err)
	}
}

// known reports whether we know everything that the order may have created at Stripe.
func known(err error) bool {
	var refused *RefusedError
	var upstream *lockstep.UpstreamError
	switch {
	case err == nil, errors.As(err, &refused):
		return true
	case errors.As(err, &upstream):
		// Stripe repeats a stored failure, and the error of a key that belongs to other parameters,
		// under the same key every time.
		return upstream.Rejected() || upstream.Replayed || upstream.Code == "idempotency_error"
	}
	return false
}

// try looks at Stripe once and serves the order. done is false if something changed meanwhile, so that
// it must look again.
func (p *purchase) try(ctx context.Context) (started Started, done bool, err error) {
	has, err := p.look(ctx)
	if err != nil {
		return Started{}, false, err
	}
	if refused := p.sign.repeats(has.Checkouts); refused != nil {
		return Started{}, false, refused
	}
	obstacle, blocked := p.Catalog.Obstacle(p.price, has, time.Now())
	if blocked && !p.order.Again {
		if obstacle.Kind != lockstep.FirstPaymentOpen {
			return Started{}, false, p.refuse(ctx, obstacle)
		}
		at := slices.IndexFunc(has.Subscriptions,
			func(s lockstep.Subscription) bool { return s.ID == obstacle.ID })
		return p.firstPayment(ctx, has, has.Subscriptions[at])
	}
	same, changed, err := p.clear(ctx, has.Checkouts, p.sign)
	switch {
	case err != nil || changed:
		return Started{}, false, err
	case same != nil:
		p.announce(*same)
		return Started{Checkout: *same, CustomerID: p.customerID, Reused: true}, true, nil
	}
	started, err = p.begin(ctx, has)
	return started, true, err
}

// begin creates a new session at Stripe.
func (p *purchase) begin(ctx context.Context, has lockstep.Holdings) (Started, error) {
	days, withoutCard, err := p.trial(ctx, p.order, p.price, has)
	if err != nil {
		return Started{}, err
	}
	o, key := p.order, fmt.Sprintf("lockstep:purchase:%s:%d", p.order.Account, p.number)
	checkout, err := p.Stripe.StartCheckout(ctx, lockstep.CheckoutRequest{Account: o.Account, CustomerID: p.customerID,
		Price:    p.price,
		Quantity: o.Quantity, SuccessURL: p.signed(o.SuccessURL, key), CancelURL: o.CancelURL, PaidBy: o.PaidBy,
		TrialDays: days, TrialWithoutCard: withoutCard, Fingerprint: p.sign.String(), IdempotencyKey: key})
	if err != nil {
		return Started{}, err
	}
	p.announce(checkout)
	return Started{Checkout: checkout, CustomerID: p.customerID, TrialDays: days}, nil
}

func (s *Service) signed(returnURL, purchase string) string {
	if s.SignReturn == nil {
		return returnURL
	}
	return s.SignReturn(returnURL, purchase)
}

func (s *Service) announce(session lockstep.Checkout) {
	if s.Started != nil {
		s.Started(session)
	}
}
