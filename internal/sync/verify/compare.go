package verify

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/drift"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// Comparer runs keys without effects.
type Comparer struct {
	Accounts *reconcile.Accounts // as it syncs accounts; a comparison replaces its store and its providers
	Store    reads
	Book     *pricebook.Book // must not write, see [pricebook.ReadOnly]
}

// scope is what a comparison reads: everything that the full verify reads, and whether an identity that
// the directory does not know is gone.
const scope = lockstep.ScopeAll | lockstep.ScopeMembers | lockstep.ScopeMissing

// mostRounds bounds how often a comparison runs the account: again after a customer or a payment joined it.
const mostRounds = 4

// dryRun is one comparison.
type dryRun struct {
	account     lockstep.Account
	store       *overlay
	stripe      *stripe
	directory   *directory
	accounts    *reconcile.Accounts
	reconcilers map[lockstep.KeyKind]runner.Reconciler
	done        map[lockstep.Key]bool // keys beside the account that have run
}

// Result is what a comparison found, before its causes are known.
type Result struct {
	account     lockstep.Account
	stored      bool // we know the account
	stranger    bool // neither we nor the directory know it
	record      lockstep.Record
	after       lockstep.Record    // as a run leaves it
	identity    *lockstep.Identity // nil: the directory was not read, or does not know the account
	absent      bool               // the directory does not know the account
	differences []lockstep.Difference
	customers   map[string]lockstep.Customer // as read
	linked      []string                     // customers whose own runs link them
	refused     string                       // why Stripe's answer about the billing state is missing; empty: it is there
}

// Compare runs an account's key without effects, after the keys of customers that may belong to it, and
// returns what the runs would change. It writes nothing.
func (c *Comparer) Compare(ctx context.Context, account lockstep.Account, customers ...string) (Result, error) {
	run := c.dry(account)
	was, err := c.Store.Account(ctx, account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return Result{}, err
	}
	stored := err == nil
	for _, id := range customers {
		if err := run.run(ctx, lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}); err != nil {
			return Result{}, err
		}
	}
	if err := run.settle(ctx); err != nil {
		return Result{}, err
	}
	return run.result(ctx, was, stored)
}

// dry returns the reconcilers over a new overlay.
func (c *Comparer) dry(account lockstep.Account) *dryRun {
	run := &dryRun{account: account, store: newOverlay(c.Store), done: map[lockstep.Key]bool{},
		stripe: &stripe{stripeReads: c.Accounts.Providers.Billing, answers: memo{}},
		directory: &directory{directoryReads: c.Accounts.Providers.Directory, answers: memo{},
			changes: map[lockstep.Account]map[string]any{}}}
	owners := &ownership.Resolver{Store: run.store, Billing: run.stripe, Directory: run.directory,
		Organizations: c.Accounts.Owners.Organizations, External: c.Accounts.Owners.External,
		ClerkIDs: c.Accounts.Owners.ClerkIDs}
	accounts := *c.Accounts
	accounts.Store, accounts.Owners, accounts.Book = run.store, owners, c.Book
	accounts.Providers.Billing, accounts.Providers.Directory = run.stripe, run.directory
	if accounts.Providers.Limiter != nil {
		accounts.Providers.Limiter = run.directory
	}
	accounts.Listeners, accounts.AccessWritten, accounts.Drifted = nil, nil, nil
	accounts.Log = slog.New(slog.DiscardHandler)
	payments := &reconcile.Payments{Store: run.store, Billing: run.stripe, Catalog: accounts.Catalog, Book: c.Book,
		Owners: owners}
	run.accounts = &accounts
	run.reconcilers = map[lockstep.KeyKind]runner.Reconciler{
		lockstep.KeyUser:         &accounts,
		lockstep.KeyOrganization: &accounts,
		lockstep.KeyCustomer: &reconcile.Unlinked{Store: run.store, Billing: run.stripe, Directory: run.directory,
			Owners: owners},
		lockstep.KeyCheckout: payments,
		lockstep.KeyPayment:  payments,
	}
	return run
}

// settle runs the account, then the keys that it marks, until nothing is left that belongs to it.
func (r *dryRun) settle(ctx context.Context) error {
	for range mostRounds {
		r.store.marks = nil
		if err := r.run(ctx, r.account.Key()); err != nil {
			return err
		}
		again, err := r.others(ctx)
		if err != nil || !again {
			return err
		}
	}
	return nil
}

// others runs the marked keys of customers and payments, and reports whether one changed the account.
func (r *dryRun) others(ctx context.Context) (again bool, err error) {
	before := r.store.records[r.account]
	for len(r.store.marks) > 0 {
		key := r.store.marks[0].Key
		r.store.marks = r.store.marks[1:]
		if _, known := r.reconcilers[key.Kind]; !known || r.done[key] {
			continue
		}
		if _, isAccount := key.Account(); isAccount {
			continue
		}
		if err := r.run(ctx, key); err != nil {
			return false, err
		}
	}
	after := r.store.records[r.account]
	return len(drift.Records(before, after)) > 0, nil
}

// run runs one key. That it parks, or that a provider refused a step, is no failure of the comparison.
func (r *dryRun) run(ctx context.Context, key lockstep.Key) error {
	r.done[key] = true
	_, err := r.reconcilers[key.Kind].Reconcile(ctx, lockstep.Claim{Key: key, Scope: scope, Priority: lockstep.Background,
		Generation: 1, Attempt: 1, Token: "comparison"})
	var parked *lockstep.ParkError
	switch {
	case err == nil, errors.Is(err, errStopped), errors.Is(err, lockstep.ErrBusy), lockstep.IsTerminal(err),
		r.strange(ctx, key):
		return nil
	case errors.As(err, &parked):
		return nil
	}
	return err
}

