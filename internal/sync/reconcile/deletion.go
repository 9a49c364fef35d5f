package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// DeletionPolicy says what becomes of the billing of a deleted account.
type DeletionPolicy string

// The deletion policies.
const (
	DeleteCustomer      DeletionPolicy = "delete"               // the customer, and with it all subscriptions
	CancelSubscriptions DeletionPolicy = "cancel"               // now; the customer stays
	EndSubscriptions    DeletionPolicy = "cancel_at_period_end" // with what is paid for; the customer stays
	KeepBilling         DeletionPolicy = "keep"
)

// Validate reports a policy that does not exist.
func (p DeletionPolicy) Validate() error {
	switch p {
	case "", DeleteCustomer, CancelSubscriptions, EndSubscriptions, KeepBilling:
		return nil
	}
	return fmt.Errorf("deletion policy %q is none of delete, cancel, cancel_at_period_end, keep", string(p))
}

// DeletionPolicies are the policies by the kind of account; empty means delete.
type DeletionPolicies struct {
	Users         DeletionPolicy
	Organizations DeletionPolicy
}

// Of returns the policy for a kind of account.
func (p DeletionPolicies) Of(kind lockstep.Kind) DeletionPolicy {
	policy := p.Users
	if kind == lockstep.Organization {
		policy = p.Organizations
	}
	return cmp.Or(policy, DeleteCustomer)
}

// Validate reports every problem at once.
func (p DeletionPolicies) Validate() error {
	return errors.Join(p.Users.Validate(), p.Organizations.Validate())
}

// markDeleted makes the account a tombstone, unless the brake holds its deletion: then
// everything about it goes on as if it were there, without what only the directory
// knows, until an operator decides or the directory knows it again.
func (r *run) markDeleted(ctx context.Context) error {
	state, tripped, err := r.Store.BeginDeletion(ctx, r.claim, r.account, r.Brake)
	if err != nil {
		return err
	}
	if tripped {
		r.Log.Error("DELETIONS ARE HELD: more accounts were deleted than the brake allows. Look at them with `lockstep deletions list`, "+
			"then `lockstep deletions approve` or `discard`", "first", r.account.String())
	}
	r.now.Deletion, r.now.DeletionAt = state, time.Now()
	if state.Waits() {
		r.absent = true
		return nil
	}
	policy := r.Deletion.Of(r.account.Kind)
	r.now.State = lockstep.AccountDeleted
	r.now.Email, r.now.Name, r.now.CustomerEmail, r.now.CustomerName = "", "", "", ""
	r.now.EmailVerified, r.now.Problems = false, nil
	r.marks = append(r.marks, payers(lockstep.Record{}, r.now)...) // who no longer show what they bought for it
	r.Log.Info("account was deleted in the directory", "account", r.account.String(), "policy", string(policy))
	for _, s := range r.now.Subscriptions {
		switch {
		case s.Ended():
		case r.now.Claims(s.CustomerID):
			r.Log.Warn("a subscription that only a client_reference_id linked to a deleted account goes on; its payer is not known to be the account",
				"account", r.account.String(), "customer", s.CustomerID, "subscription", s.ID)
		case policy == KeepBilling:
			r.Log.Warn("a deleted account is still billed, as the policy says", "account", r.account.String(), "customer",
				s.CustomerID)
		}
	}
	return r.keep(ctx)
}

// finishDeletion does what the policy says with the billing of a deleted account. The
// record stays as a tombstone, so that a late event creates nothing anew, and
// the run is tried again until Stripe agrees.
func (r *run) finishDeletion(ctx context.Context) error {
	if err := r.settleIntent(ctx); err != nil {
		return err
	}
	if err := r.summon(ctx); err != nil {
		return err
	}
	policy := r.Deletion.Of(r.account.Kind)
	r.now.ClearProblem(lockstep.StepBilling) // unless it is refused again
	if err := r.yield(ctx, policy); err != nil {
		return err
	}
	if err := r.endBilling(ctx, lockstep.StepDeletion, policy); err != nil {
		return err
	}
	r.scope &^= lockstep.ScopePayments
	if err := r.refused(lockstep.StepBilling, "", r.observeBilling(ctx)); err != nil {
		return err
	}
	at := time.Now()
	r.now.EntitledBy = ""
	return r.save(ctx, r.Catalog.Decide(r.now.Subscriptions, r.now.Licenses, at), at)
}

