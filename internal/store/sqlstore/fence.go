package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// HoldsLease looks for a claim's token in its key's row. With several writers it locks the row, so
// the claim stays the current one until the commit.
const HoldsLease Statement = `select 1 from work where key = $1 and lease_token = $2`

// fenced runs do in a writing transaction during which the claim is the current one.
func (s *Store) fenced(ctx context.Context, claim lockstep.Claim, do func(*tx) error) error {
	return s.writeEarly(ctx, func(t *tx) error {
		if err := t.holds(ctx, claim)(); err != nil {
			return err
		}
		return do(t)
	})
}

// fencedAccount is fenced for a transaction that begins by reading an account: do gets the account,
// or ErrNotFound. The account is locked after the claim, in the same round trip.
func (s *Store) fencedAccount(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
	do func(t *tx, stored lockstep.Record, err error) error) error {
	return s.writeEarly(ctx, func(t *tx) error {
		holds, stored := t.holds(ctx, claim), t.askAccount(ctx, account)
		if err := holds(); err != nil {
			return err
		}
		record, err := stored()
		return do(t, record, err)
	})
}

// holds asks whether the claim is the current one; if not, the answer is ErrLeaseLost.
func (t *tx) holds(ctx context.Context, claim lockstep.Claim) func() error {
	answer := askOne(ctx, t, scanNumber, HoldsLease, claim.Key.String(), claim.Token)
	return func() error {
		_, err := answer()
		// A key without a holder has the empty token.
		if errors.Is(err, lockstep.ErrNotFound) || err == nil && claim.Token == "" {
			return lost(claim)
		}
		return err
	}
}

func lost(claim lockstep.Claim) error {
	return fmt.Errorf("claim of %s: %w", claim.Key, lockstep.ErrLeaseLost)
}
