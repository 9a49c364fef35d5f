package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// AccountStore is what account runs need of the store.
type AccountStore interface {
	lockstep.Accounts
	OwnerStore
	AccessNotification(ctx context.Context, account lockstep.Account) (lockstep.AccessNotification, error)
	NotifyAccess(ctx context.Context, claim lockstep.Claim, account lockstep.Account, digest string,
		keys []lockstep.Key) error
	BeginDeletion(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
		brake lockstep.Brake) (lockstep.DeletionState, bool, error)
	ForgetDeletion(ctx context.Context, claim lockstep.Claim, account lockstep.Account) error
	WaitingFor(ctx context.Context, key lockstep.Key) ([]lockstep.Key, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
	Succeed(ctx context.Context, claim lockstep.Claim, s lockstep.Succession) error
	OrderedPredecessors(ctx context.Context, to lockstep.Account) ([]lockstep.Account, error)
	FormerByEmail(ctx context.Context, kind lockstep.Kind, email string) ([]lockstep.Account, error)
}

// Accounts brings accounts in step: observe, decide, database, directory.
type Accounts struct {
	Store        AccountStore
	Billing      lockstep.Billing
	Directory    lockstep.Directory
	Owners       *Owners
	Catalog      lockstep.Catalog
	Keys         lockstep.ProjectionKeys
	Deletion     DeletionPolicies
	Brake        lockstep.Brake
	Forget       time.Duration // after a deletion the stored events are blanked; negative: never
	AdoptByEmail bool          // take over customers from before by a verified address
	Details      lockstep.DetailsPolicy
	TrialsPer    lockstep.TrialRule
	AtCheckout   bool  // a user gets a customer at the first checkout instead of at sign-up
	Hold         *Hold // nil: nothing is held
	Entitled     bool  // features come from Stripe's entitlements too
	Seats        lockstep.SeatPolicy
	Members      lockstep.MemberLimiter // nil: nobody limits members
	Book         *pricebook.Book
	Lister       lockstep.MemberLister // nil: the directory has no memberships
	Empty        lockstep.EmptyPolicy  // of an organization without members
	Listeners    []string              // the webhook endpoints that are told of each change of access
	Renewals     bool                  // record a notice a week before a subscription renews
	// Generation returns that of the accepted Clerk instance; nil: there never was another.
	Generation func(ctx context.Context) (int64, error)
	// Absence is how long the directory must not know an account before its absence alone
	// deletes it: less than the time between two sweeps, more than between two tries.
	Absence time.Duration
	Log     *slog.Logger
}

// run is one run of an account's key: the record as it was and as it becomes.
type run struct {
	*Accounts
	claim    lockstep.Claim
	account  lockstep.Account
	scope    lockstep.Scope
	was      lockstep.Record
	now      lockstep.Record
	known    bool               // the record was there before
	identity *lockstep.Identity // as observed in this run; nil: not looked at
	absent   bool               // the directory does not know it, and that alone deletes nothing (yet)
	verified string             // the verified address, also while it is being forgotten; empty: none
	made     bool               // the customer was created in this run
	customer *lockstep.Customer // as observed in this run; nil: not looked at
	marks    []lockstep.Mark
	began    time.Time
	failures []error // refusals of lasting steps
	// overdrawn: more writes of metadata were made than the turn that was saved.
	overdrawn bool
	// generation is that of the Clerk instance that this process serves.
	generation int64
	// incomplete: the first start's backfill has not linked everything yet. held: the account
	// must keep what it has, see [Hold]. candidates are customers that could be its.
	incomplete, held bool
	candidates       []string
}

// Reconcile brings the account of the claim in step. A step that a provider refuses is
// recorded as a problem of the account, and the steps after it are done all the same.
func (as *Accounts) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	r, err := as.begin(ctx, claim)
	if err != nil {
		return Result{}, err
	}
	result, err := r.steps(ctx)
	if errors.Is(err, errSucceeded) { // what this run knows of the account is outdated
		return Result{}, nil
	}
	return r.conclude(ctx, result, err)
}

