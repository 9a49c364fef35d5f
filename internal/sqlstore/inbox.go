package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	// InsertEvent stores an event if it is new. Its generation is the one that the
	// mark, which follows in the same transaction, makes.
	InsertEvent Statement = `
insert into events (source, id, type, origin, object_id, customer_id, api_version,
	occurred_at, received_at, key, generation, status, reason, body)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
	coalesce((select generation from work where key = $10), 0) + 1, $11, $12, $13)
on conflict (source, id) do nothing`
)

// Receive implements [lockstep.Inbox].
func (s *Store) Receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	if len(deliveries) == 0 {
		return nil, nil
	}
	receipts := make([]lockstep.Receipt, len(deliveries))
	err := s.write(ctx, func(t *tx) error {
		var marks []lockstep.Mark
		for i, d := range deliveries {
			d, err := t.route(ctx, d)
			if err != nil {
				return err
			}
			stored, err := t.insertEvent(ctx, d.Event)
			if err != nil {
				return fmt.Errorf("store event %s/%s: %w", d.Event.Source, d.Event.ID, err)
			}
			if !stored {
				continue
			}
			receipts[i] = lockstep.Receipt{Stored: true, Key: d.Event.Key}
			if d.Mark != nil {
				marks = append(marks, *d.Mark)
			}
		}
		return t.markRouted(ctx, marks)
	})
	if err != nil {
		return nil, fmt.Errorf("receive %d events: %w", len(deliveries), err)
	}
	return receipts, nil
}

// route says on which key a delivery lands, and what becomes of its event.
func (t *tx) route(ctx context.Context, d lockstep.Delivery) (lockstep.Delivery, error) {
	if d.Mark == nil {
		d.Event.Key, d.Event.Status = lockstep.Key{}, lockstep.EventIgnored
		return d, nil
	}
	mark := *d.Mark // the caller's stays as it is
	key, err := t.land(ctx, mark.Key)
	if err != nil {
		return d, err
	}
	mark.Key = key
	d.Mark, d.Event.Key, d.Event.Status = &mark, key, lockstep.EventPending
	return d, nil
}

func (t *tx) insertEvent(ctx context.Context, e lockstep.Event) (stored bool, err error) {
	var key any
	if !e.Key.IsZero() {
		key = e.Key.String()
	}
	received := millis(e.ReceivedAt)
	if received == 0 {
		received = t.now
	}
	body := e.Body
	if body == nil {
		body = []byte{} // a null would be refused
	}
	n, err := t.exec(ctx, InsertEvent, e.Source, e.ID, e.Type, e.Origin, e.ObjectID, e.CustomerID, e.APIVersion,
		millis(e.OccurredAt), received, key, e.Status, e.Reason, body)
	return n > 0, err
}
