package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// errSucceeded ends a run whose account was given a former one: the next run, which is
// marked, looks at everything.
var errSucceeded = errors.New("a former account was carried over")

// former reports whether the account was not seen since another instance was accepted. That
// the directory does not know it is then to be expected, and ends nobody's billing.
func (r *run) former() bool { return r.known && r.now.InstanceGeneration < r.generation }

// inherit gives the account what it had in a former instance, and reports whether there was
// anything. Before an instance was ever replaced there is nothing to look for.
func (r *run) inherit(ctx context.Context, identity lockstep.Identity) (bool, error) {
	if r.generation == 0 {
		return false, nil
	}
	candidates, err := r.predecessors(ctx, identity)
	if err != nil {
		return false, err
	}
	for _, from := range candidates {
		if done, err := r.succeed(ctx, from); done || err != nil {
			return done, err
		}
	}
	return false, r.findCandidate(ctx, identity)
}

// predecessors are the accounts that may be this one in a former instance: what an operator
// said, the external id, and what this id led to while it was a former one.
func (r *run) predecessors(ctx context.Context, identity lockstep.Identity) (all []lockstep.Account, err error) {
	if r.scope.Has(lockstep.ScopeSuccession) {
		if all, err = r.Store.OrderedPredecessors(ctx, r.account); err != nil {
			return nil, err
		}
	}
	if named, err := lockstep.NewAccount(r.account.Kind, identity.ExternalID); err == nil && named != r.account {
		all = append(all, named)
	}
	if r.known && !r.former() {
		return all, nil
	}
	switch successor, err := r.Store.Successor(ctx, r.account); {
	case err == nil:
		all = append(all, successor)
	case !errors.Is(err, lockstep.ErrNotFound):
		return nil, err
	}
	return all, nil
}

// succeed carries a former account over, if it is one and nothing stands against it.
func (r *run) succeed(ctx context.Context, from lockstep.Account) (bool, error) {
	record, err := r.Store.Account(ctx, from)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read former account: %w", err)
	case record.InstanceGeneration >= r.generation, record.State == lockstep.AccountDeleted:
		return false, nil
	}
	succession := lockstep.Succession{From: from, To: r.account, Generation: r.generation}
	if record.Intent != nil {
		// Its creation was interrupted by the move. It may have made a customer.
		if succession.CustomerID, err = r.madeFor(ctx, from, record.Intent.At); err != nil {
			return false, err
		}
	}
	err = r.Store.Succeed(ctx, r.claim, succession)
	switch {
	case errors.Is(err, lockstep.ErrNotFound), errors.Is(err, lockstep.ErrInUse):
		return false, nil // it changed since we looked
	case err != nil:
		return false, err
	}
	r.Log.Info("a former account was carried over", "former", from.String(), "account", r.account.String(), "customer",
		record.CustomerID)
	if pays(record) && pays(r.now) {
		r.Log.Error("an account is billed twice: it and the former account that was carried over each had a running subscription; both count, cancel one at Stripe",
			"former", from.String(), "account", r.account.String())
	}
	return true, nil
}

// pays reports whether an account pays for a running subscription itself.
func pays(r lockstep.Record) bool {
	return slices.ContainsFunc(r.Own().Subscriptions, func(s lockstep.Subscription) bool { return !s.Ended() })
}

// madeFor is the customer that an interrupted creation has made; empty: none.
func (r *run) madeFor(ctx context.Context, account lockstep.Account, at time.Time) (string, error) {
	made, err := r.Billing.CustomersOf(ctx, account, at.Add(-time.Hour))
	if err != nil {
		return "", fmt.Errorf("look for the customer of a former account: %w", err)
	}
	for _, c := range made {
		if !c.Deleted {
			return c.ID, nil
		}
	}
	return "", nil
}

// findCandidate notes the former account that has the same verified address. It is not
// carried over: addresses are given to others. But no customer is created for a new
// account before it buys, since the former one may have one.
func (r *run) findCandidate(ctx context.Context, identity lockstep.Identity) error {
	r.now.Candidate = ""
	if r.now.Live() || r.former() || !identity.EmailVerified || identity.Email == "" {
		return nil
	}
	found, err := r.Store.FormerByEmail(ctx, r.account.Kind, identity.Email)
	if err != nil || len(found) == 0 {
		return err
	}
	if r.was.Candidate == "" {
		r.Log.Warn("a former account has the same verified address; if both are the same person, run `lockstep link FORMER ACCOUNT`",
			"former", found[0].String(), "account", r.account.String())
	}
	r.now.Candidate = found[0].ID
	return nil
}

// redirect passes a mark on a former id on to its successor, and reports whether there is
// one. A late event about the former id neither creates nor deletes anything.
func (r *run) redirect(ctx context.Context) (bool, error) {
	if r.known || r.generation == 0 {
		return false, nil
	}
	successor, err := r.Store.Successor(ctx, r.account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	scope := r.claim.Scope &^ (lockstep.ScopeDeleted | lockstep.ScopeMissing | lockstep.ScopeSuccession)
	return true, r.Store.Mark(ctx, lockstep.Mark{Key: successor.Key(), Scope: scope, Priority: r.claim.Priority})
}

// nameCustomer has the metadata of a customer that was carried over name its account.
func (r *run) nameCustomer(ctx context.Context) error {
	if !r.now.Misnamed || !r.now.Live() {
		return nil
	}
	err := r.Billing.NameCustomer(ctx, r.now.CustomerID, r.account)
	var refused *lockstep.UpstreamError
	switch {
	case err == nil, errors.Is(err, lockstep.ErrNotFound):
		r.now.Misnamed = false
	case errors.As(err, &refused) && refused.Rejected(): // nobody's access depends on it
		r.Log.Warn("Stripe refused to name the account of a customer; the next run tries again", "account",
			r.account.String(), "customer", r.now.CustomerID, "error", err)
	default:
		return fmt.Errorf("name account of customer: %w", err)
	}
	return nil
}

// payer is the user who pays for an organization's subscription. Its metadata names the id
// that they had when they bought it.
func (r *run) payer(ctx context.Context, id string) (string, error) {
	user, err := lockstep.NewAccount(lockstep.User, id)
	if err != nil || r.generation == 0 {
		return id, nil //nolint:nilerr // empty, or an id that no account can have
	}
	now, err := current(ctx, r.Store, user)
	return now.ID, err
}

// successors is what tells who a former account is now.
type successors interface {
	Successor(ctx context.Context, former lockstep.Account) (lockstep.Account, error)
}

// current is the account that a former one is now, or the account itself.
func current(ctx context.Context, store successors, account lockstep.Account) (lockstep.Account, error) {
	successor, err := store.Successor(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return account, nil
	}
	return successor, err
}