// yield gives up the customers with which another account pays by now: that of somebody who
// came back under a new id, or an organization's. The policy must not end what that account
// pays for; it ends the rest first. What Stripe refuses here does not stop the policy.
func (r *run) yield(ctx context.Context, policy DeletionPolicy) error {
	for _, l := range r.now.Customers() {
		if err := r.refused(lockstep.StepBilling, "", r.yieldOne(ctx, policy, l)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) yieldOne(ctx context.Context, policy DeletionPolicy, l lockstep.Link) error {
	subscriptions, err := r.Billing.Subscriptions(ctx, l.CustomerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("list subscriptions: %w", err)
	}
	subscriptions = slices.DeleteFunc(subscriptions, lockstep.Subscription.Ended)
	theirs := slices.IndexFunc(subscriptions, r.foreign)
	if theirs < 0 {
		return nil
	}
	for _, s := range subscriptions {
		if !r.foreign(s) && l.Trust == lockstep.Proven {
			if err := r.endOwn(ctx, policy, s); err != nil {
				return err
			}
		}
	}
	_, err = r.contest(ctx, l.CustomerID, subscriptions[theirs].Metadata)
	return err
}

// foreign reports whether the metadata of a subscription names another account.
func (r *run) foreign(s lockstep.Subscription) bool {
	named, ok := lockstep.AccountNamedIn(r.Owners.readable(s.Metadata))
	return ok && named != r.account
}

// endOwn ends one subscription by the policy, which would else end the whole customer's.
func (r *run) endOwn(ctx context.Context, policy DeletionPolicy, s lockstep.Subscription) error {
	var err error
	switch {
	case policy == KeepBilling, policy == EndSubscriptions && hasPeriod(s) && s.EndsWithPeriod():
	case policy == EndSubscriptions && hasPeriod(s):
		err = r.endWithPeriod(ctx, s)
	default:
		err = r.cancelNow(ctx, s)
	}
	return r.refused(lockstep.StepDeletion, "", err)
}

// summon has the customers looked at that name the deleted account and are not linked to it:
// their runs link those that prove it, and then the policy ends their billing too.
func (r *run) summon(ctx context.Context) error {
	customers, _, err := r.Hold.claims(ctx, r.account)
	if err != nil {
		return err
	}
	waiting, err := r.Store.WaitingFor(ctx, r.account.Key())
	if err != nil {
		return fmt.Errorf("look for waiting customers: %w", err)
	}
	for _, key := range waiting {
		if key.Kind == lockstep.KeyCustomer {
			customers = append(customers, key.ID)
		}
	}
	for _, id := range customers {
		r.marks = append(r.marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: id},
			Scope: lockstep.ScopeAll, Priority: lockstep.Background})
	}
	return nil
}

// forget blanks the stored events of a deleted account when it is time to, and those
// that came since.
func (r *run) forget(ctx context.Context) (Result, error) {
	if r.Forget < 0 {
		return Result{}, nil
	}
	if wait := time.Until(r.now.DeletionAt.Add(r.Forget)); wait > 0 {
		return Result{After: wait}, nil
	}
	events, err := r.Store.Forget(ctx, r.account)
	if err != nil {
		return Result{}, err
	}
	if events > 0 {
		r.Log.Info("a deleted account's events are forgotten", "account", r.account.String(), "events", events)
	}
	return Result{}, nil
}

// settleIntent finds out whether a creation that was under way when the account
// was deleted has made a customer. Under any policy it must be known.
func (r *run) settleIntent(ctx context.Context) error {
	if r.now.Intent == nil {
		return nil
	}
	made, err := r.Billing.CustomersOf(ctx, r.account, r.now.Intent.At.Add(-time.Hour))
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return fmt.Errorf("look for the customer of a deleted account: %w", err)
	}
	for _, c := range made {
		if !c.Deleted {
			return r.link(ctx, c)
		}
	}
	r.now.Intent = nil
	return nil
}
