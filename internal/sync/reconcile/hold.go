package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/lockstep-dev/lockstep"
)

// Hold says which accounts must keep what they have until it is clear what they have paid for: all
// of them until the first start's backfill has linked the existing customers, and later those to
// which an ambiguous customer could belong. A nil Hold holds nothing.
type Hold struct {
	Store HoldStore

	over atomic.Bool // the first start's backfill has ended, or there was none
}

// HoldStore is the store as a hold uses it.
type HoldStore interface {
	cursors
	ClaimsOf(ctx context.Context, account lockstep.Account) (customers []string, contested bool, err error)
}

// cursors tells where sweeps stand.
type cursors interface {
	Cursor(ctx context.Context, sweep string) (string, error)
}

// incomplete reports whether the first start's backfill has not linked all customers yet.
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

// claims returns the customers that could be the account's, and whether one of them could also be
// another account's.
func (h *Hold) claims(ctx context.Context, account lockstep.Account) (customers []string, contested bool, err error) {
	if h == nil {
		return nil, false, nil
	}
	return h.Store.ClaimsOf(ctx, account)
}

// BackfillState reads where the backfill stands; the zero value means that it never ran.
func BackfillState(ctx context.Context, store cursors) (at lockstep.Backfill, err error) {
	text, err := store.Cursor(ctx, lockstep.BackfillSweep)
	if err != nil || text == "" {
		return at, err
	}
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		return at, fmt.Errorf("the backfill's cursor is not one of this version: %w", err)
	}
	return at, nil
}

// holding says how the hold affects an account.
type holding struct {
	held       bool     // it must keep what it has
	candidates []string // customers that could be its own
}

// of finds out how an account is held.
func (h *Hold) of(ctx context.Context, t task) (holding, error) {
	candidates, contested, err := h.claims(ctx, t.account)
	return holding{t.incomplete || contested, candidates}, err
}

// released reports whether the backfill ended while the run was under way. The backfill marks the
// accounts at its end, but this one's mark may have come before the run has read it.
func (h *Hold) released(ctx context.Context, t task) (bool, error) {
	if !t.incomplete {
		return false, nil
	}
	incomplete, err := h.incomplete(ctx)
	return !incomplete, err
}
