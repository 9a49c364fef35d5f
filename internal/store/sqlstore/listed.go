package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

const (
	updateSighted Statement = `
update accounts set sighted_round = $3 where kind = $1 and id = $2 and sighted_round < $3`

	selectUnsighted Statement = `
select kind, id from accounts
where kind = $1 and id > $3 and state = 'active' and created_at < $2 and sighted_round < $2
	and instance_generation >= coalesce((select generation from instances where provider = 'clerk'), 0)
order by id limit $4 + 0`
)

// RecordListed implements [lockstep.SweepStore]. A listed account has changed if we hold it for
// deleted or missing, or if it is listed again after its instance was replaced.
func (s *Store) RecordListed(ctx context.Context, claim lockstep.Claim, round int64,
	identities []lockstep.Identity) ([]lockstep.Account, error) {
	var adrift []lockstep.Account
	for some := range slices.Chunk(identities, s.step(1)) {
		var found []lockstep.Account
		err := s.fenced(ctx, claim, func(t *tx) error {
			found = nil
			instance, err := t.instance(ctx, lockstep.Clerk)
			if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
				return err
			}
			for _, identity := range some {
				differs, err := t.sight(ctx, round, identity, instance.Generation)
				if err != nil {
					return fmt.Errorf("%s: %w", identity.Account, err)
				}
				if differs {
					found = append(found, identity.Account)
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("note listed accounts: %w", err)
		}
		adrift = append(adrift, found...)
	}
	return adrift, nil
}

// sight notes that an account was listed, and reports whether the listed data differs from ours.
func (t *tx) sight(ctx context.Context, round int64, identity lockstep.Identity, generation int64) (bool, error) {
	r, err := t.account(ctx, identity.Account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	t.queue(updateSighted, identity.Account.Kind, identity.Account.ID, round)
	if r.InstanceGeneration < generation || !r.MissingSince.IsZero() {
		return true, nil
	}
	if r.State != lockstep.AccountActive || identity.UpdatedAt > r.IdentityUpdatedAt || identity.Members != r.Members ||
		r.Deletion != "" {
		return true, nil
	}
	same, err := holds(identity.Metadata, r.Projected)
	return !same, err
}

// holds reports whether metadata holds the projection. A projected nil means that the key must be
// absent. Keys outside the projection belong to others.
func holds(metadata, projected map[string]any) (bool, error) {
	for key, want := range projected {
		same, err := sameJSON(metadata[key], want)
		if err != nil {
			return false, fmt.Errorf("compare metadata %s: %w", key, err)
		}
		if !same {
			return false, nil
		}
	}
	return true, nil
}

func sameJSON(a, b any) (bool, error) {
	left, err := canonical(a)
	if err != nil {
		return false, err
	}
	right, err := canonical(b)
	return bytes.Equal(left, right), err
}

// canonical encodes v so that equal values have equal encodings, whatever Go type a number had and
// whatever order the keys had.
func canonical(v any) ([]byte, error) {
	spelled, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var plain any
	if err := json.Unmarshal(spelled, &plain); err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

// Unlisted implements [lockstep.SweepStore].
func (s *Store) Unlisted(ctx context.Context, kind lockstep.Kind, round int64, after string,
	limit int) ([]lockstep.Account, error) {
	accounts, err := all(ctx, s, scanAccount, selectUnsighted, kind, round, after, limit)
	return wrap(accounts, err, "list accounts that were not listed")
}
