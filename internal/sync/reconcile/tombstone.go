package reconcile

import (
	"context"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

// tombstoneStore is the store as [tombstone] uses it.
type tombstoneStore interface {
	BeginDeletion(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
		brake lockstep.Brake) (lockstep.DeletionState, bool, error)
}

// tombstone records that an account was deleted: it asks the brake, then stores the record as a
// tombstone, so that a late event creates nothing.
type tombstone struct {
	store  tombstoneStore
	drafts drafts
	rules  DeletionRules
	log    *slog.Logger
}

func (as *Accounts) tombstone() tombstone {
	return tombstone{as.Store, as.drafts(), as.Policies.Deletion, as.Log}
}

// begin makes the account a tombstone, unless the brake holds its deletion: then it continues as if
// it were there, without what only the directory knows, until an operator decides or the directory
// knows it again.
func (t tombstone) begin(ctx context.Context, d *draft) (held bool, err error) {
	state, tripped, err := t.store.BeginDeletion(ctx, d.claim, d.account, t.rules.Brake)
	if err != nil {
		return false, err
	}
	if tripped {
		t.log.ErrorContext(ctx, "DELETIONS ARE HELD: more accounts were deleted than the brake allows. Review them with `lockstep deletions list`, "+
			"then run `lockstep deletions approve` or `discard`", "first", d.account.String())
	}
	d.now.Deletion, d.now.DeletionAt = state, time.Now()
	if state.Waits() {
		return true, nil
	}
	d.markDeleted()
	t.report(ctx, d)
	return false, t.drafts.keep(ctx, d)
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
func (t tombstone) report(ctx context.Context, d *draft) {
	policy := t.rules.Policies.Of(d.account.Kind)
	t.log.InfoContext(ctx, "account deleted in the directory", "account", d.account.String(), "policy", string(policy))
	for _, s := range d.now.Subscriptions {
		switch {
		case s.Ended():
		case d.now.Claims(s.CustomerID):
			t.log.WarnContext(ctx, "a subscription that only a client_reference_id linked to a deleted account continues; its payer may not be the account",
				"account", d.account.String(), "customer", s.CustomerID, "subscription", s.ID)
		case policy == KeepBilling:
			t.log.WarnContext(ctx, "a deleted account is still billed, as the policy says", "account", d.account.String(),
				"customer", s.CustomerID)
		}
	}
}
