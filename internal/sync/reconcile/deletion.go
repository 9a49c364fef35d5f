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

// deletionStore is the store as [deletion] uses it.
type deletionStore interface {
	WaitingFor(ctx context.Context, key lockstep.Key) ([]lockstep.Key, error)
	BeginDeletion(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
		brake lockstep.Brake) (lockstep.DeletionState, bool, error)
	Forget(ctx context.Context, account lockstep.Account) (events int64, err error)
}

// deletion records that an account was deleted, and ends its billing by the policy:
//
//	begin:   ask the brake -> store the tombstone
//	finish:  find customers that are not linked yet -> give up other accounts' customers ->
//	         end the billing -> read what is left -> store it
//
// The record stays as a tombstone, so that a late event creates nothing. A run that fails is
// retried until Stripe agrees.
type deletion struct {
	store   deletionStore
	billing interface {
		customerLister
		Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error)
	}
	drafts   drafts
	linking  linking
	claims   claims
	ending   ending
	bills    billing
	notifier notifier
	hold     *backfill.Hold
	owners   *ownership.Resolver
	rules    DeletionRules
	catalog  lockstep.Catalog
	log      *slog.Logger
}

func (as *Accounts) deletion() deletion {
	return deletion{store: as.Store, billing: as.Providers.Billing, drafts: as.drafts(), linking: as.linking(),
		claims: as.claims(), ending: as.ending(), bills: as.billing(), notifier: as.notifier(), hold: as.Hold,
		owners: as.Owners, rules: as.Policies.Deletion, catalog: as.Catalog, log: as.Log}
}

// begin makes the account a tombstone, unless the brake holds its deletion: then it continues as if
// it were there, without what only the directory knows, until an operator decides or the directory
// knows it again.
func (x deletion) begin(ctx context.Context, d *draft) (held bool, err error) {
	state, tripped, err := x.store.BeginDeletion(ctx, d.claim, d.account, x.rules.Brake)
	if err != nil {
		return false, err
	}
	if tripped {
		x.log.Error("DELETIONS ARE HELD: more accounts were deleted than the brake allows. Review them with `lockstep deletions list`, "+
			"then run `lockstep deletions approve` or `discard`", "first", d.account.String())
	}
	d.now.Deletion, d.now.DeletionAt = state, time.Now()
	if state.Waits() {
		return true, nil
	}
	d.markDeleted()
	x.report(d)
	return false, x.drafts.keep(ctx, d)
}

// markDeleted turns the record into a tombstone without personal data.
func (d *draft) markDeleted() {
	d.now.State = lockstep.AccountDeleted
	d.now.Email, d.now.Name, d.now.CustomerEmail, d.now.CustomerName = "", "", "", ""
	d.now.EmailVerified, d.now.Problems = false, nil
	// The users who paid for an organization no longer show it in their metadata.
	d.mark(ownership.Payers(lockstep.Record{}, d.now)...)
}

// report logs the deletion, and what is billed in spite of it.
func (x deletion) report(d *draft) {
	policy := x.rules.Policies.Of(d.account.Kind)
	x.log.Info("account deleted in the directory", "account", d.account.String(), "policy", string(policy))
	for _, s := range d.now.Subscriptions {
		switch {
		case s.Ended():
		case d.now.Claims(s.CustomerID):
			x.log.Warn("a subscription that only a client_reference_id linked to a deleted account continues; its payer may not be the account",
				"account", d.account.String(), "customer", s.CustomerID, "subscription", s.ID)
		case policy == KeepBilling:
			x.log.Warn("deleted account is still billed, as the policy says", "account", d.account.String(), "customer",
				s.CustomerID)
		}
	}
}

