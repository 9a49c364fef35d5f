package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// HoldsLease looks for a claim's token in its key's row. A database with several
// writers locks the row, so that the claim stays the current one until the commit.
const HoldsLease Statement = `select 1 from work where key = $1 and lease_token = $2`

// fenced runs do in a writing transaction in which the claim is the current one.
func (s *Store) fenced(ctx context.Context, claim lockstep.Claim, do func(*tx) error) error {
	return s.early(ctx, func(t *tx) error {
		if err := t.holds(ctx, claim)(); err != nil {
			return err
		}
		return do(t)
	})
}

// fencedAccount is fenced for what begins with a look at an account, whose error is
// ErrNotFound where there is none: it is locked after the claim, and read with it.
func (s *Store) fencedAccount(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
	do func(t *tx, stored lockstep.Record, err error) error) error {
	return s.early(ctx, func(t *tx) error {
		holds, stored := t.holds(ctx, claim), t.askAccount(ctx, account)
		if err := holds(); err != nil {
			return err
		}
		record, err := stored()
		return do(t, record, err)
	})
}

// holds asks whether the claim is the current one; the answer is ErrLeaseLost if not.
func (t *tx) holds(ctx context.Context, claim lockstep.Claim) func() error {
	answer := ask(ctx, t, scanNumber, HoldsLease, claim.Key.String(), claim.Token)
	return func() error {
		_, err := only(answer())
		// A key that nobody holds has the empty token.
		if errors.Is(err, sql.ErrNoRows) || err == nil && claim.Token == "" {
			return lost(claim)
		}
		return err
	}
}

func lost(claim lockstep.Claim) error {
	return fmt.Errorf("claim of %s: %w", claim.Key, lockstep.ErrLeaseLost)
}