func (r *run) steps(ctx context.Context) (Result, error) {
	if r.scope.Has(lockstep.ScopeIdentity|lockstep.ScopeDeleted|lockstep.ScopeMissing) || r.now.Deletion.Waits() {
		if gone, err := r.observeIdentity(ctx); gone || err != nil {
			return Result{}, err
		}
	}
	if r.identity != nil {
		if err := r.refused(lockstep.StepBilling, "", r.proveClaims(ctx)); err != nil {
			return Result{}, err
		}
	}
	if r.now.State == lockstep.AccountDeleted {
		if err := r.finishDeletion(ctx); err != nil {
			return Result{}, err
		}
		if err := r.tell(ctx, time.Now()); err != nil {
			return Result{}, err
		}
		return r.forget(ctx)
	}
	if err := r.observeHold(ctx); err != nil {
		return Result{}, err
	}
	if err := r.observe(ctx); err != nil {
		return Result{}, err
	}
	if err := r.refused(lockstep.StepBilling, "", r.choosePrimary(ctx)); err != nil {
		return Result{}, err
	}
	at := time.Now()
	access := r.Catalog.Access(r.now, at)
	switch changed, err := r.fitSeats(ctx, r.Catalog.Access(r.now.Own(), at)); {
	case err != nil:
		return Result{}, err
	case changed:
		access = r.Catalog.Access(r.now, at)
	}
	r.now.EntitledBy = entitledBy(access)
	projected := r.plan(access, at)
	if err := r.save(ctx, access, at); err != nil {
		return Result{}, err
	}
	if err := r.effects(ctx, access, projected, at); err != nil {
		return r.nextLook(access, at), err
	}
	switch again, err := r.released(ctx); {
	case err != nil:
		return Result{}, err
	case again:
		return Result{After: time.Millisecond}, nil
	}
	return r.nextLook(access, at), nil
}

// observe brings what we know of the customer and the billing state up to date.
func (r *run) observe(ctx context.Context) error {
	billing := func(err error) error { return r.refused(lockstep.StepBilling, "", err) }
	reads := r.scope.Has(lockstep.ScopeCustomer | lockstep.ScopeSubscriptions | lockstep.ScopePayments)
	if err := billing(r.observeCustomers(ctx)); err != nil {
		return err
	}
	if err := r.refused(lockstep.StepCustomer, "", r.ensureCustomer(ctx)); err != nil {
		return err
	}
	if err := r.refused(lockstep.StepMembers, "", r.endEmpty(ctx)); err != nil {
		return err
	}
	if err := billing(r.observeBilling(ctx)); err != nil {
		return err
	}
	if err := r.refused(lockstep.StepMembers, "", r.observeMembers(ctx)); err != nil {
		return err
	}
	if reads && len(r.failures) == 0 {
		r.now.ClearProblem(lockstep.StepBilling)
	}
	return nil
}

// effects are what follows from a saved record elsewhere, in this order.
func (r *run) effects(ctx context.Context, access lockstep.Access, projected projection, at time.Time) error {
	if !r.absent {
		if err := r.project(ctx, projected); err != nil {
			return err
		}
	}
	if r.held && !access.Active {
		return nil // the backfill has not found out yet what it has paid for
	}
	if err := r.limitMembers(ctx, access); err != nil {
		return err
	}
	return r.tell(ctx, at)
}

// nextLook is when time alone may change the answer, or when to ask Stripe again because
// of the time: before a trial ends, and when the first of several items ends.
func (r *run) nextLook(access lockstep.Access, at time.Time) Result {
	var ask time.Time
	for _, s := range r.now.Subscriptions {
		looks := []time.Time{trialLook(s), itemLook(s, at)}
		if r.Renewals {
			looks = append(looks, renewalLook(s, at))
		}
		for _, due := range looks {
			if due.After(at) {
				ask = sooner(ask, due)
			}
		}
	}
	due := sooner(access.Recheck, ask)
	if due.IsZero() {
		return Result{}
	}
	look := Result{After: due.Sub(at) + time.Second}
	if due.Equal(ask) {
		look.Scope = lockstep.ScopeSubscriptions
	}
	return look
}

