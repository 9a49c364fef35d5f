package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/lockstep-dev/lockstep"
)

// Hold says which accounts must keep what they have until it is clear what they have paid
// for: all of them until the first start's backfill has linked the existing
// customers, and later those to which an ambiguous customer could belong. Its zero value
// holds nothing.
type Hold struct {
	Store HoldStore

	over atomic.Bool // the first start's backfill has ended, or there was none
}

// HoldStore is what a hold needs of the store.
type HoldStore interface {
	Cursor(ctx context.Context, sweep string) (string, error)
	ClaimsOf(ctx context.Context, account lockstep.Account) (customers []string, contested bool, err error)
}

// incomplete reports whether the first start's backfill has not linked everything yet.
func (h *Hold) incomplete(ctx context.Context) (bool, error) {
	if h == nil || h.over.Load() {
		return false, nil
	}
	at, err := BackfillState(ctx, h.Store)
	if err != nil {
		return false, err
	}
	if !at.Holds() {
		h.over.Store(true)
	}
	return at.Holds(), nil
}

// claims returns the customers that could be the account's, and whether one of them could
// also be another account's.
func (h *Hold) claims(ctx context.Context, account lockstep.Account) (customers []string, contested bool, err error) {
	if h == nil {
		return nil, false, nil
	}
	return h.Store.ClaimsOf(ctx, account)
}

// BackfillState reads where the backfill stands; the zero value: there has been none.
func BackfillState(ctx context.Context, store interface {
	Cursor(ctx context.Context, sweep string) (string, error)
},
) (at lockstep.Backfill, err error) {
	text, err := store.Cursor(ctx, lockstep.BackfillSweep)
	if err != nil || text == "" {
		return at, err
	}
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		return at, fmt.Errorf("the backfill's cursor is not one of this version: %w", err)
	}
	return at, nil
}

// observeHold finds out whether the account is held. An account that has access by what
// Stripe says needs no hold. Whether the backfill has ended is known from before the record was
// read: the backfill ends when the licenses are stored, and an older record lacks them.
func (r *run) observeHold(ctx context.Context) (err error) {
	if r.now.State == lockstep.AccountDeleted {
		return nil
	}
	var contested bool
	if r.candidates, contested, err = r.Hold.claims(ctx, r.account); err != nil {
		return err
	}
	r.held = r.incomplete || contested
	return nil
}

// spare takes from a projection what would lower or remove what the directory's metadata
// says: on a held account that shows no access, everything; else what would be removed, and
// a status that is not active.
func (r *run) spare(p projection, access lockstep.Access) projection {
	if !r.held {
		return p
	}
	if !access.Active {
		return projection{want: r.now.Projected}
	}
	for key, value := range p.want {
		if value == nil || key == r.Keys.Status && value != "active" {
			delete(p.want, key)
			delete(p.change, key)
		}
	}
	return p
}

// released reports whether the backfill ended while the run went on, so that nobody else
// looks at the account again.
func (r *run) released(ctx context.Context) (bool, error) {
	if !r.incomplete {
		return false, nil
	}
	incomplete, err := r.Hold.incomplete(ctx)
	return !incomplete, err
}
