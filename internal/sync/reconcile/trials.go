package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// trialAddresses are the addresses to remember as having had a trial: when a trial is seen
// for the first time, and once more when the account is deleted, which is when its address
// is forgotten. For an organization it is the address of who bought.
func (r *run) trialAddresses(ctx context.Context) ([]string, error) {
	if r.TrialsPer != lockstep.TrialPerEmail {
		return nil, nil
	}
	leaves := r.now.State == lockstep.AccountDeleted && r.was.State != lockstep.AccountDeleted
	var addresses []string
	for _, s := range r.now.Own().Subscriptions { // a gift uses up nobody's trial
		known := slices.ContainsFunc(r.was.Own().Subscriptions,
			func(was lockstep.Subscription) bool { return was.ID == s.ID && !was.TrialEnd.IsZero() })
		if s.TrialEnd.IsZero() || known && !leaves {
			continue
		}
		address, err := r.trialAddress(ctx, s)
		if err != nil {
			return nil, err
		}
		if address != "" && !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}

// trialAddress is the verified address of whoever had a subscription's trial; empty: none.
func (r *run) trialAddress(ctx context.Context, s lockstep.Subscription) (string, error) {
	if r.account.Kind == lockstep.User {
		return r.verified, nil
	}
	buyer, known := lockstep.UserOf(s.PaidBy)
	if !known {
		return "", nil
	}
	record, err := r.Store.Account(ctx, buyer)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", fmt.Errorf("read who bought a trial: %w", err)
	}
	return verifiedAddress(record), nil
}

func verifiedAddress(r lockstep.Record) string {
	if !r.EmailVerified {
		return ""
	}
	return r.Email
}
