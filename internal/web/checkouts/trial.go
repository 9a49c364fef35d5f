package checkouts

import (
	"context"
	"errors"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// trial decides how many days of trial an order gets, and whether without a card. An account gets one
// trial, and under [lockstep.TrialPerEmail] so does each verified address. A trial of a claimed customer
// does not count, because a stranger may have started it.
func (s *Service) trial(ctx context.Context, o Order, price lockstep.Price,
	has lockstep.Holdings) (days int64, withoutCard bool, err error) {
	own := slices.DeleteFunc(slices.Clone(has.Subscriptions),
		func(held lockstep.Subscription) bool { return slices.Contains(has.Claimed, held.CustomerID) })
	days, withoutCard, used := s.Catalog.Trial(price, o.TrialDays, own, s.Policy.RepeatTrials)
	if days > 0 && price.Recurring && s.Policy.TrialsPer == lockstep.TrialPerEmail && !s.Policy.RepeatTrials {
		if used, err = s.addressHadTrial(ctx, o); err != nil {
			return 0, false, err
		}
	}
	switch {
	case used && o.TrialDays > 0:
		return 0, false, &RefusedError{TrialUsed, "trial_days: the account or its e-mail address has already had a trial; leave it out"}
	case used:
		return 0, false, nil
	}
	return days, withoutCard, nil
}

// addressHadTrial reports whether the buyer's address had a trial, even under an account that was deleted
// since.
func (s *Service) addressHadTrial(ctx context.Context, o Order) (bool, error) {
	buyer := o.Account
	if buyer.Kind == lockstep.Organization {
		var known bool
		if buyer, known = lockstep.UserOf(o.PaidBy); !known {
			return false, nil
		}
	}
	record, err := s.Store.Account(ctx, buyer)
	if errors.Is(err, lockstep.ErrNotFound) || err == nil && (!record.EmailVerified || record.Email == "") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.Store.HadTrial(ctx, record.Email)
}
