package instance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Guard pauses the work of a process whose key belongs to another Clerk instance, or to another
// Stripe mode, than the database. Under such a key every account and customer looks deleted, and
// every listed one looks new. Until an operator accepts the instance, Lockstep deletes and creates
// nothing, and only stores events.
//
// Work also waits while the instance of a key cannot be read. A key that was read before is known by
// its digest, so a restart needs no answer from the provider.
type Guard struct {
	store   lockstep.Instances
	log     *slog.Logger
	members map[lockstep.Source]*member
}

const (
	// recheck is how long a verdict counts: an operator may decide through another replica.
	recheck = 5 * time.Second
	// pausedFor is how long the queue delays a key of work while it is paused.
	pausedFor = time.Minute
	// readWithin is the timeout for reading the instance from the provider.
	readWithin = 10 * time.Second
)

// Key is a provider's key.
type Key struct {
	Provider lockstep.Source
	Secret   lockstep.Secret
	// Instance reads the id of the instance that the key belongs to.
	Instance func(ctx context.Context) (string, error)
}

// member is a provider's key, and what we know of it.
type member struct {
	Key
	digest   string
	lock     chan struct{} // a mutex that a context can interrupt; guards the rest
	own      string        // the instance of the key; empty: not read yet
	met      bool          // this process has stored own in the database
	checked  time.Time
	accepted lockstep.Instance
	verdict  error // nil: own is the accepted one
}

// NewGuard returns a guard of the keys.
func NewGuard(store lockstep.Instances, log *slog.Logger, keys ...Key) *Guard {
	g := &Guard{store: store, log: log, members: map[lockstep.Source]*member{}}
	for _, key := range keys {
		sum := sha256.Sum256([]byte("lockstep instance " + string(key.Provider) + " " + key.Secret.Reveal()))
		g.members[key.Provider] = &member{Key: key, digest: hex.EncodeToString(sum[:16]), lock: make(chan struct{}, 1)}
	}
	return g
}

// Check returns nil if the keys of the providers belong to the accepted instances. Otherwise it
// returns a [*lockstep.DelayError] that says why not and is safe to show. Without providers it
// checks all.
func (g *Guard) Check(ctx context.Context, providers ...lockstep.Source) error {
	if len(providers) == 0 {
		providers = []lockstep.Source{lockstep.Stripe, lockstep.Clerk}
	}
	for _, provider := range providers {
		if _, err := g.check(ctx, provider); err != nil {
			return pause(err)
		}
	}
	return nil
}

// Generation returns the generation of the accepted Clerk instance, as this process last saw it. Its
// errors are those of [Guard.Check].
func (g *Guard) Generation(ctx context.Context) (int64, error) {
	accepted, err := g.check(ctx, lockstep.Clerk)
	return accepted.Generation, pause(err)
}

func (g *Guard) check(ctx context.Context, provider lockstep.Source) (lockstep.Instance, error) {
	m := g.members[provider]
	if m == nil {
		return lockstep.Instance{}, nil // identities come through the API, which has no instances
	}
	select {
	case m.lock <- struct{}{}:
	case <-ctx.Done():
		return lockstep.Instance{}, context.Cause(ctx)
	}
	defer func() { <-m.lock }()
	if now := time.Now(); m.checked.IsZero() || now.Sub(m.checked) >= recheck {
		before := m.verdict
		accepted, err := g.look(ctx, m)
		if err != nil && (ctx.Err() != nil || !decided(err)) {
			return lockstep.Instance{}, err // the next check looks again
		}
		m.accepted, m.verdict, m.checked = accepted, err, time.Now()
		g.report(ctx, m, before)
	}
	return m.accepted, m.verdict
}

// look compares the key's instance with the accepted one.
func (g *Guard) look(ctx context.Context, m *member) (lockstep.Instance, error) {
	accepted, err := g.store.Instance(ctx, m.Provider)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Instance{}, err
	}
	if m.own == "" && accepted.KeyDigest == m.digest {
		m.own = accepted.ID
	}
	if m.own == "" {
		if m.own, err = m.read(ctx); err != nil {
			return lockstep.Instance{}, &unreadError{m.Provider, err}
		}
	}
	if !m.met || m.news(accepted) {
		if accepted, err = g.store.MeetInstance(ctx, m.Provider, m.own, m.digest); err != nil {
			return lockstep.Instance{}, err
		}
		m.met = true
	}
	if accepted.ID != m.own {
		return accepted, &foreignError{m.Provider, accepted.ID, m.own}
	}
	return accepted, nil
}

