package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// seats has the quantity of an organization's subscription follow its members.
type seats struct {
	billing interface {
		SetQuantity(ctx context.Context, subscriptionID, itemID string, quantity int64,
			proration lockstep.SeatProration) error
	}
	bills   billing
	catalog lockstep.Catalog
	policy  lockstep.SeatPolicy
	log     *slog.Logger
}

func (as *Accounts) seats() seats {
	return seats{as.Providers.Billing, as.billing(), as.Catalog, as.Policies.Seats, as.Log}
}

// fit changes the quantity by the policy, and reads the subscriptions again if it did. Only what
// the organization pays for itself counts: a gift of another plan does not stop the seats. If
// Stripe refuses (a card is declined at once, or a schedule owns the subscription), that becomes a
// problem of the account, and the seats stay.
func (s seats) fit(ctx context.Context, d *draft, absent bool, at time.Time) error {
	if d.account.Kind != lockstep.Organization || absent {
		return nil
	}
	own := s.catalog.Access(d.now.Own(), at)
	subscription, item, found := s.catalog.SeatItem(d.now, own)
	wanted := s.policy.Quantity(d.now.Members, item.Quantity)
	if !own.Active || !found || wanted == item.Quantity {
		d.now.ClearProblem(lockstep.StepSeats)
		return nil
	}
	change := lockstep.DigestOf([]any{subscription.ID, item.ID, wanted})
	if d.repeats(lockstep.StepSeats, change) {
		return nil
	}
	err := s.billing.SetQuantity(ctx, subscription.ID, item.ID, wanted, s.policy.Proration)
	if err != nil {
		return d.refused(ctx, lockstep.StepSeats, change, fmt.Errorf("change seats: %w", err))
	}
	d.now.ClearProblem(lockstep.StepSeats)
	s.log.InfoContext(ctx, "seats changed to the number of members", "account", d.account.String(), "subscription",
		subscription.ID, "from", item.Quantity, "to", wanted)
	return s.bills.readSubscriptions(ctx, d, absent)
}

// memberLimits has the directory accept no more members than there are paid seats.
type memberLimits struct {
	drafts  drafts
	limiter lockstep.MemberLimiter
}

func (as *Accounts) memberLimits() memberLimits {
	return memberLimits{as.drafts(), as.Providers.Limiter}
}

// set writes the limit; 0: it stays.
func (m memberLimits) set(ctx context.Context, d *draft, limit int64) error {
	if limit == 0 {
		d.now.ClearProblem(lockstep.StepMemberLimit)
		return nil
	}
	if d.repeats(lockstep.StepMemberLimit, lockstep.DigestOf(limit)) {
		return nil
	}
	if err := m.limiter.LimitMembers(ctx, d.account, limit); err != nil {
		return d.refused(ctx, lockstep.StepMemberLimit, lockstep.DigestOf(limit), fmt.Errorf("limit members: %w", err))
	}
	d.now.ClearProblem(lockstep.StepMemberLimit)
	d.now.MemberLimit = limit
	return m.drafts.keep(ctx, d)
}