// begin reads what we know. What we do not know at all is looked at wholly, and
// a try after the first looks at the directory again: the last try's write may or
// may not have landed there.
func (as *Accounts) begin(ctx context.Context, claim lockstep.Claim) (*run, error) {
	account, ok := claim.Key.Account()
	if !ok {
		return nil, lockstep.Terminal(fmt.Errorf("key %s is no account's", claim.Key))
	}
	r := &run{Accounts: as, claim: claim, account: account, scope: claim.Scope, known: true, began: time.Now()}
	if as.Generation != nil {
		generation, err := as.Generation(ctx)
		if err != nil {
			return nil, err
		}
		r.generation = generation
	}
	var err error
	if r.incomplete, err = as.Hold.incomplete(ctx); err != nil {
		return nil, err
	}
	was, err := as.Store.Account(ctx, account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		r.known = false
		was = lockstep.Record{Account: account, State: lockstep.AccountActive, CreatedAt: time.Now(),
			InstanceGeneration: r.generation}
		r.scope |= lockstep.ScopeAll
	case err != nil:
		return nil, fmt.Errorf("read account: %w", err)
	}
	if claim.Attempt > 1 {
		r.scope |= lockstep.ScopeIdentity
	}
	r.was, r.now = was, was
	r.verified = verifiedAddress(was)
	r.absent = r.former()
	return r, nil
}

// firstSightTries is how often somebody new is looked for before they are given
// up until the next event: Clerk calls itself eventually consistent, and its
// event may be faster than its list.
const firstSightTries = 4

// observeIdentity looks at the directory. It reports true when there is nothing
// further to do: nobody by that name is known here or there.
func (r *run) observeIdentity(ctx context.Context) (gone bool, err error) {
	identity, err := r.Directory.Identity(ctx, r.account)
	if errors.Is(err, lockstep.ErrNotFound) {
		deletion := r.scope.Has(lockstep.ScopeDeleted)
		switch {
		case r.now.State == lockstep.AccountDeleted:
			return false, nil // as we know
		case r.former() && r.now.Deletion != lockstep.DeletionApproved:
			return false, nil // to be expected of another instance's directory
		case !r.known:
			if redirected, err := r.redirect(ctx); redirected || err != nil {
				return true, err
			}
		}
		switch {
		case !r.known && deletion:
			// It came and went before we looked. Without a look the event alone may be about
			// another instance's user, and ends nothing.
			return true, nil
		case !r.known && r.claim.Attempt < firstSightTries:
			return true, fmt.Errorf("the directory does not know %s yet", r.account)
		case !r.known:
			return true, &lockstep.ParkError{Reason: "the directory does not know " + r.account.String(),
				WaitsFor: []lockstep.Key{r.account.Key()}}
		case r.now.Deletion.Waits():
			r.absent = true
			return false, nil
		case !deletion && r.scope.Has(lockstep.ScopeMissing):
			if !r.confirmAbsence(time.Now()) {
				return false, nil
			}
		case !deletion:
			// A 404 alone ends nobody's billing: the key may be another instance's.
			// A deletion event, or the sweep of the directory, says that it is real.
			return true, fmt.Errorf("the directory does not know %s, but nothing said that it was deleted", r.account)
		}
		return false, r.markDeleted(ctx)
	}
	if err != nil {
		return true, fmt.Errorf("look at identity: %w", err)
	}
	if carried, err := r.inherit(ctx, identity); err != nil {
		return true, err
	} else if carried {
		return true, errSucceeded
	}
	if err := r.wakeExternal(ctx, identity); err != nil {
		return true, err
	}
	r.absent, r.now.InstanceGeneration, r.now.MissingSince = false, r.generation, time.Time{}
	if r.now.State == lockstep.AccountDeleted {
		// Ids are never given twice: it was not deleted after all. What the policy did
		// is done, but nobody stays locked out.
		r.Log.Error("account that was taken for deleted is in the directory", "account", r.account.String())
		r.now.State = lockstep.AccountActive
		r.scope |= lockstep.ScopeAll
	}
	if r.now.Deletion != "" {
		if err := r.Store.ForgetDeletion(ctx, r.claim, r.account); err != nil {
			return true, err
		}
		r.now.Deletion = ""
	}
	r.identity = &identity
	r.now.Members, r.now.MemberLimit = identity.Members, identity.MemberLimit
	r.now.Email, r.now.Name, r.now.IdentityUpdatedAt = identity.Email, identity.Name, identity.UpdatedAt
	r.now.EmailVerified = identity.Email != "" && identity.EmailVerified
	r.verified = verifiedAddress(r.now)
	return false, nil
}

