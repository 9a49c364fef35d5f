package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// fitSeats has the quantity of an organization's subscription follow its members, by
// the policy. What Stripe refuses (a card that is declined at once, a schedule that owns
// the subscription) is logged and left as it is: it must not hold up what was paid for.
func (r *run) fitSeats(ctx context.Context, access lockstep.Access) (changed bool, err error) {
	if r.account.Kind != lockstep.Organization || !access.Active || r.absent {
		return false, nil
	}
	s, item, found := r.Catalog.SeatItem(r.now, access)
	if !found {
		return false, nil
	}
	wanted := r.Seats.Quantity(r.now.Members, item.Quantity)
	if wanted == item.Quantity {
		return false, nil
	}
	err = r.Billing.SetQuantity(ctx, s.ID, item.ID, wanted, r.Seats.Proration)
	var refused *lockstep.UpstreamError
	switch {
	case errors.As(err, &refused) && refused.Rejected():
		r.Log.Error("Stripe refused a change of seats; they stay as they are", "account", r.account.String(), "subscription", s.ID,
			"members", r.now.Members, "paid", item.Quantity, "error", err)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("change seats: %w", err)
	}
	r.Log.Info("seats follow the members", "account", r.account.String(), "subscription", s.ID, "from", item.Quantity, "to", wanted)
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
		return nil
	}
	if err := r.Members.LimitMembers(ctx, r.account, limit); err != nil {
		return fmt.Errorf("limit members: %w", err)
	}
	r.now.MemberLimit = limit
	return r.keep(ctx)
}
