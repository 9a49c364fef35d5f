package ingest

import (
	"context"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Store is the part of [lockstep.Store] that this package needs.
type Store interface {
	// Receive is [lockstep.Inbox.Receive].
	Receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error)
}

// Intake stores verified deliveries and wakes the workers.
type Intake struct {
	store   Store
	wake    func()
	commits commits
	large   room
	// Scanned is called with the number of new events that [Intake.Take] found by a scan; nil: they are
	// not counted.
	Scanned func(source lockstep.Source, n int)
}

// New returns an intake that stores deliveries in store, in as many transactions at once as a
// [lockstep.Overlapping] store allows, and else one after the other. It calls wake when something is
// due; wake must not block.
func New(store Store, wake func()) *Intake {
	in := &Intake{store: store, wake: wake, large: room{size: mostLarge, share: mostOfClient, slow: slowAfter}}
	in.commits = commits{receive: in.receive, overlap: 1, most: mostWaiting}
	if o, overlaps := store.(lockstep.Overlapping); overlaps {
		in.commits.overlap = o.Overlap()
	}
	return in
}

// Take stores the events that are new and marks their keys. It returns how many were new. An error
// means that none was stored.
func (in *Intake) Take(ctx context.Context, origin lockstep.Origin, hints ...lockstep.Hint) (int, error) {
	if len(hints) == 0 {
		return 0, nil
	}
	deliveries := make([]lockstep.Delivery, len(hints))
	now := time.Now()
	for i, h := range hints {
		deliveries[i] = deliveryOf(h, origin, now)
	}
	receipts, err := in.receive(ctx, deliveries)
	stored := 0
	for _, r := range receipts {
		if r.Stored {
			stored++
		}
	}
	if origin == lockstep.Scanned && in.Scanned != nil && stored > 0 {
		in.Scanned(hints[0].Event.Source, stored)
	}
	return stored, err
}

// deliver stores a delivered event if it is new, and marks its key. It shares a transaction with other
// deliveries. It returns [lockstep.ErrBusy] if too many deliveries wait already. After any other
// error the event may be stored: ctx may have ended during the commit.
func (in *Intake) deliver(ctx context.Context, d lockstep.Delivery) (stored bool, err error) {
	receipt, err := in.commits.store(ctx, d)
	return receipt.Stored, err
}

// receive stores deliveries and wakes the workers if it marked a key.
func (in *Intake) receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	receipts, err := in.store.Receive(ctx, deliveries)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(receipts, func(r lockstep.Receipt) bool { return r.Marked }) {
		in.wake()
	}
	return receipts, nil
}
