package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/backfill"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

// closing ends the billing of a deleted account by the policy:
//
//	find the customers that are not linked yet -> give up other accounts' customers ->
//	end the billing of the rest -> read what is left -> store it
//
// A run that fails is retried until Stripe agrees.
type closing struct {
	stragglers stragglers
	yielding   yielding
	ending     ending
	bills      billing
	drafts     drafts
	notifier   notifier
	forgetting forgetting
	policies   DeletionPolicies
	catalog    lockstep.Catalog
}

func (as *Accounts) closing() closing {
	return closing{stragglers: as.stragglers(), yielding: as.yielding(), ending: as.ending(), bills: as.billing(),
		drafts: as.drafts(), notifier: as.notifier(), forgetting: as.forgetting(),
		policies: as.Policies.Deletion.Policies, catalog: as.Catalog}
}

// finish applies the policy to the billing of a deleted account.
func (c closing) finish(ctx context.Context, d *draft) (Result, error) {
	if err := c.stragglers.find(ctx, d); err != nil {
		return Result{}, err
	}
	policy := c.policies.Of(d.account.Kind)
	d.now.ClearProblem(lockstep.StepBilling) // unless it is refused again
	if err := c.yielding.yieldAll(ctx, d, policy); err != nil {
		return Result{}, err
	}
	if err := c.ending.endBilling(ctx, d, lockstep.StepDeletion, policy); err != nil {
		return Result{}, err
	}
	d.scope &^= lockstep.ScopePayments
	if err := d.refused(ctx, lockstep.StepBilling, "", c.bills.observe(ctx, d, false, false)); err != nil {
		return Result{}, err
	}
	if err := c.drafts.commit(ctx, d, c.decide(d.was, d.now, time.Now())); err != nil {
		return Result{}, err
	}
	if err := d.queued(c.notifier.notify(ctx, d.claim, d.now, time.Now())); err != nil {
		return Result{}, err
	}
	return c.forgetting.forget(ctx, d.now)
}

// decide concludes what to store about a deleted account. It reads and writes nothing.
func (c closing) decide(was, now lockstep.Record, at time.Time) decided {
	now.EntitledBy = ""
	access := c.catalog.Decide(now.Subscriptions, now.Licenses, at)
	return decided{record: now, notices: notices(was, now, access, at), at: at}
}

// stragglers finds the customers of a deleted account that are not linked to it yet. The policy
// applies to them too.
type stragglers struct {
	store interface {
		WaitingFor(ctx context.Context, key lockstep.Key) ([]lockstep.Key, error)
	}
	hold    *backfill.Hold
	billing customerLister
	linking linking
}

func (as *Accounts) stragglers() stragglers {
	return stragglers{as.Store, as.Hold, as.Providers.Billing, as.linking()}
}

// find links the customer that an interrupted creation has made, and marks the customers that name
// the account. Their runs link those that prove it.
func (s stragglers) find(ctx context.Context, d *draft) error {
	if err := s.settleIntent(ctx, d); err != nil {
		return err
	}
	customers, _, err := s.hold.Claims(ctx, d.account)
	if err != nil {
		return err
	}
	waiting, err := waitingCustomers(ctx, s.store, d.account)
	if err != nil {
		return err
	}
	for _, id := range append(customers, waiting...) {
		d.mark(lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}, Scope: lockstep.ScopeAll,
			Priority: lockstep.Background})
	}
	return nil
}

// settleIntent finds out whether a creation that was in progress at the deletion has made a customer.
func (s stragglers) settleIntent(ctx context.Context, d *draft) error {
	if d.now.Intent == nil {
		return nil
	}
	made, found, err := createdSince(ctx, s.billing, d.account, d.now.Intent.At)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return fmt.Errorf("find the customer of a deleted account: %w", err)
	}
	if found {
		return s.linking.link(ctx, d, made, false)
	}
	d.now.Intent = nil
	return nil
}

// yielding gives up the customers that another account pays with by now: an organization, or the new
// account of a user who came back. The policy must not end what that account pays for.
type yielding struct {
	billing interface {
		Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error)
	}
	claims claims
	ending ending
	owners *ownership.Resolver
}

func (as *Accounts) yielding() yielding {
	return yielding{as.Providers.Billing, as.claims(), as.ending(), as.Owners}
}

func (y yielding) yieldAll(ctx context.Context, d *draft, policy DeletionPolicy) error {
	for _, l := range d.now.Customers() {
		if err := d.refused(ctx, lockstep.StepBilling, "", y.yield(ctx, d, policy, l)); err != nil {
			return err
		}
	}
	return nil
}

// yield gives up one customer if another account pays with it. It ends the customer's other
// subscriptions first.
func (y yielding) yield(ctx context.Context, d *draft, policy DeletionPolicy, l lockstep.Link) error {
	subscriptions, err := y.billing.Subscriptions(ctx, l.CustomerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("list subscriptions: %w", err)
	}
	foreign := func(s lockstep.Subscription) bool {
		named, ok := lockstep.AccountNamedIn(y.owners.Readable(s.Metadata))
		return ok && named != d.account
	}
	subscriptions = slices.DeleteFunc(subscriptions, lockstep.Subscription.Ended)
	theirs := slices.IndexFunc(subscriptions, foreign)
	if theirs < 0 {
		return nil
	}
	for _, s := range subscriptions {
		if foreign(s) || l.Trust != lockstep.Proven {
			continue
		}
		if err := d.refused(ctx, lockstep.StepDeletion, "", y.ending.endOne(ctx, policy, s)); err != nil {
			return err
		}
	}
	_, err = y.claims.contest(ctx, d, l.CustomerID, subscriptions[theirs].Metadata)
	return err
}

// forgetting blanks the stored events of deleted accounts.
type forgetting struct {
	store interface {
		Forget(ctx context.Context, account lockstep.Account) (events int64, err error)
	}
	after time.Duration // the deletion; negative: never
	log   *slog.Logger
}

func (as *Accounts) forgetting() forgetting {
	return forgetting{as.Store, as.Policies.Deletion.Forget, as.Log}
}

// forget blanks the events of an account if it is time to, also those that came since.
func (f forgetting) forget(ctx context.Context, r lockstep.Record) (Result, error) {
	if f.after < 0 {
		return Result{}, nil
	}
	if wait := time.Until(r.DeletionAt.Add(f.after)); wait > 0 {
		return Result{After: wait}, nil
	}
	events, err := f.store.Forget(ctx, r.Account)
	if err != nil {
		return Result{}, err
	}
	if events > 0 {
		f.log.InfoContext(ctx, "events of a deleted account were blanked", "account", r.Account.String(), "events", events)
	}
	return Result{}, nil
}
