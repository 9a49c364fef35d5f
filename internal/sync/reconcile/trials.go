package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// trialAddresses returns the addresses to remember as having had a trial: when a trial is seen for
// the first time, and once more when the account is deleted, because that forgets its address. For
// an organization it is the buyer's address.
func (s drafts) trialAddresses(ctx context.Context, d *draft) ([]string, error) {
	if s.trialsPer != lockstep.TrialPerEmail {
		return nil, nil
	}
	leaves := d.now.State == lockstep.AccountDeleted && d.was.State != lockstep.AccountDeleted
	before := d.was.Own().Subscriptions
	var addresses []string
	for _, sub := range d.now.Own().Subscriptions { // a gift uses up nobody's trial
		at := byID(before, sub.ID)
		known := at >= 0 && !before[at].TrialEnd.IsZero()
		if sub.TrialEnd.IsZero() || known && !leaves {
			continue
		}
		address, err := s.trialAddress(ctx, d, sub)
		if err != nil {
			return nil, err
		}
		if address != "" && !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}

// trialAddress returns the verified address of whoever had a subscription's trial; empty: none.
func (s drafts) trialAddress(ctx context.Context, d *draft, sub lockstep.Subscription) (string, error) {
	if d.account.Kind == lockstep.User {
		return d.verified, nil
	}
	buyer, known := lockstep.UserOf(sub.PaidBy)
	if !known {
		return "", nil
	}
	record, err := s.store.Account(ctx, buyer)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", fmt.Errorf("read the buyer of a trial: %w", err)
	}
	return verifiedAddress(record), nil
}

func verifiedAddress(r lockstep.Record) string {
	if !r.EmailVerified {
		return ""
	}
	return r.Email
}