// strange reports whether a key is the account's and nobody knows that account, which its run retries.
func (r *dryRun) strange(ctx context.Context, key lockstep.Key) bool {
	if key != r.account.Key() || !r.directory.absent(r.account) {
		return false
	}
	_, err := r.store.Account(ctx, r.account)
	return errors.Is(err, lockstep.ErrNotFound)
}

// result collects what the runs would have changed.
func (r *dryRun) result(ctx context.Context, was lockstep.Record, stored bool) (Result, error) {
	after, err := r.store.Account(ctx, r.account)
	if errors.Is(err, lockstep.ErrNotFound) { // neither we nor the directory know it
		return Result{account: r.account, stranger: true}, nil
	}
	if err != nil {
		return Result{}, err
	}
	found := Result{account: r.account, stored: stored, record: was, after: after, absent: r.directory.absent(r.account),
		customers: map[string]lockstep.Customer{}}
	if identity, read := r.directory.asRead(r.account); read {
		found.identity = &identity
	}
	if p, refused := after.Problem(lockstep.StepBilling); refused {
		found.refused = p.Reason
	}
	if !stored {
		found.differences = append(found.differences, lockstep.Difference{Where: lockstep.DriftDatabase, Field: "account",
			Theirs: "present", Expected: "present"})
	}
	if found.absent && after.State != lockstep.AccountDeleted && !after.MissingSince.IsZero() && !r.former(ctx, after) {
		found.differences = append(found.differences, lockstep.Difference{Where: lockstep.DriftDatabase, Field: "account",
			Ours: "present", Expected: "deleted, once its absence is confirmed"})
	}
	found.differences = slices.Concat(found.differences, r.records(was, after, stored), r.store.notes,
		r.metadata(found), r.directory.notes, r.stripe.notes, problems(after))
	r.findCustomers(&found)
	return found, nil
}

// former reports whether the account belongs to a replaced Clerk instance, whose successor does not know it.
func (r *dryRun) former(ctx context.Context, record lockstep.Record) bool {
	generation := r.accounts.Generation
	if generation == nil {
		return false
	}
	now, err := generation(ctx)
	return err == nil && record.InstanceGeneration < now
}

// records returns what differs in our record. What a new account's record would hold is one difference.
func (r *dryRun) records(was, after lockstep.Record, stored bool) []lockstep.Difference {
	all := drift.Records(was, after)
	for i := range all {
		all[i].Theirs = all[i].Expected
	}
	if stored {
		return all
	}
	return slices.DeleteFunc(all, func(d lockstep.Difference) bool {
		return !strings.Contains(d.Field, "[") && d.Where == lockstep.DriftDatabase
	})
}

// metadata returns what differs in the directory's metadata.
func (r *dryRun) metadata(found Result) []lockstep.Difference {
	v := drift.Versions{Ours: found.record.Projected, Theirs: found.after.Projected, Expected: found.after.Projected}
	if found.identity != nil {
		change := r.directory.changes[r.account]
		v.Theirs = found.identity.Metadata
		if len(change) == 0 && !found.stored {
			v.Ours = found.after.Projected // a new account that needs no metadata
		}
		v.Expected = drift.Merged(v.Theirs, change)
		if len(change) == 0 { // whatever the metadata holds stays, but what we note of it may change
			v.Theirs, v.Expected = found.after.Projected, found.after.Projected
		}
	}
	return drift.Metadata(v, r.accounts.Keys.Names())
}

// findCustomers notes the customers that were read, and those whose own runs link them.
func (r *dryRun) findCustomers(found *Result) {
	for _, l := range append(found.after.Customers(), found.record.Customers()...) {
		if known, is := r.stripe.answers["customer "+l.CustomerID].(answer[lockstep.Customer]); is && known.err == nil {
			found.customers[l.CustomerID] = known.value
		}
	}
	for key := range r.done {
		linked := func(l lockstep.Link) bool { return l.CustomerID == key.ID }
		if key.Kind == lockstep.KeyCustomer && slices.ContainsFunc(found.after.Customers(), linked) &&
			!slices.ContainsFunc(found.record.Customers(), linked) {
			found.linked = append(found.linked, key.ID)
		}
	}
	slices.Sort(found.linked)
}

// stepPlaces says where the steps write. A step that only reads, or that reports a state of the business,
// is not among them.
var stepPlaces = map[lockstep.Step]lockstep.DriftPlace{
	lockstep.StepCustomer: lockstep.DriftStripe, lockstep.StepCustomerEmail: lockstep.DriftStripe,
	lockstep.StepCustomerName: lockstep.DriftStripe, lockstep.StepSeats: lockstep.DriftStripe,
	lockstep.StepDeletion: lockstep.DriftStripe, lockstep.StepMetadata: lockstep.DriftIdentity,
	lockstep.StepMemberLimit: lockstep.DriftIdentity,
}

// problems returns the refused writes that a run would not try again.
func problems(after lockstep.Record) (found []lockstep.Difference) {
	for _, p := range after.Problems {
		if where, writes := stepPlaces[p.Step]; writes {
			found = append(found, lockstep.Difference{Where: where, Field: string(p.Step), Cause: lockstep.CauseFailedWrite,
				Detail: p.Reason})
		}
	}
	return found
}