// read reads the instance from the provider. All work waits for it, and a replica that has just
// joined has no share of Clerk's rate limit yet: until it has one, only interactive calls pass.
func (m *member) read(ctx context.Context) (string, error) {
	urgent := lockstep.WithPriority(ctx, lockstep.Interactive)
	reading, cancel := context.WithTimeout(urgent, readWithin)
	defer cancel()
	return m.Instance(reading)
}

// news reports whether the database lacks something about the key: its digest, or that its instance
// waits.
func (m *member) news(accepted lockstep.Instance) bool {
	if accepted.ID == m.own {
		return accepted.KeyDigest != m.digest
	}
	return accepted.Waiting != m.own
}

// report logs a changed verdict, once.
func (g *Guard) report(ctx context.Context, m *member, before error) {
	var foreign *foreignError
	var unread, wasUnread *unreadError
	switch {
	case before != nil && m.verdict == nil:
		g.log.InfoContext(ctx, "work resumed: the key belongs to the accepted instance", "provider", string(m.Provider),
			"instance", m.own)
	case m.verdict == nil, before != nil && before.Error() == m.verdict.Error():
	case errors.As(m.verdict, &unread) && errors.As(before, &wasUnread): // only the request id in its text differs
	case errors.As(m.verdict, &foreign):
		g.log.ErrorContext(ctx, "ANOTHER INSTANCE: Lockstep deletes and creates nothing until you decide. "+foreign.advice(),
			"provider", string(m.Provider), "database", foreign.accepted, "key", foreign.own)
	case errors.As(m.verdict, &unread):
		g.log.WarnContext(ctx, "work paused: the instance of the key cannot be read; retrying", "provider",
			string(m.Provider), "error", unread.cause)
	}
}

// foreignError says that the key belongs to another instance than the database.
type foreignError struct {
	provider      lockstep.Source
	accepted, own string
}

func (e *foreignError) Error() string {
	if e.provider == lockstep.Stripe {
		return fmt.Sprintf("the Stripe key is a %s key and the database holds %s customers", e.own, e.accepted)
	}
	return fmt.Sprintf("the Clerk key belongs to instance %s and the database to %s", e.own, e.accepted)
}

// advice says what an operator can do.
func (e *foreignError) advice() string {
	if e.provider == lockstep.Stripe {
		return fmt.Sprintf("Set STRIPE_SECRET_KEY to the %s key, or start with an empty database", e.accepted)
	}
	return fmt.Sprintf("If the business moved to this Clerk instance: lockstep instance accept %s. If not, restart with the former CLERK_SECRET_KEY", e.own)
}

// unreadError says that the provider did not tell to which instance the key belongs.
type unreadError struct {
	provider lockstep.Source
	cause    error
}

func (e *unreadError) Error() string {
	return fmt.Sprintf("cannot read which %s instance the key belongs to: %v", e.provider, e.cause)
}

func (e *unreadError) Unwrap() error { return e.cause }

// decided reports whether an error is a verdict, and not a failure of the database.
func decided(err error) bool {
	var foreign *foreignError
	var unread *unreadError
	return errors.As(err, &foreign) || errors.As(err, &unread)
}

// pause turns a verdict into a delay, which the queue and the API understand.
func pause(err error) error {
	var foreign *foreignError
	var unread *unreadError
	switch {
	case errors.As(err, &foreign):
		return &lockstep.DelayError{Reason: foreign.Error(), After: pausedFor, Untried: true}
	case errors.As(err, &unread):
		return &lockstep.DelayError{Reason: unread.Error(), After: recheck, Untried: true}
	}
	return err
}

// Standing says how a process's key compares with the database, for metrics and operators.
type Standing struct {
	Provider lockstep.Source
	Accepted lockstep.Instance
	Own      string // the instance of the key; empty: not read yet
	Problem  string // empty: Own is the accepted instance
	Advice   string
}

// Standings returns the standing of each key.
func (g *Guard) Standings(ctx context.Context) []Standing {
	var all []Standing
	for _, provider := range []lockstep.Source{lockstep.Clerk, lockstep.Stripe} {
		m := g.members[provider]
		if m == nil {
			continue
		}
		accepted, err := g.check(ctx, provider)
		s := Standing{Provider: provider, Accepted: accepted}
		var foreign *foreignError
		if errors.As(err, &foreign) {
			s.Own, s.Advice = foreign.own, foreign.advice()
		}
		if err != nil {
			s.Problem = err.Error()
		} else {
			s.Own = accepted.ID
		}
		all = append(all, s)
	}
	return all
}

// Recheck has the next check read the database again, because an operator has decided.
func (g *Guard) Recheck() {
	for _, m := range g.members {
		m.lock <- struct{}{}
		m.checked = time.Time{}
		<-m.lock
	}
}
