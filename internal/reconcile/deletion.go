package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// bury does what the policy says with the billing of a deleted account. The
// record stays as a tombstone, so that a late event creates nothing anew, and
// the run is tried again until Stripe agrees.
func (r *run) bury(ctx context.Context) error {
	if err := r.settleIntent(ctx); err != nil {
		return err
	}
	if r.now.CustomerID != "" && !r.now.CustomerDeleted {
		switch r.Deletion {
		case DeleteCustomer:
			if err := r.Billing.DeleteCustomer(ctx, r.now.CustomerID); err != nil {
				return fmt.Errorf("delete customer of a deleted account: %w", err)
			}
			r.now.CustomerDeleted = true
			r.scope |= lockstep.ScopeSubscriptions
		case CancelSubscriptions:
			if err := r.cancelAll(ctx); err != nil {
				return err
			}
		case KeepBilling:
		}
	}
	r.scope &^= lockstep.ScopePayments
	if err := r.observeBilling(ctx); err != nil {
		return err
	}
	at := time.Now()
	r.now.EntitledBy = ""
	return r.save(ctx, r.Catalog.Decide(r.now.Subscriptions, r.now.Licenses, at), at)
}

// cancelAll ends every subscription that has not ended.
func (r *run) cancelAll(ctx context.Context) error {
	live, err := r.Billing.Subscriptions(ctx, r.now.CustomerID)
	if err != nil {
		return fmt.Errorf("list subscriptions of a deleted account: %w", err)
	}
	for _, s := range live {
		if s.Ended() {
			continue
		}
		if err := r.Billing.CancelSubscription(ctx, s.ID); err != nil {
			return fmt.Errorf("cancel subscription of a deleted account: %w", err)
		}
		r.scope |= lockstep.ScopeSubscriptions
	}
	return nil
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