// confirmAbsence reports whether the directory has not known the account for long enough. A
// list that lacks it and one 404 may be a fault of a moment, and a deletion cannot be
// undone. Until then everything goes on without what only the directory knows.
func (r *run) confirmAbsence(now time.Time) bool {
	if r.now.MissingSince.IsZero() {
		r.now.MissingSince = now
	}
	if now.Sub(r.now.MissingSince) >= r.Absence {
		return true
	}
	r.absent = true
	return false
}

// keep writes the record before the run goes on: with what it has decided so far,
// there is nothing to tell yet.
func (r *run) keep(ctx context.Context) error { return r.write(ctx, nil, time.Now()) }

// save writes the record, with the notices and marks that follow from it. Where nothing has
// changed it writes nothing; but a run that goes on to write to the directory always does,
// since that is how it learns that its lease is lost. To write metadata takes a turn, which is
// a change.
func (r *run) save(ctx context.Context, access lockstep.Access, at time.Time) error {
	told := notices(r.was, r.now, access, at)
	if r.Renewals {
		told = append(told, renewals(r.now, access, at)...)
	}
	if r.known && r.wantedLimit(access) == 0 && len(told) == 0 && len(r.marks) == 0 && unchanged(r.was, r.now) {
		return nil
	}
	return r.write(ctx, told, at)
}

func (r *run) write(ctx context.Context, told []lockstep.Notice, at time.Time) error {
	r.now.UpdatedAt = at
	trials, err := r.trialAddresses(ctx)
	if err != nil {
		return err
	}
	change := lockstep.AccountUpdate{Record: r.now, Notices: told, TrialAddresses: trials,
		Marks: slices.Concat(r.marks, payers(r.was, r.now), movers(r.was, r.now))}
	if err := r.Store.Save(ctx, r.claim, change); err != nil {
		return fmt.Errorf("save account: %w", err)
	}
	r.known, r.was, r.marks = true, r.now, nil
	return nil
}

// payers marks the users whose metadata also shows what they bought for r.
func payers(was, now lockstep.Record) []lockstep.Mark {
	if now.Account.Kind != lockstep.Organization {
		return nil
	}
	before := map[string]lockstep.Subscription{}
	for _, s := range was.Subscriptions {
		before[s.ID] = s
	}
	var marks []lockstep.Mark
	for _, s := range now.Subscriptions {
		payer, err := lockstep.NewAccount(lockstep.User, s.PaidBy)
		if err != nil {
			continue // nobody, or nobody that could be an account
		}
		if b, known := before[s.ID]; !known || b.Status != s.Status || b.PaidBy != s.PaidBy {
			marks = append(marks, lockstep.Mark{Key: payer.Key(), Priority: lockstep.Normal})
		}
	}
	return marks
}
