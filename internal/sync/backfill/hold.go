package backfill

import (
	"context"
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
	Cursors
	ClaimsOf(ctx context.Context, account lockstep.Account) (customers []string, contested bool, err error)
}

// Incomplete reports whether the first start's backfill has not linked all customers yet.
func (h *Hold) Incomplete(ctx context.Context) (bool, error) {
	if h == nil || h.over.Load() {
		return false, nil
	}
	at, err := State(ctx, h.Store)
	if err != nil {
		return false, err
	}
	if !at.Holds() {
		h.over.Store(true)
	}
	return at.Holds(), nil
}

// Claims returns the customers that could be the account's, and whether one of them could also be
// another account's.
func (h *Hold) Claims(ctx context.Context, account lockstep.Account) (customers []string, contested bool, err error) {
	if h == nil {
		return nil, false, nil
	}
	return h.Store.ClaimsOf(ctx, account)
}
