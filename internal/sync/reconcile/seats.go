package reconcile

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// fitSeats has the quantity of an organization's subscription follow its members, by
// the policy. own is what the organization pays for itself: a gift of another plan does not
// stop the seats. What Stripe refuses (a card that is declined at once, a schedule that owns
// the subscription) becomes a problem of the account, and the seats stay.
func (r *run) fitSeats(ctx context.Context, own lockstep.Access) (changed bool, err error) {
	if r.account.Kind != lockstep.Organization || r.absent {
		return false, nil
	}
	s, item, found := r.Catalog.SeatItem(r.now, own)
	wanted := r.Seats.Quantity(r.now.Members, item.Quantity)
	if !own.Active || !found || wanted == item.Quantity {
		r.now.ClearProblem(lockstep.StepSeats)
		return false, nil
	}
	change := lockstep.DigestOf([]any{s.ID, item.ID, wanted})
	if r.repeats(lockstep.StepSeats, change) {
		return false, nil
	}
	if err := r.Billing.SetQuantity(ctx, s.ID, item.ID, wanted, r.Seats.Proration); err != nil {
		return false, r.refused(lockstep.StepSeats, change, fmt.Errorf("change seats: %w", err))
	}
	r.now.ClearProblem(lockstep.StepSeats)
	r.Log.Info("seats follow the members", "account", r.account.String(), "subscription", s.ID, "from", item.Quantity,
		"to", wanted)
	return true, r.observeSubscriptions(ctx)
}

// wantedLimit is how many members the directory is to take, no more than seats are paid for;
// 0: as many as it does. When nothing grants access any more, the limit stays as it is:
// nobody is thrown out.
func (r *run) wantedLimit(access lockstep.Access) int64 {
	if !r.Seats.LimitMembers || r.Members == nil || r.account.Kind != lockstep.Organization || r.absent ||
		!access.Active || access.Seats <= 0 || access.Seats == r.now.MemberLimit {
		return 0
	}
	return access.Seats
}

// limitMembers has the directory take as many members as is wanted.
func (r *run) limitMembers(ctx context.Context, access lockstep.Access) error {
	limit := r.wantedLimit(access)
	if limit == 0 {
		r.now.ClearProblem(lockstep.StepMemberLimit)
		return nil
	}
	if r.repeats(lockstep.StepMemberLimit, lockstep.DigestOf(limit)) {
		return nil
	}
	if err := r.Members.LimitMembers(ctx, r.account, limit); err != nil {
		return r.refused(lockstep.StepMemberLimit, lockstep.DigestOf(limit), fmt.Errorf("limit members: %w", err))
	}
	r.now.ClearProblem(lockstep.StepMemberLimit)
	r.now.MemberLimit = limit
	return r.keep(ctx)
}
