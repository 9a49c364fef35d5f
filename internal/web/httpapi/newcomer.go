package httpapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/singleflight"

	"github.com/lockstep-dev/lockstep"
)

// Limits of lookups of accounts that are new to us.
const (
	// lookupsAtOnce bounds concurrent lookups, for servers and for browsers each, and so how much of
	// the rate limit a caller with made-up ids can use.
	lookupsAtOnce = 8
	// lookupWithin bounds a lookup. The rate limit's gate keeps five seconds of it for the call, so a
	// lookup that would wait longer than two seconds fails at once.
	lookupWithin = 7 * time.Second
	// checkWithin is how long POST /v1/check waits for a lookup.
	checkWithin = 2 * time.Second
	// lookupFresh is how long an answer is reused. It is short, because the directory may show a
	// sign-up a moment after the app knows of it.
	lookupFresh = 2 * time.Second
	// lookupsKept is the maximum number of answers in memory.
	lookupsKept = 10_000
)

// newcomers asks the directory about accounts that we do not know. A user who has just signed up may
// ask for their access before the sign-up's event is processed. An account that exists is marked, so
// that the workers sync it. One that does not exist leaves nothing in the database.
type newcomers struct {
	directory lockstep.Directory
	mark      func(ctx context.Context, marks ...lockstep.Mark) error
	wake      func()

	flights singleflight.Group
	slots   [2]chan struct{} // of servers, of browsers

	mu   sync.Mutex
	seen map[lockstep.Account]lookup
}

// lookup is an answer of the directory.
type lookup struct {
	exists bool
	until  time.Time // when the answer is stale
}

func newNewcomers(directory lockstep.Directory, mark func(context.Context, ...lockstep.Mark) error,
	wake func()) *newcomers {
	return &newcomers{directory: directory, mark: mark, wake: wake, seen: map[lockstep.Account]lookup{},
		slots: [2]chan struct{}{make(chan struct{}, lookupsAtOnce), make(chan struct{}, lookupsAtOnce)}}
}

// exists reports whether the directory knows an account. Concurrent callers share one lookup, which
// continues when one of them leaves.
func (n *newcomers) exists(ctx context.Context, account lockstep.Account, server bool) (bool, error) {
	if account.Reference() != account.ID {
		return false, nil // not a Clerk id; Clerk could take it for a slug
	}
	if s, fresh := n.remembered(account); fresh {
		return s.exists, nil
	}
	lane := 1
	if server {
		lane = 0
	}
	flight := n.flights.DoChan(account.String(), func() (any, error) {
		select {
		case n.slots[lane] <- struct{}{}:
			defer func() { <-n.slots[lane] }()
		default:
			return false, &lockstep.DelayError{Reason: "too many accounts are being looked up", After: time.Second}
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupWithin)
		defer cancel()
		return n.lookUp(lockstep.WithPriority(ctx, lockstep.Interactive), account)
	})
	select {
	case answer := <-flight:
		exists, _ := answer.Val.(bool)
		return exists, answer.Err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (n *newcomers) lookUp(ctx context.Context, account lockstep.Account) (exists bool, err error) {
	_, err = n.directory.Identity(ctx, account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		n.remember(account, false)
		return false, nil
	case err != nil:
		return false, err
	}
	// No scope is needed: the first sync of an account reads everything.
	if err := n.mark(ctx, lockstep.Mark{Key: account.Key(), Priority: lockstep.Interactive}); err != nil {
		return false, err
	}
	n.wake()
	n.remember(account, true)
	return true, nil
}

func (n *newcomers) remembered(account lockstep.Account) (lookup, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, has := n.seen[account]
	return s, has && time.Now().Before(s.until)
}

func (n *newcomers) remember(account lockstep.Account, exists bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.seen) >= lookupsKept {
		clear(n.seen) // each lost answer costs one lookup
	}
	n.seen[account] = lookup{exists, time.Now().Add(lookupFresh)}
}

// foreign answers 404 for an id that cannot be a Clerk id. Clerk accepts an organization's slug in
// place of its id, so asking it could answer about another account.
func (a *API) foreign(account lockstep.Account) error {
	if a.newcomers == nil || account.Reference() == account.ID {
		return nil
	}
	want := "user_"
	if account.Kind == lockstep.Organization {
		want = "org_"
	}
	return huma.Error404NotFound("account " + account.String() + " not found: Clerk's ids of this kind start with " + want +
		"; use the id, not a slug, a name or an e-mail address")
}

// known returns the record of an account. An account that the directory knows, but that is new to us,
// has an empty record, and isNew is true.
func (a *API) known(ctx context.Context, account lockstep.Account, read func(context.Context,
	lockstep.Account) (lockstep.Record, error)) (record lockstep.Record, isNew bool, err error) {
	record, err = read(ctx, account)
	if err == nil {
		return record, false, nil
	}
	if !errors.Is(err, lockstep.ErrNotFound) {
		return record, false, a.problem(ctx, "read account", err)
	}
	if err := a.findNewcomer(ctx, account); err != nil {
		return record, false, err
	}
	// The workers may have synced it during the lookup.
	switch record, err = read(ctx, account); {
	case err == nil:
		return record, false, nil
	case !errors.Is(err, lockstep.ErrNotFound):
		return record, false, a.problem(ctx, "read account", err)
	}
	now := time.Now()
	return lockstep.Record{Account: account, State: lockstep.AccountActive, CreatedAt: now, UpdatedAt: now}, true, nil
}

// findNewcomer returns nil if the directory knows the account, and else the answer to the caller.
func (a *API) findNewcomer(ctx context.Context, account lockstep.Account) error {
	if a.newcomers == nil {
		return huma.Error404NotFound("account " + account.String() +
			" not found; create it with PUT /v1/accounts/" + account.String())
	}
	if err := a.foreign(account); err != nil {
		return err
	}
	exists, err := a.newcomers.exists(ctx, account, callerOf(ctx).server)
	var delayed *lockstep.DelayError
	switch {
	case errors.As(err, &delayed):
		return later(delayed.After, delayed.Reason)
	case err != nil:
		a.Log.WarnContext(ctx, "account lookup failed", "account", account.String(), "error", err)
		return later(2*time.Second, "account "+account.String()+" is new to this server, and Clerk did not answer")
	case !exists:
		return huma.Error404NotFound("account " + account.String() + " not found in Clerk")
	}
	return nil
}
