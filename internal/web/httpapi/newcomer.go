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

// Limits of looking up accounts that are new to us.
const (
	// lookupsAtOnce is how many lookups may run at once, for servers and for browsers each.
	// It bounds what a caller with made-up ids takes from everyone else.
	lookupsAtOnce = 8
	// lookupWithin is how long the directory may take. Its gate keeps five seconds of that for
	// the call, so a lookup that would have to wait for longer than two is not made.
	lookupWithin = 7 * time.Second
	// checkWithin is how long an answer of `check` waits for a lookup.
	checkWithin = 2 * time.Second
	// lookupFresh is how long an answer is reused. It is short: the directory may learn of a
	// sign-up a moment after the application does.
	lookupFresh = 2 * time.Second
	// lookupsKept is how many answers are kept at most.
	lookupsKept = 10_000
)

// newcomers asks the directory about accounts that we do not know: whoever has just signed
// up may ask for their access before the event of their sign-up has been worked on. One
// that exists is marked, so that the workers take it in. One that does not exist leaves
// nothing behind in the database.
type newcomers struct {
	directory lockstep.Directory
	mark      func(ctx context.Context, marks ...lockstep.Mark) error
	wake      func()

	flights singleflight.Group
	turns   [2]chan struct{} // of servers, of browsers

	mu   sync.Mutex
	seen map[lockstep.Account]sighting
}

// sighting is what the directory said about an account.
type sighting struct {
	exists bool
	until  time.Time // when the answer is too old
}

func newNewcomers(directory lockstep.Directory, mark func(context.Context, ...lockstep.Mark) error,
	wake func()) *newcomers {
	return &newcomers{directory: directory, mark: mark, wake: wake, seen: map[lockstep.Account]sighting{},
		turns: [2]chan struct{}{make(chan struct{}, lookupsAtOnce), make(chan struct{}, lookupsAtOnce)}}
}

// exists reports whether the directory knows an account. Several callers share one lookup,
// which goes on when one of them leaves.
func (n *newcomers) exists(ctx context.Context, account lockstep.Account, server bool) (bool, error) {
	if account.Reference() != account.ID {
		return false, nil // not an id of Clerk's: it could only be taken for a slug
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
		case n.turns[lane] <- struct{}{}:
			defer func() { <-n.turns[lane] }()
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
	// Without a scope: a run looks at everything about an account that is new.
	if err := n.mark(ctx, lockstep.Mark{Key: account.Key(), Priority: lockstep.Interactive}); err != nil {
		return false, err
	}
	n.wake()
	n.remember(account, true)
	return true, nil
}

func (n *newcomers) remembered(account lockstep.Account) (sighting, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, has := n.seen[account]
	return s, has && time.Now().Before(s.until)
}

func (n *newcomers) remember(account lockstep.Account, exists bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.seen) >= lookupsKept {
		clear(n.seen) // what is lost costs one lookup each
	}
	n.seen[account] = sighting{exists, time.Now().Add(lookupFresh)}
}

// foreign answers 404 for an id that cannot be Clerk's. Clerk takes an organization's slug in
// the place of its id, so asking it about such an account would answer about another one.
func (a *API) foreign(account lockstep.Account) error {
	if a.newcomers == nil || account.Reference() == account.ID {
		return nil
	}
	want := "user_"
	if account.Kind == lockstep.Organization {
		want = "org_"
	}
	return huma.Error404NotFound("account " + account.String() + " not found: Clerk's ids of this kind begin with " +
		want +
		"; use the id, not a slug, a name or an e-mail address")
}

// known returns the record of an account. One that is new to us, but known to the directory,
// has an empty one; isNew reports that.
func (a *API) known(ctx context.Context, account lockstep.Account, read func(context.Context,
	lockstep.Account) (lockstep.Record, error)) (record lockstep.Record, isNew bool, err error) {
	record, err = read(ctx, account)
	if err == nil {
		return record, false, nil
	}
	if !errors.Is(err, lockstep.ErrNotFound) {
		return record, false, a.problem(ctx, "read account", err)
	}
	if a.newcomers == nil {
		return record, false, huma.Error404NotFound("account " + account.String() +
			" not found; create it with PUT /v1/accounts/" + account.String())
	}
	if err := a.foreign(account); err != nil {
		return record, false, err
	}
	exists, err := a.newcomers.exists(ctx, account, callerOf(ctx).server)
	var delayed *lockstep.DelayError
	switch {
	case errors.As(err, &delayed):
		return record, false, later(delayed.After, delayed.Reason)
	case err != nil:
		a.Log.WarnContext(ctx, "account not looked up", "account", account.String(), "error", err)
		return record, false, later(2*time.Second, "account "+account.String()+" is new to this server, and Clerk could not be asked about it")
	case !exists:
		return record, false, huma.Error404NotFound("account " + account.String() + " not found: Clerk does not know it")
	}
	// It may have been taken in while Clerk was asked.
	if record, err = read(ctx, account); err == nil {
		return record, false, nil
	}
	now := time.Now()
	return lockstep.Record{Account: account, State: lockstep.AccountActive, CreatedAt: now, UpdatedAt: now}, true, nil
}
