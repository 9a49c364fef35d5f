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

// CheckoutReader reads checkouts and prices from Stripe.
type CheckoutReader interface {
	Checkout(ctx context.Context, id string) (lockstep.Checkout, error)
}

// Records are the records of accounts, kept in memory.
type Records interface {
	Record(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Subscribe(account lockstep.Account) (changed <-chan struct{}, cancel func())
}

// Store is what is needed of the store.
type Store interface {
	AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error)
	AccountOfLicense(ctx context.Context, checkoutID string) (lockstep.Account, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Config is what activations are made of.
type Config struct {
	Store       Store
	Records     Records
	Stripe      CheckoutReader
	Live        bool            // whether Stripe is in live mode
	Secret      lockstep.Secret // signs tokens; the same for all replicas
	Catalog     lockstep.Catalog
	App         string // the application's name, for the page; may be empty
	ContinueURL string // where the page goes on to; may be empty
	// MayReturn says whether a browser may be sent to a URL that a request names.
	MayReturn func(url string) bool
	Wake      func() // tells the workers that something is due
	Log       *slog.Logger
}

// Activations tells how far purchases are.
type Activations struct {
	Config
	sessions *sessions
	streams  chan struct{}  // a place for each open stream
	places   clients.Places // of streams, by session and by client
	over     chan struct{}  // closed when streams are to end
	end      sync.Once
}

// New returns activations.
func New(c Config) *Activations {
	a := &Activations{Config: c, streams: make(chan struct{}, mostStreams), over: make(chan struct{})}
	a.sessions = newSessions(c.Stripe, c.Live, newTokens(c.Secret), a.look)
	return a
}

// Close ends the streams: a server that ends does not wait for them.
func (a *Activations) Close() { a.end.Do(func() { close(a.over) }) }

// State is how far a purchase is.
type State string

// The states, see the package comment.
const (
	Waiting    State = "waiting"
	Active     State = "active"
	Processing State = "processing"
	Failed     State = "failed"
	Open       State = "open"
	Expired    State = "expired"
)

// Final reports whether nothing will follow but by another event.
func (s State) Final() bool { return s == Active || s == Failed || s == Expired }

// Activation is what is told of a purchase.
type Activation struct {
	State State  `json:"state" enum:"waiting,active,processing,failed,open,expired"`
	Plan  string `json:"plan,omitempty" doc:"That is active"`
	Long  bool   `json:"long,omitempty" doc:"It takes longer than usual; nothing is lost"`

	account lockstep.Account // whose changes to wait for; zero: not known yet
}

// usual is how long an activation may take before the buyer is told that it takes long.
const usual = 30 * time.Second

// forDirectory is how long it waits for the directory's metadata too, which is written
// after our record: an application that reads only session tokens would else be shown
// to a buyer as not bought. A directory that is down keeps nobody waiting for longer.
const forDirectory = 15 * time.Second

// Errors of [Activations.Of].
var (
	ErrUnknown = errUnknown // also of what is somebody else's
	ErrBusy    = errBusy
)

// Started remembers a session that we have just created, or found open, so that it is served
// without its token too.
func (a *Activations) Started(session lockstep.Checkout) { a.sessions.started(session) }

// Of says how far the purchase of a session is. The token is the one of the return URL; it may
// be empty. It returns ErrUnknown or ErrBusy, or what went wrong.
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
	waiting := Activation{State: Waiting, Long: time.Since(since) > usual}
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
	found := a.judge(session, record, waiting)
	if found.State != Active || a.sessions.wasActive(id, false) {
		return found, nil // what was said is not taken back because there is another look
	}
	if time.Since(since) < forDirectory {
		work, err := a.Store.Work(ctx, account.Key())
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return Activation{}, err
		}
		later := work.Disposition == lockstep.Done && work.RunAt.After(time.Now()) // a look that time asks for
		if work.Pending() && !later {
			return waiting, nil
		}
	}
	a.sessions.wasActive(id, true)
	return found, nil
}

// owner returns the account of a purchase: the one that has its license, which the worker may
// have found by a slug, a former id, metadata or an operator's decision, or the customer's.
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
		return account, nil // a guest's, whose payment is not settled yet
	}
	return lockstep.Account{}, lockstep.ErrNotFound
}

// judge says what our record shows of a session that is complete.
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

// look has the workers look at what a session is about.
func (a *Activations) look(ctx context.Context, s lockstep.Checkout) error {
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
