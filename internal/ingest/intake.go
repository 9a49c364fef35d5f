package ingest

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Intake stores what was verified, and wakes the workers.
type Intake struct {
	Inbox lockstep.Inbox
	Wake  func() // tells the workers that something is due; must not block
}

// Take stores the events that are new and marks their keys. It returns how many
// were new. An error means that none was stored.
func (in Intake) Take(ctx context.Context, origin lockstep.Origin, hints ...lockstep.Hint) (int, error) {
	if len(hints) == 0 {
		return 0, nil
	}
	deliveries := make([]lockstep.Delivery, len(hints))
	now := time.Now()
	for i, h := range hints {
		h.Event.Origin, h.Event.ReceivedAt = origin, now
		deliveries[i] = deliveryOf(h)
	}
	receipts, err := in.Inbox.Receive(ctx, deliveries)
	if err != nil {
		return 0, err
	}
	stored, marked := 0, false
	for _, r := range receipts {
		if r.Stored {
			stored++
			marked = marked || !r.Key.IsZero()
		}
	}
	if marked {
		in.Wake()
	}
	return stored, nil
}
