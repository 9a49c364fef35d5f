package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

// errSucceeded ends a run whose account took over a former one. The draft is outdated then;
// the next run, which is marked, reads everything.
var errSucceeded = errors.New("the account took over a former one")

// successionStore is the store as [succession] uses it.
type successionStore interface {
	ownership.Successors
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Succeed(ctx context.Context, claim lockstep.Claim, s lockstep.Succession) error
	OrderedPredecessors(ctx context.Context, to lockstep.Account) ([]lockstep.Account, error)
	FormerByEmail(ctx context.Context, kind lockstep.Kind, email string) ([]lockstep.Account, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// succession moves what an account had in a replaced Clerk instance to its new id.
type succession struct {
	store   successionStore
	billing interface {
		customerLister
		NameCustomer(ctx context.Context, id string, account lockstep.Account) error
	}
	log *slog.Logger
}

func (as *Accounts) succession() succession {
	return succession{as.Store, as.Providers.Billing, as.Log}
}

// inherit takes over a former account, and reports whether it found one. Before an instance
// was ever replaced, there are no former accounts.
func (s succession) inherit(ctx context.Context, d *draft, identity lockstep.Identity) (bool, error) {
	if d.generation == 0 {
		return false, nil
	}
	candidates, err := s.predecessors(ctx, d, identity)
	if err != nil {
		return false, err
	}
	for _, from := range candidates {
		if done, err := s.succeed(ctx, d, from); done || err != nil {
			return done, err
		}
	}
	return false, s.findCandidate(ctx, d, identity)
}

// predecessors returns the accounts that may be this one in a former instance: by an operator's
// order, by the external id, or because this id once led to them.
func (s succession) predecessors(ctx context.Context, d *draft, identity lockstep.Identity) (all []lockstep.Account,
	err error) {
	if d.scope.Has(lockstep.ScopeSuccession) {
		if all, err = s.store.OrderedPredecessors(ctx, d.account); err != nil {
			return nil, err
		}
	}
	if named, err := lockstep.NewAccount(d.account.Kind, identity.ExternalID); err == nil && named != d.account {
		all = append(all, named)
	}
	if d.stored && !d.former() {
		return all, nil
	}
	switch successor, err := s.store.Successor(ctx, d.account); {
	case err == nil:
		all = append(all, successor)
	case !errors.Is(err, lockstep.ErrNotFound):
		return nil, err
	}
	return all, nil
}

// succeed takes over one account, if it is a former one and nothing speaks against it.
func (s succession) succeed(ctx context.Context, d *draft, from lockstep.Account) (bool, error) {
	record, err := s.store.Account(ctx, from)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read former account: %w", err)
	case record.InstanceGeneration >= d.generation, record.State == lockstep.AccountDeleted:
		return false, nil
	}
	move := lockstep.Succession{From: from, To: d.account, Generation: d.generation}
	if record.Intent != nil { // the move interrupted a customer's creation
		made, _, err := createdSince(ctx, s.billing, from, record.Intent.At)
		if err != nil {
			return false, fmt.Errorf("find the customer of a former account: %w", err)
		}
		move.CustomerID = made.ID
	}
	err = s.store.Succeed(ctx, d.claim, move)
	switch {
	case errors.Is(err, lockstep.ErrNotFound), errors.Is(err, lockstep.ErrInUse):
		return false, nil // it changed after we read it
	case err != nil:
		return false, err
	}
	s.logMove(ctx, d, record)
	return true, nil
}

func (s succession) logMove(ctx context.Context, d *draft, former lockstep.Record) {
	s.log.InfoContext(ctx, "account took over a former one", "former", former.Account.String(),
		"account", d.account.String(), "customer", former.CustomerID)
	if pays(former) && pays(d.now) {
		s.log.ErrorContext(ctx, "account is billed twice: it and the former account each had a running subscription; cancel one at Stripe",
			"former", former.Account.String(), "account", d.account.String())
	}
}

// pays reports whether an account pays for a running subscription itself.
func pays(r lockstep.Record) bool {
	return slices.ContainsFunc(r.Own().Subscriptions, func(s lockstep.Subscription) bool { return !s.Ended() })
}

// findCandidate notes a former account with the same verified address. It does not take it
// over: addresses are given to other people. But until the account buys, no customer is created
// for it, since the former account may have one.
func (s succession) findCandidate(ctx context.Context, d *draft, identity lockstep.Identity) error {
	d.now.Candidate = ""
	if d.now.Live() || d.former() || !identity.EmailVerified || identity.Email == "" {
		return nil
	}
	found, err := s.store.FormerByEmail(ctx, d.account.Kind, identity.Email)
	if err != nil || len(found) == 0 {
		return err
	}
	if d.was.Candidate == "" {
		s.log.WarnContext(ctx, "a former account has the same verified address; if both are one person, run `lockstep link FORMER ACCOUNT`",
			"former", found[0].String(), "account", d.account.String())
	}
	d.now.Candidate = found[0].ID
	return nil
}

// redirect passes a mark on a former id to its successor, and reports whether there is one. A
// late event about the former id neither creates nor deletes anything.
func (s succession) redirect(ctx context.Context, d *draft) (bool, error) {
	if d.stored || d.generation == 0 {
		return false, nil
	}
	successor, err := s.store.Successor(ctx, d.account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	scope := d.claim.Scope &^ (lockstep.ScopeDeleted | lockstep.ScopeMissing | lockstep.ScopeSuccession)
	return true, s.store.Mark(ctx, lockstep.Mark{Key: successor.Key(), Scope: scope, Priority: d.claim.Priority})
}

// nameCustomer writes the account's new id into the metadata of a customer that it took over.
func (s succession) nameCustomer(ctx context.Context, d *draft) error {
	if !d.now.Misnamed || !d.now.Live() {
		return nil
	}
	err := s.billing.NameCustomer(ctx, d.now.CustomerID, d.account)
	_, refused := refusal(err)
	switch {
	case err == nil, errors.Is(err, lockstep.ErrNotFound):
		d.now.Misnamed = false
	case refused: // nobody's access depends on it
		s.log.WarnContext(ctx, "Stripe refused to rename the account of a customer; the next run retries", "account",
			d.account.String(), "customer", d.now.CustomerID, "error", err)
	default:
		return fmt.Errorf("name the account of a customer: %w", err)
	}
	return nil
}

// customerLister lists the customers that we created for an account.
type customerLister interface {
	CustomersOf(ctx context.Context, account lockstep.Account, since time.Time) ([]lockstep.Customer, error)
}

// createdSince returns the customer that an interrupted creation has made, and whether there is
// one. An hour allows for clocks that differ.
func createdSince(ctx context.Context, billing customerLister, account lockstep.Account,
	at time.Time) (c lockstep.Customer, found bool, err error) {
	made, err := billing.CustomersOf(ctx, account, at.Add(-time.Hour))
	if err != nil {
		return c, false, err
	}
	for _, c := range made {
		if !c.Deleted {
			return c, true, nil
		}
	}
	return c, false, nil
}
