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
	return s.write(ctx, func(t *tx) error {
		if err := t.holds(ctx, claim); err != nil {
			return err
		}
		return do(t)
	})
}

func (t *tx) holds(ctx context.Context, claim lockstep.Claim) error {
	if claim.Token == "" { // a key that nobody holds has the empty token
		return lost(claim)
	}
	var one int
	err := t.row(ctx, HoldsLease, claim.Key.String(), claim.Token).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return lost(claim)
	}
	return err
}

func lost(claim lockstep.Claim) error {
	return fmt.Errorf("claim of %s: %w", claim.Key, lockstep.ErrLeaseLost)
}
