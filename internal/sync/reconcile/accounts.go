package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/backfill"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// Result says how a run without an error ended. The contract is the runner's.
type Result = runner.Result

// AccountStore is the store as account runs use it: the sum of what their parts use.
type AccountStore interface {
	ownership.Store
	draftStore
	identityStore
	successionStore
	claimStore
	adoptionStore
	tombstoneStore
	metadataStore
	notifierStore
	Forget(ctx context.Context, account lockstep.Account) (events int64, err error)
}

// Providers are the systems that an account's run reads and writes.
type Providers struct {
	Billing   lockstep.Billing
	Directory lockstep.Directory
	Members   lockstep.MemberLister  // nil: the directory has no memberships
	Limiter   lockstep.MemberLimiter // nil: the directory cannot limit members
}

// CustomerRules say when an account gets a Stripe customer, and which.
type CustomerRules struct {
	AtCheckout   bool // create a user's customer at the first checkout instead of at sign-up
	AdoptByEmail bool // take over older customers by a verified address
	Details      lockstep.DetailsPolicy
	TrialsPer    lockstep.TrialRule
}

// DeletionRules say what happens to the billing and the data of a deleted account.
type DeletionRules struct {
	Policies DeletionPolicies
	Brake    lockstep.Brake
	Forget   time.Duration // blank the stored events this long after the deletion; negative: never
	// Absence is how long the directory must not know an account before that alone deletes it:
	// less than the time between two sweeps, more than the time between two retries.
	Absence time.Duration
}

// Policies are the operator's decisions.
type Policies struct {
	Customers CustomerRules
	Deletion  DeletionRules
	Empty     lockstep.EmptyPolicy // for an organization without members
	Seats     lockstep.SeatPolicy
	Entitled  bool // features also come from Stripe's entitlements
	Renewals  bool // record a notice a week before a subscription renews
}

// Accounts brings accounts in sync. The package comment describes a run.
type Accounts struct {
	Store     AccountStore
	Providers Providers
	Policies  Policies
	Catalog   lockstep.Catalog
	Keys      lockstep.ProjectionKeys
	Owners    *ownership.Resolver
	Book      *pricebook.Book
	Hold      *backfill.Hold // nil: no account is held
	Listeners []string       // the webhook endpoints that get each change of access
	// Generation returns the generation of the accepted Clerk instance; nil: it never changed.
	Generation func(ctx context.Context) (int64, error)
	Log        *slog.Logger
	// AccessWritten is called once by a run that wrote changed access, after its other writes, while the
	// events that caused it are still open. It may be nil.
	AccessWritten func(ctx context.Context, key lockstep.Key, at AccessWrites)
	// Drifted is called once by a run of the full verify that changed something, before the key's open events
	// are settled. It may be nil.
	Drifted func(ctx context.Context, d Drift)
}

// Reconcile brings the account of the claim in sync. If a provider refuses a step, that is
// recorded as a problem of the account, and the later steps still run.
func (as *Accounts) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	d, err := as.begin(ctx, claim)
	if err != nil {
		return Result{}, err
	}
	result, err := as.sync(ctx, d)
	as.reportDrift(ctx, d)
	if errors.Is(err, errSucceeded) { // the draft is outdated
		d.facts.Write(database, "succession", 1)
		return Result{Facts: d.facts}, nil
	}
	result, err = as.drafts().conclude(ctx, d, result, err)
	result.Facts = d.facts
	return result, err
}

// sync runs the stages. While the directory is down, it only saves what Stripe says, and returns the
// directory's error: access must not wait for the directory, but notices must.
func (as *Accounts) sync(ctx context.Context, d *draft) (Result, error) {
	seen, err := as.identify(ctx, d)
	outage := as.outage(d, err)
	if outage != nil {
		seen, err = sighting{absent: true}, nil
	}
	if err != nil || seen.gone {
		return Result{}, err
	}
	if d.now.State == lockstep.AccountDeleted {
		return as.closing().finish(ctx, d)
	}
	o, err := as.observe(ctx, d, seen)
	if err != nil {
		return Result{}, err
	}
	at := time.Now()
	if err := as.seats().fit(ctx, d, o.absent, at); err != nil {
		return Result{}, err
	}
	plan := as.rules().decide(d.was, d.now, o, at)
	plan.look.Quiet = d.quiet(plan.record)
	if outage != nil {
		return Result{}, cmp.Or(as.commit(ctx, d, plan), outage)
	}
	return as.write(ctx, d, plan)
}

// outage returns the error of identify if it is the directory's outage and the run can continue
// without the directory: a known user, not deleted, whose state at Stripe may have changed. An organization
// waits, because who paid and who is a member is read when a subscription is first seen.
func (as *Accounts) outage(d *draft, err error) error {
	var down *lockstep.UpstreamError
	stripe := lockstep.ScopeCustomer | lockstep.ScopeSubscriptions | lockstep.ScopePayments
	if errors.As(err, &down) && down.Provider == string(lockstep.Clerk) && !down.Rejected() &&
		d.account.Kind == lockstep.User && d.stored && d.now.State != lockstep.AccountDeleted && d.scope.Has(stripe) {
		return err
	}
	return nil
}

// begin reads what the database knows. An account that it does not know is read completely.
// A retry reads the directory again, because the last run's write may or may not have landed.
func (as *Accounts) begin(ctx context.Context, claim lockstep.Claim) (*draft, error) {
	account, ok := claim.Key.Account()
	if !ok {
		return nil, lockstep.Terminal(fmt.Errorf("key %s does not name an account", claim.Key))
	}
	t := task{claim: claim, account: account, began: time.Now(), log: as.Log}
	var err error
	if as.Generation != nil {
		if t.generation, err = as.Generation(ctx); err != nil {
			return nil, err
		}
	}
	// Before the record: the backfill ends once the licenses are stored, and a record that was
	// read earlier lacks them.
	if t.incomplete, err = as.Hold.Incomplete(ctx); err != nil {
		return nil, err
	}
	was, err := as.Store.Account(ctx, account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return nil, fmt.Errorf("read account: %w", err)
	}
	return newDraft(t, was, err == nil), nil
}

// identify reads the directory if the scope asks for it, and applies what it says.
func (as *Accounts) identify(ctx context.Context, d *draft) (sighting, error) {
	seen := sighting{absent: d.former()}
	look := d.scope.Has(lockstep.ScopeIdentity | lockstep.ScopeDeleted | lockstep.ScopeMissing)
	if look || d.now.Deletion.Waits() {
		var err error
		if seen, err = as.identities().look(ctx, d); err != nil || seen.gone {
			return seen, err
		}
	}
	if seen.identity == nil {
		return seen, nil
	}
	return seen, d.refused(ctx, lockstep.StepBilling, "", as.claims().prove(ctx, d, *seen.identity))
}
