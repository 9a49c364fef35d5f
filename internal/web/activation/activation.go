package activation

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
)

// CheckoutReader reads checkout sessions from Stripe.
type CheckoutReader interface {
	Checkout(ctx context.Context, id string) (lockstep.Checkout, error)
}

// Records reads the records of accounts from memory, and tells when one changes.
type Records interface {
	Record(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Subscribe(account lockstep.Account) (changed <-chan struct{}, cancel func())
}

// Store is the part of the store that activations use.
type Store interface {
	AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error)
	AccountOfLicense(ctx context.Context, checkoutID string) (lockstep.Account, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Config says what activations depend on.
type Config struct {
	Store       Store
	Records     Records
	Stripe      CheckoutReader
	Live        bool            // Stripe is in live mode
	Secret      lockstep.Secret // signs tokens; must be the same on all replicas
	Catalog     lockstep.Catalog
	App         string // the app's name, for the page; may be empty
	ContinueURL string // where the page sends buyers; may be empty
	// MayReturn reports whether the page may send a buyer to a URL that a request names.
	MayReturn func(url string) bool
	Wake      func() // tells the workers that a key is due
	Log       *slog.Logger
}

// Activations answers the state of purchases.
type Activations struct {
	Config
	sessions *sessions
	streams  chan struct{}  // a slot for each open stream
	places   clients.Places // of streams, by session and by client
	over     chan struct{}  // closed to end all streams
	end      sync.Once
}

// New returns activations. It makes no network calls.
func New(c Config) *Activations {
	a := &Activations{Config: c, streams: make(chan struct{}, mostStreams), over: make(chan struct{})}
	a.sessions = newSessions(c.Stripe, c.Live, newTokens(c.Secret), a.sync)
	return a
}

// Close ends all streams, so that a server can shut down without waiting for them.
func (a *Activations) Close() { a.end.Do(func() { close(a.over) }) }

// State is the state of a purchase.
type State string

// The states; the package comment explains them.
const (
	Waiting    State = "waiting"
	Active     State = "active"
	Processing State = "processing"
	Failed     State = "failed"
	Open       State = "open"
	Expired    State = "expired"
)

// Final reports whether the state can change only through a new event.
func (s State) Final() bool { return s == Active || s == Failed || s == Expired }

// Activation is the answer about a purchase.
type Activation struct {
	State State  `json:"state" enum:"waiting,active,processing,failed,open,expired"`
	Plan  string `json:"plan,omitempty" doc:"The plan that is active"`
	Long  bool   `json:"long,omitempty" doc:"The activation takes longer than usual; nothing is lost"`

	account lockstep.Account // the buyer, whose changes to wait for; zero while unknown
}

// usual is how long an activation may take before the page tells the buyer that it takes longer.
const usual = 30 * time.Second

// forDirectory is how long an activation also waits for the directory's metadata, which is written
// after our record. Otherwise the buyer could return to an app that reads only session tokens and see no
// access. If the directory is down, the buyer waits no longer than this.
const forDirectory = 15 * time.Second

// Errors of [Activations.Of].
var (
	ErrUnknown = errUnknown // Stripe does not know the session, or it belongs to another app
	ErrBusy    = errBusy    // too many sessions are being read; ask again
)

// Started remembers a session that we just created or found open, so that its buyer is served even
// without the token.
func (a *Activations) Started(session lockstep.Checkout) { a.sessions.started(session) }

// Of returns the state of the purchase of a session. The token is that of the return URL; it may be
// empty. It returns ErrUnknown, ErrBusy, or the error of the store or of Stripe.
func (a *Activations) Of(ctx context.Context, id, token string) (Activation, error) {
	session, since, err := a.sessions.find(ctx, id, token)
	if err != nil {
		return Activation{}, err
	}
	switch {
	case session.Mode != "payment" && session.Mode != "subscription":
		return Activation{}, ErrUnknown
	case session.Status == "expired":
		return Activation{State: Expired}, nil
	case session.Status == "open":
		return Activation{State: Open}, nil
	}
	found, err := a.recorded(ctx, session, Activation{State: Waiting, Long: time.Since(since) > usual})
	if err != nil || found.State != Active || a.sessions.wasActive(id, false) {
		return found, err // once a buyer saw "active", a later sync does not take it back
	}
	if time.Since(since) < forDirectory {
		pending, err := a.pending(ctx, found.account)
		if err != nil {
			return Activation{}, err
		}
		if pending {
			return Activation{State: Waiting, account: found.account}, nil
		}
	}
	a.sessions.wasActive(id, true)
	return found, nil
}

// recorded returns what our record shows of a complete session, or waiting while it shows nothing.
func (a *Activations) recorded(ctx context.Context, session lockstep.Checkout,
	waiting Activation) (Activation, error) {
	account, err := a.owner(ctx, session)
	if errors.Is(err, lockstep.ErrNotFound) {
		return waiting, nil
	}
	if err != nil {
		return Activation{}, err
	}
	waiting.account = account
	record, err := a.Records.Record(ctx, account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return waiting, nil
	case err != nil:
		return Activation{}, err
	case record.State == lockstep.AccountDeleted:
		return Activation{State: Failed, account: account}, nil
	}
	return a.judge(session, record, waiting), nil
}

// pending reports whether a sync of the account is due, so that the directory's metadata may be stale.
// A sync that is merely scheduled, for the end of a period, does not count.
func (a *Activations) pending(ctx context.Context, account lockstep.Account) (bool, error) {
	work, err := a.Store.Work(ctx, account.Key())
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return false, err
	}
	scheduled := work.Disposition == lockstep.Done && work.RunAt.After(time.Now())
	return work.Pending() && !scheduled, nil
}

// owner returns the account of a purchase: the one that has its license or its customer, else the one
// that the session refers to. The worker may have found the license's account in other ways, such as by
// metadata or an operator's decision.
func (a *Activations) owner(ctx context.Context, s lockstep.Checkout) (lockstep.Account, error) {
	if s.Mode == "payment" {
		account, err := a.Store.AccountOfLicense(ctx, s.ID)
		if err == nil || !errors.Is(err, lockstep.ErrNotFound) {
			return account, err
		}
	}
	if s.CustomerID != "" {
		account, err := a.Store.AccountOfCustomer(ctx, s.CustomerID)
		if err == nil || !errors.Is(err, lockstep.ErrNotFound) {
			return account, err
		}
	}
	if account, named := lockstep.AccountOfReference(s.Reference); named {
		return account, nil // a guest whose payment is not settled yet
	}
	return lockstep.Account{}, lockstep.ErrNotFound
}

// judge finds the purchase among the reasons of the account's access.
func (a *Activations) judge(s lockstep.Checkout, record lockstep.Record, waiting Activation) Activation {
	id := s.ID
	if s.Mode == "subscription" {
		id = s.SubscriptionID
	}
	access := a.Catalog.Access(record, time.Now())
	at := slices.IndexFunc(access.Reasons, func(r lockstep.Reason) bool { return r.ID == id && id != "" })
	if at < 0 {
		return waiting
	}
	reason := access.Reasons[at]
	found := Activation{State: Failed, account: waiting.account}
	switch {
	case reason.Grants:
		found.State, found.Plan = Active, reason.Plan
	case reason.Status == string(lockstep.LicensePending), reason.Status == "incomplete":
		found.State = Processing
	}
	return found
}

// sync marks what a session is about, so that the workers sync it at once.
func (a *Activations) sync(ctx context.Context, s lockstep.Checkout) error {
	mark := lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCheckout, ID: s.ID}, Priority: lockstep.Interactive}
	if s.Mode == "subscription" {
		if s.CustomerID == "" {
			return nil
		}
		mark.Key = lockstep.Key{Kind: lockstep.KeyCustomer, ID: s.CustomerID}
		mark.Scope = lockstep.ScopeSubscriptions
	}
	if err := a.Store.Mark(ctx, mark); err != nil {
		return err
	}
	a.Wake()
	return nil
}
