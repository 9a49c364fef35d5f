package reconcile

import (
	"context"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// licensed is a store with one license, and counts marks.
type licensed struct {
	PaymentStore
	status lockstep.LicenseStatus
	marks  int
}

func (l *licensed) LicenseOfPayment(context.Context, string) (lockstep.License, error) {
	return lockstep.License{ID: "cs_1", Status: l.status}, nil
}

func (l *licensed) Mark(context.Context, ...lockstep.Mark) error {
	l.marks++
	return nil
}

// A refund, also one that an older version marked, settles the session again. An event that says only that
// it was paid does not.
func TestOnlyAPaidEventOfAnActiveLicenseIsSkipped(t *testing.T) {
	t.Parallel()
	paid := lockstep.ScopeSubscriptions | lockstep.ScopePaid
	for name, c := range map[string]struct {
		scope  lockstep.Scope
		status lockstep.LicenseStatus
		marks  int
	}{
		"paid":                         {paid, lockstep.LicenseActive, 0},
		"paid, but the license is not": {paid, lockstep.LicenseRefunded, 1},
		"paid and refunded":            {paid | lockstep.ScopePayments, lockstep.LicenseActive, 1},
		"an older version's marks":     {lockstep.ScopeSubscriptions, lockstep.LicenseActive, 1},
		"an older version's refund":    {0, lockstep.LicenseActive, 1},
	} {
		store := &licensed{status: c.status}
		err := (&Payments{Store: store}).find(t.Context(), lockstep.Claim{Scope: c.scope,
			Key: lockstep.Key{Kind: lockstep.KeyPayment, ID: "pi_1"}})
		if err != nil || store.marks != c.marks {
			t.Errorf("%s: %d marks, want %d; %v", name, store.marks, c.marks, err)
		}
	}
}
