package checkouts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// Store is what buying needs of the store.
type Store interface {
	lockstep.Purchases
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Policy says what may be bought; its zero value is good.
type Policy struct {
	Several      bool               // an account may have several subscriptions, of different plans
	RepeatTrials bool               // more than one trial an account
	TrialsPer    lockstep.TrialRule // empty means lockstep.TrialPerAccount
	Unlisted     bool               // servers may sell prices that the catalog does not name
}

// Service begins checkouts.
type Service struct {
	Store   Store
	Stripe  lockstep.CheckoutService
	Book    *pricebook.Book
	Catalog lockstep.Catalog
	Policy  Policy
	// Ready returns an error while work is paused, which ends the sale. Nil: work never pauses.
	Ready func(ctx context.Context) error
	Wake  func() // tells the workers that something is due
	Log   *slog.Logger

	// SignReturn adds a token to the success URL of a purchase; it may be nil. It must return the
	// same URL for the same arguments: Stripe refuses a repeated request that differs.
	SignReturn func(returnURL, purchase string) string
	// Started is called with each session that a buyer is sent to; it may be nil.
	Started func(session lockstep.Checkout)
}

// Order is a checkout that somebody asks for.
type Order struct {
	Account        lockstep.Account
	PriceID        string // or
	LookupKey      string
	Quantity       int64 // at least 1
	SuccessURL     string
	CancelURL      string
	PaidBy         string
	TrialDays      int64 // 0: what the catalog says
	Again          bool  // also what the account has already
	FromServer     bool
	IdempotencyKey string // the caller's; may be empty
}

// Started is the checkout to which an order led.
type Started struct {
	Checkout   lockstep.Checkout
	CustomerID string
	Reused     bool  // the same order had begun it before
	TrialDays  int64 // of a new one
}

const (
	// patience is how long an order waits for its customer, its turn and Stripe.
	patience = 25 * time.Second
	// lease is longer, so that nobody is overtaken in their turn.
	lease = 40 * time.Second
	// looks is how often a session may be paid, or refuse to be closed, while we look.
	looks = 3
	// freshness is how long an open session must still be open to be handed out again.
	freshness = 10 * time.Minute
)

// Begin begins a checkout, or returns the one that the same order began before. It
// returns a [*RefusedError] where the order is what is wrong.
func (d *Service) Begin(ctx context.Context, o Order) (Started, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if d.Ready != nil {
		if err := d.Ready(ctx); err != nil {
			return Started{}, err
		}
	}
	if refused := d.listed(o); refused != nil {
		return Started{}, refused
	}
	price, err := d.price(ctx, o)
	if err != nil {
		return Started{}, err
	}
	// A customer that was deleted in Stripe behind our back is noticed in the turn,
	// and replaced once.
	var scope lockstep.Scope
	for {
		customerID, err := d.customer(ctx, o.Account, scope)
		if err != nil {
			return Started{}, err
		}
		begun, err := d.underLock(ctx, o, price, customerID)
		if errors.Is(err, lockstep.ErrNotFound) && scope == 0 {
			scope = lockstep.ScopeCustomer
			continue
		}
		return begun, err
	}
}

// listed refuses what is not for sale.
func (d *Service) listed(o Order) error {
	switch {
	case d.Catalog.Sells(o.PriceID, o.LookupKey):
		return nil
	case o.FromServer && (len(d.Catalog.Plans) == 0 || d.Policy.Unlisted):
		return nil
	case len(d.Catalog.Plans) == 0:
		return &RefusedError{Unlisted, "a session token can only buy what the catalog names, and it names nothing"}
	}
	return &RefusedError{Unlisted, "the catalog does not name this price: add it to a plan's prices or lookup_keys"}
}

func (d *Service) price(ctx context.Context, o Order) (price lockstep.Price, err error) {
	if o.PriceID != "" {
		price, err = d.Stripe.Price(ctx, o.PriceID)
	} else {
		price, err = d.Stripe.PriceByLookupKey(ctx, o.LookupKey)
	}
	switch {
	case errors.Is(err, lockstep.ErrNotFound), err == nil && !price.Active:
		return price, &RefusedError{NoPrice, "Stripe has no active price " + strconv.Quote(cmp.Or(o.PriceID, o.LookupKey))}
	case err == nil && o.TrialDays > 0 && !price.Recurring:
		return price, &RefusedError{Invalid, "a one-time payment has no trial"}
	case err != nil:
		return price, err
	}
	price.Keys, err = d.Book.KeysOf(ctx, price)
	return price, err
}

// underLock serves an order in the account's turn.
func (d *Service) underLock(ctx context.Context, o Order, price lockstep.Price,
	customerID string) (begun Started, err error) {
	sign, err := fingerprint(o, price, customerID)
	if err != nil {
		return Started{}, err
	}
	turn, err := d.turn(ctx, o.Account, sign.String())
	if err != nil {
		return Started{}, err
	}
	defer func() {
		// Only of a request that may have been executed without us knowing is the number
		// used again.
		ended, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if lost := d.Store.EndPurchase(ended, turn, known(err)); lost != nil {
			d.Log.ErrorContext(ctx, "the turn of a purchase was not given back; it ends with its lease", "account",
				o.Account.String(), "error", lost)
		}
	}()
	fresh := map[string]lockstep.Subscription{} // as they were after we gave them up
	for range looks {
		has, err := d.look(ctx, o.Account, customerID, fresh)
		if err != nil {
			return Started{}, err
		}
		if refused := sign.repeats(has.Checkouts); refused != nil {
			return Started{}, refused
		}
		if obstacle, charged := d.Catalog.Obstacle(price, has, time.Now()); charged && !o.Again {
			if obstacle.Kind != lockstep.FirstPaymentOpen {
				return Started{}, d.refuse(ctx, obstacle)
			}
			open := has.Subscriptions[slices.IndexFunc(has.Subscriptions,
				func(s lockstep.Subscription) bool { return s.ID == obstacle.ID })]
			begun, now, err := d.firstPayment(ctx, o, price, has, open)
			if err != nil || begun.Reused {
				begun.CustomerID = customerID
				return begun, err
			}
			fresh[now.ID] = now
			continue
		}
		same, changed, err := d.clear(ctx, has.Checkouts, sign)
		switch {
		case err != nil:
			return Started{}, err
		case changed:
			continue // a session was paid while we looked
		case same != nil:
			d.started(*same)
			return Started{Checkout: *same, CustomerID: customerID, Reused: true}, nil
		}
		days, withoutCard, err := d.trial(ctx, o, price, has)
		if err != nil {
			return Started{}, err
		}
		purchase := fmt.Sprintf("lockstep:purchase:%s:%d", o.Account, turn.Number)
		checkout, err := d.Stripe.StartCheckout(ctx, lockstep.CheckoutRequest{Account: o.Account, CustomerID: customerID,
			Price:    price,
			Quantity: o.Quantity, SuccessURL: d.signed(o.SuccessURL, purchase), CancelURL: o.CancelURL, PaidBy: o.PaidBy,
			TrialDays: days, TrialWithoutCard: withoutCard, Fingerprint: sign.String(),
			IdempotencyKey: purchase})
		if err != nil {
			return Started{}, err
		}
		d.started(checkout)
		return Started{Checkout: checkout, CustomerID: customerID, TrialDays: days}, nil
	}
	return Started{}, &RefusedError{Busy, "an open checkout of this account can neither be used nor closed; try again"}
}

func (d *Service) signed(returnURL, purchase string) string {
	if d.SignReturn == nil {
		return returnURL
	}
	return d.SignReturn(returnURL, purchase)
}

func (d *Service) started(session lockstep.Checkout) {
	if d.Started != nil {
		d.Started(session)
	}
}

// known reports whether nothing can have been created that we do not know of.
func known(err error) bool {
	var refused *RefusedError
	var upstream *lockstep.UpstreamError
	switch {
	case err == nil, errors.As(err, &refused):
		return true
	case errors.As(err, &upstream):
		// A stored failure, or a key that belongs to other parameters, is the same for ever.
		return upstream.Rejected() || upstream.Replayed || upstream.Code == "idempotency_error"
	}
	return false
}

// turn waits for the account's turn.
func (d *Service) turn(ctx context.Context, account lockstep.Account,
	fingerprint string) (lockstep.PurchaseLock, error) {
	again := time.NewTicker(25 * time.Millisecond)
	defer again.Stop()
	for {
		turn, err := d.Store.BeginPurchase(ctx, account, fingerprint, lease)
		if !errors.Is(err, lockstep.ErrBusy) {
			return turn, err
		}
		select {
		case <-ctx.Done():
			return turn, &RefusedError{Busy, "another checkout of this account is just beginning; try again"}
		case <-again.C:
		}
	}
}

// look is what the account has: of all its customers' subscriptions and sessions what
// Stripe says now, beside those of customers it had before. The sessions come first: one
// that is paid before they are read has its subscription when those are read, and one that
// is paid after was open, and is not taken for nothing. fresh are subscriptions that were
// just read.
func (d *Service) look(ctx context.Context, account lockstep.Account, customerID string,
	fresh map[string]lockstep.Subscription) (lockstep.Holdings, error) {
	has := lockstep.Holdings{Several: d.Policy.Several}
	record, err := d.Store.Account(ctx, account)
	if err != nil {
		return has, err
	}
	if has.Checkouts, err = d.Stripe.Checkouts(ctx, customerID); err != nil {
		return has, err
	}
	if has.Subscriptions, err = d.Stripe.Subscriptions(ctx, customerID); err != nil {
		return has, err
	}
	for _, l := range record.Customers() {
		if l.CustomerID == customerID {
			continue
		}
		if l.Trust == lockstep.Claimed {
			has.Claimed = append(has.Claimed, l.CustomerID)
		}
		if err := d.lookFurther(ctx, l.CustomerID, &has); err != nil {
			return has, err
		}
	}
	for n := range has.Subscriptions {
		if err := d.recall(ctx, &has.Subscriptions[n], record); err != nil {
			return has, err
		}
	}
	for _, s := range record.Subscriptions {
		if !slices.ContainsFunc(has.Subscriptions, func(now lockstep.Subscription) bool { return now.ID == s.ID }) {
			if now, read := fresh[s.ID]; read {
				s = now
			}
			has.Subscriptions = append(has.Subscriptions, s)
		}
	}
	has.Licenses = record.Licenses
	return has, nil
}

// recall adds to a subscription from Stripe what we remember of it: the names of its prices,
// and the plan that the app named.
func (d *Service) recall(ctx context.Context, s *lockstep.Subscription, record lockstep.Record) error {
	var known []lockstep.Item
	for _, was := range record.Subscriptions {
		if was.ID == s.ID {
			known, s.PlanNamed = was.Items, was.PlanNamed
		}
	}
	if key := d.Catalog.PlanMetadata; key != "" && s.Metadata[key] != "" {
		s.PlanNamed = s.Metadata[key]
	}
	return d.Book.Recall(ctx, pricebook.Lookup{Items: s.Items, Known: known, Recurring: true})
}

// lookFurther adds what a further customer has. Its open sessions were not begun here.
// One that Stripe does not find has nothing to add to what we know of it.
func (d *Service) lookFurther(ctx context.Context, customerID string, has *lockstep.Holdings) error {
	checkouts, err := d.Stripe.Checkouts(ctx, customerID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	subscriptions, err := d.Stripe.Subscriptions(ctx, customerID)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	has.Checkouts, has.Subscriptions = append(has.Checkouts, checkouts...), append(has.Subscriptions, subscriptions...)
	return nil
}

// clear finds the open session that the same order began, and expires all others of
// ours. It reports a change where one was paid meanwhile.
func (d *Service) clear(ctx context.Context, sessions []lockstep.Checkout,
	sign imprint) (same *lockstep.Checkout, changed bool, err error) {
	for i, s := range sessions {
		began := imprintOf(s)
		if s.Status != "open" || began.order == "" {
			continue
		}
		if same == nil && began.order == sign.order && s.URL != "" && time.Until(s.ExpiresAt) > freshness {
			same = &sessions[i]
			continue
		}
		var upstream *lockstep.UpstreamError
		err := d.Stripe.CloseCheckout(ctx, s.ID)
		switch {
		case errors.As(err, &upstream) && upstream.Rejected():
			return nil, true, nil
		case err != nil:
			return nil, false, err
		}
	}
	return same, false, nil
}

// refuse says what to do instead. Of what we have no record yet, the workers are told.
func (d *Service) refuse(ctx context.Context, obstacle lockstep.Obstacle) error {
	plan := cmp.Or(obstacle.Plan, "this plan")
	if obstacle.Kind == lockstep.AlreadySubscribed && obstacle.Claimed {
		return &RefusedError{string(obstacle.Kind), fmt.Sprintf(
			"somebody pays %s for the account already, through a payment link (%s); a server may sell it once more with again: true", plan, obstacle.ID)}
	}
	switch obstacle.Kind {
	case lockstep.AlreadySubscribed:
		return &RefusedError{string(obstacle.Kind), fmt.Sprintf(
			"the account is subscribed to %s already (%s): to change or pay it, open the portal (POST /v1/portal)", plan,
			obstacle.ID)}
	case lockstep.OtherSubscription:
		return &RefusedError{string(obstacle.Kind), fmt.Sprintf(
			"the account has a subscription (%s, %s), and a second one would be charged beside it: to change the plan, open the portal (POST /v1/portal with flow update)", plan, obstacle.ID)}
	case lockstep.AlreadyBought:
		return &RefusedError{string(obstacle.Kind), fmt.Sprintf(
			"the account has bought %s already (%s); a server may sell it once more with again: true", plan, obstacle.ID)}
	case lockstep.PaymentUnderWay, lockstep.FirstPaymentOpen:
	}
	mark := lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: obstacle.ID}, Priority: lockstep.Interactive}
	if err := d.Store.Mark(ctx, mark); err != nil {
		return err
	}
	d.Wake()
	return &RefusedError{string(obstacle.Kind), "a payment of this account (" + obstacle.ID +
		") is being confirmed; wait for it"}
}