// finish applies the policy to the billing of a deleted account.
func (x deletion) finish(ctx context.Context, d *draft) (Result, error) {
	if err := x.findCustomers(ctx, d); err != nil {
		return Result{}, err
	}
	if err := x.endBilling(ctx, d); err != nil {
		return Result{}, err
	}
	d.scope &^= lockstep.ScopePayments
	if err := d.refused(lockstep.StepBilling, "", x.bills.observe(ctx, d, false, false)); err != nil {
		return Result{}, err
	}
	if err := x.drafts.commit(ctx, d, x.decide(d.was, d.now, time.Now())); err != nil {
		return Result{}, err
	}
	if err := x.notifier.notify(ctx, d.claim, d.now, time.Now()); err != nil {
		return Result{}, err
	}
	return x.forget(ctx, d)
}

// decide concludes what to store about a deleted account. It reads and writes nothing.
func (x deletion) decide(was, now lockstep.Record, at time.Time) decided {
	now.EntitledBy = ""
	access := x.catalog.Decide(now.Subscriptions, now.Licenses, at)
	return decided{record: now, notices: notices(was, now, access, at), at: at}
}

// findCustomers links the customer that an interrupted creation has made, and marks the customers
// that name the account and are not linked to it. Their runs link those that prove it, and then the
// policy ends their billing too.
func (x deletion) findCustomers(ctx context.Context, d *draft) error {
	if err := x.settleIntent(ctx, d); err != nil {
		return err
	}
	customers, _, err := x.hold.Claims(ctx, d.account)
	if err != nil {
		return err
	}
	waiting, err := waitingCustomers(ctx, x.store, d.account)
	if err != nil {
		return err
	}
	for _, id := range append(customers, waiting...) {
		d.mark(lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}, Scope: lockstep.ScopeAll,
			Priority: lockstep.Background})
	}
	return nil
}

// settleIntent finds out whether a creation that was in progress at the deletion has made a
// customer. The policy applies to that one too.
func (x deletion) settleIntent(ctx context.Context, d *draft) error {
	if d.now.Intent == nil {
		return nil
	}
	made, found, err := createdSince(ctx, x.billing, d.account, d.now.Intent.At)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return fmt.Errorf("find the customer of a deleted account: %w", err)
	}
	if found {
		return x.linking.link(ctx, d, made, false)
	}
	d.now.Intent = nil
	return nil
}

// endBilling gives up other accounts' customers, then ends the billing of the rest.
func (x deletion) endBilling(ctx context.Context, d *draft) error {
	policy := x.rules.Policies.Of(d.account.Kind)
	d.now.ClearProblem(lockstep.StepBilling) // unless it is refused again
	for _, l := range d.now.Customers() {
		if err := d.refused(lockstep.StepBilling, "", x.yield(ctx, d, policy, l)); err != nil {
			return err
		}
	}
	return x.ending.endBilling(ctx, d, lockstep.StepDeletion, policy)
}

// yield gives up a customer with which another account pays by now: that of somebody who came back
// under a new id, or an organization's. The policy must not end what that account pays for; it ends
// the other subscriptions first.
func (x deletion) yield(ctx context.Context, d *draft, policy DeletionPolicy, l lockstep.Link) error {
	subscriptions, err := x.billing.Subscriptions(ctx, l.CustomerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("list subscriptions: %w", err)
	}
	foreign := func(s lockstep.Subscription) bool {
		named, ok := lockstep.AccountNamedIn(x.owners.Readable(s.Metadata))
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
		if err := d.refused(lockstep.StepDeletion, "", x.ending.endOne(ctx, policy, s)); err != nil {
			return err
		}
	}
	_, err = x.claims.contest(ctx, d, l.CustomerID, subscriptions[theirs].Metadata)
	return err
}

// forget blanks the stored events of a deleted account when it is time to, and those that came
// since.
func (x deletion) forget(ctx context.Context, d *draft) (Result, error) {
	if x.rules.Forget < 0 {
		return Result{}, nil
	}
	if wait := time.Until(d.now.DeletionAt.Add(x.rules.Forget)); wait > 0 {
		return Result{After: wait}, nil
	}
	events, err := x.store.Forget(ctx, d.account)
	if err != nil {
		return Result{}, err
	}
	if events > 0 {
		x.log.Info("events of a deleted account were blanked", "account", d.account.String(), "events", events)
	}
	return Result{}, nil
}
