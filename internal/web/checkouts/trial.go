package checkouts

import (
	"context"
	"errors"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// trial says how many days of a trial an order comes with, and whether without a card: one
// for each account and, by the policy, one for each verified address of whoever buys. A trial
// that somebody else gave by a payment link does not count.
func (d *Service) trial(ctx context.Context, o Order, price lockstep.Price,
	has lockstep.Holdings) (days int64, withoutCard bool, err error) {
	own := slices.DeleteFunc(slices.Clone(has.Subscriptions),
		func(s lockstep.Subscription) bool { return slices.Contains(has.Claimed, s.CustomerID) })
	days, withoutCard, used := d.Catalog.Trial(price, o.TrialDays, own, d.Policy.RepeatTrials)
	if days > 0 && price.Recurring && d.Policy.TrialsPer == lockstep.TrialPerEmail && !d.Policy.RepeatTrials {
		if used, err = d.addressHadTrial(ctx, o); err != nil {
			return 0, false, err
		}
	}
	switch {
	case used && o.TrialDays > 0:
		return 0, false, &RefusedError{TrialUsed, "the account or its e-mail address had its trial; leave trial_days out"}
	case used:
		return 0, false, nil
	}
	return days, withoutCard, nil
}

// addressHadTrial looks for an earlier trial of the buyer's address: of an account that may
// be deleted since.
func (d *Service) addressHadTrial(ctx context.Context, o Order) (bool, error) {
	buyer := o.Account
	if buyer.Kind == lockstep.Organization {
		var known bool
		if buyer, known = lockstep.UserOf(o.PaidBy); !known {
			return false, nil
		}
	}
	record, err := d.Store.Account(ctx, buyer)
	if errors.Is(err, lockstep.ErrNotFound) || err == nil && (!record.EmailVerified || record.Email == "") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return d.Store.HadTrial(ctx, record.Email)
}
