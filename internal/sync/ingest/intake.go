package ingest

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Intake stores what was verified, and wakes the workers.
type Intake struct {
	inbox   lockstep.Inbox
	wake    func()
	commits commits
	large   room
}

// New returns an intake that stores in inbox, where transactions of deliveries overlap if
// inbox is [lockstep.Overlapping]. wake tells the workers that something is due; it must
// not block.
func New(inbox lockstep.Inbox, wake func()) *Intake {
	in := &Intake{inbox: inbox, wake: wake, large: room{size: mostLarge, share: mostOfClient, slow: slowAfter}}
	in.commits = commits{receive: in.receive, overlap: 1, most: mostWaiting}
	if o, overlaps := inbox.(lockstep.Overlapping); overlaps {
		in.commits.overlap = o.Overlap()
	}
	return in
}

// Take stores the events that are new and marks their keys. It returns how many
// were new. An error means that none was stored.
func (in *Intake) Take(ctx context.Context, origin lockstep.Origin, hints ...lockstep.Hint) (int, error) {
	if len(hints) == 0 {
		return 0, nil
	}
	deliveries := make([]lockstep.Delivery, len(hints))
	now := time.Now()
	for i, h := range hints {
		deliveries[i] = deliveryOf(h, origin, now)
	}
	receipts, err := in.receive(ctx, deliveries, func() {})
	stored := 0
	for _, r := range receipts {
		if r.Stored {
			stored++
		}
	}
	return stored, err
}

// deliver stores one event that was delivered, if it is new, and marks its key; it shares
// a commit with whatever else is being delivered. [lockstep.ErrBusy] when too much waits
// already. An error means that the event was not stored, or that nobody knows: when
// ctx ends meanwhile, it may be stored all the same.
func (in *Intake) deliver(ctx context.Context, hint lockstep.Hint) (stored bool, err error) {
	receipt, err := in.commits.store(ctx, deliveryOf(hint, lockstep.Delivered, time.Now()))
	return receipt.Stored, err
}

// receive stores deliveries; next is called when others do well to begin, if that is before
// it returns.
func (in *Intake) receive(ctx context.Context, deliveries []lockstep.Delivery,
	next func()) (receipts []lockstep.Receipt, err error) {
	if o, overlaps := in.inbox.(lockstep.Overlapping); overlaps {
		receipts, err = o.ReceiveThen(ctx, deliveries, next)
	} else {
		receipts, err = in.inbox.Receive(ctx, deliveries)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range receipts {
		if r.Stored && !r.Key.IsZero() {
			in.wake()
			break
		}
	}
	return receipts, nil
}
