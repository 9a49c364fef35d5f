package checkouts

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// Store is the part of the store that checkouts use.
type Store interface {
	lockstep.Purchases
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Policy says what an account may buy. Its zero value allows one subscription and one trial per
// account, of what the catalog names.
type Policy struct {
	Several      bool               // allow several subscriptions of different plans
	RepeatTrials bool               // allow more than one trial
	TrialsPer    lockstep.TrialRule // empty means lockstep.TrialPerAccount
	Unlisted     bool               // let servers sell prices that the catalog does not name
}

// Service starts checkouts.
type Service struct {
	Store   Store
	Stripe  lockstep.CheckoutService
	Book    *pricebook.Book
	Catalog lockstep.Catalog
	Policy  Policy
	// Ready returns an error while the work is paused, and so ends the sale. Nil means never paused.
	Ready func(ctx context.Context) error
	Wake  func() // tells the workers that a key is due
	Log   *slog.Logger

	// SignReturn adds a token to a purchase's success URL; may be nil. It must return the same URL for
	// the same arguments, because Stripe rejects a repeated request that differs.
	SignReturn func(returnURL, purchase string) string
	// Started is called with each session that a buyer is sent to; may be nil.
	Started func(session lockstep.Checkout)
}

// Order asks for a checkout.
type Order struct {
	Account        lockstep.Account
	PriceID        string // this or LookupKey
	LookupKey      string
	Quantity       int64 // at least 1
	SuccessURL     string
	CancelURL      string
	PaidBy         string // the user who pays for an organization
	TrialDays      int64  // 0 means what the catalog says
	Again          bool   // allow what the account already has
	FromServer     bool
	IdempotencyKey string // the caller's; may be empty
}

// Started is the checkout that an order led to.
type Started struct {
	Checkout   lockstep.Checkout
	CustomerID string
	Reused     bool  // an earlier request started it
	TrialDays  int64 // of a new checkout
}

const (
	// patience is how long an order waits for its customer, its lock and Stripe.
	patience = 25 * time.Second
	// lease is how long a lock lasts. It is longer than patience, so that a lock never expires in use.
	lease = 40 * time.Second
	// looks bounds how often an order starts over because a session changed in between.
	looks = 3
	// freshness is how much longer an open session must last to be used again.
	freshness = 10 * time.Minute
)

// Start starts a checkout, or returns the open one that the same order started before. It returns a
// [*RefusedError] if the order itself is the problem.
func (s *Service) Start(ctx context.Context, o Order) (Started, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.Ready != nil {
		if err := s.Ready(ctx); err != nil {
			return Started{}, err
		}
	}
	if refused := s.listed(o); refused != nil {
		return Started{}, refused
	}
	price, err := s.price(ctx, o)
	if err != nil {
		return Started{}, err
	}
	// Stripe reports a customer that was deleted there as not found. It is replaced, once.
	var scope lockstep.Scope
	for {
		customerID, err := s.customer(ctx, o.Account, scope)
		if err != nil {
			return Started{}, err
		}
		started, err := s.underLock(ctx, o, price, customerID)
		if errors.Is(err, lockstep.ErrNotFound) && scope == 0 {
			scope = lockstep.ScopeCustomer
			continue
		}
		return started, err
	}
}

// listed refuses a price that is not for sale.
func (s *Service) listed(o Order) error {
	switch {
	case s.Catalog.Sells(o.PriceID, o.LookupKey):
		return nil
	case o.FromServer && (len(s.Catalog.Plans) == 0 || s.Policy.Unlisted):
		return nil
	case len(s.Catalog.Plans) == 0:
		return &RefusedError{Unlisted, "price or lookup_key: a session token can buy only what the catalog names, and the catalog is empty; add a [[plan]]"}
	}
	return &RefusedError{Unlisted, "price or lookup_key: the catalog does not name it; add it to a plan's prices or lookup_keys"}
}

// price reads the price of an order from Stripe.
func (s *Service) price(ctx context.Context, o Order) (price lockstep.Price, err error) {
	if o.PriceID != "" {
		price, err = s.Stripe.Price(ctx, o.PriceID)
	} else {
		price, err = s.Stripe.PriceByLookupKey(ctx, o.LookupKey)
	}
	switch {
	case errors.Is(err, lockstep.ErrNotFound), err == nil && !price.Active:
		return price, &RefusedError{NoPrice, "price or lookup_key: Stripe has no active price " + strconv.Quote(cmp.Or(o.PriceID, o.LookupKey))}
	case err == nil && o.TrialDays > 0 && !price.Recurring:
		return price, &RefusedError{Invalid, "trial_days: a one-time payment has no trial; leave it out"}
	case err != nil:
		return price, err
	}
	price.Keys, err = s.Book.KeysOf(ctx, price)
	return price, err
}
