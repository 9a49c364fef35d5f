package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/eventbody"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// InsertEvent stores an event if it is new, under the key $10 or the account that the customer $14 is or
// was linked to. An empty key means none. The event gets the generation that no run has claimed yet: the
// one that its mark makes, or that an earlier mark has made. A statement over arrays returns, for each
// event that is new, its number from 1, its key, and whether that is an account with access.
const InsertEvent Statement = `
insert into events (source, id, type, origin, object_id, customer_id, api_version,
	occurred_at, received_at, key, generation, status, reason, body)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, landed.key,
	coalesce((select case when generation = done_generation or generation = claimed_generation then generation + 1
		else generation end from work where key = landed.key), landed.key is not null), $11, $12, $13
from (select coalesce((select kind || '/' || id from accounts where customer_id = $14),
	(select kind || '/' || id from former_customers where customer_id = $14), nullif($10, '')) as key) as landed
where true
on conflict (source, id) do nothing`

// Receive implements [lockstep.Inbox].
func (s *Store) Receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	receipts := make([]lockstep.Receipt, 0, len(deliveries))
	for some := range slices.Chunk(deliveries, s.step(2)) {
		arrivals := arrivalsOf(some)
		rows := make([][]any, len(arrivals)) // before the transaction, because packing a body takes time
		for i, a := range arrivals {
			rows[i] = eventRow(a.Delivery)
		}
		stored := make([]lockstep.Receipt, len(some))
		err := s.writeEarly(ctx, func(t *tx) error { return t.receive(ctx, arrivals, rows, stored) })
		if err != nil {
			return nil, fmt.Errorf("receive %d events: %w", len(deliveries), err)
		}
		receipts = append(receipts, stored...)
	}
	return receipts, nil
}

// receive stores the rows of the arrivals that are new, and then marks their keys.
func (t *tx) receive(ctx context.Context, arrivals []arrival, rows [][]any, receipts []lockstep.Receipt) error {
	stored := t.storeEvents(rows)
	if err := t.flush(ctx); err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	var marks []lockstep.Mark
	for i, at := range stored() {
		a := arrivals[i]
		receipts[a.index] = lockstep.Receipt{Stored: at.stored, Marked: at.stored && a.Mark != nil}
		if receipts[a.index].Marked {
			marks = append(marks, at.place(*a.Mark))
		}
	}
	if _, whole := t.dialect.Batch[InsertEvent]; whole {
		t.markPlaced(marks...)
	} else {
		t.mark(marks...)
	}
	return nil
}

// landing says what became of a delivery.
type landing struct {
	stored   bool
	key      lockstep.Key // of the event; zero if its mark lands there by itself
	entitled bool         // key is an account with access
}

// place returns a mark on the key of its event.
func (l landing) place(m lockstep.Mark) lockstep.Mark {
	if l.key.IsZero() {
		return m
	}
	if m.Eager && l.key != m.Key && !l.entitled {
		m.Delay = 0
	}
	m.Key = l.key
	return m
}

// storeEvents stores events, and returns a function that returns what became of each. With several
// writers, a customer may be linked between the event and its mark, so the mark must follow the event.
func (t *tx) storeEvents(rows [][]any) (answer func() []landing) {
	landings := make([]landing, len(rows))
	queries := t.batch(InsertEvent, rows)
	if _, whole := t.dialect.Batch[InsertEvent]; whole && len(rows) > 0 {
		queries[0].Row = func(row sqlrun.Scanner) error {
			var n int64
			at, key := landing{stored: true}, ""
			err := row.Scan(&n, &key, &at.entitled)
			if err == nil && key != "" {
				at.key, err = lockstep.ParseKey(key)
			}
			if err == nil {
				landings[n-1] = at
			}
			return err
		}
		return func() []landing { return landings }
	}
	return func() []landing {
		for i, q := range queries {
			landings[i].stored = q.Changed > 0
		}
		return landings
	}
}

// arrival is a delivery and its place among those of its transaction.
type arrival struct {
	lockstep.Delivery
	index int
}

// arrivalsOf returns the deliveries without duplicates, ordered so that two writers do not deadlock.
func arrivalsOf(deliveries []lockstep.Delivery) []arrival {
	all := make([]arrival, len(deliveries))
	for i, d := range deliveries {
		d.Event.ID = sqlrun.Storable(d.Event.ID)
		if d.Event.ReceivedAt.IsZero() {
			d.Event.ReceivedAt = time.Now()
		}
		all[i] = arrival{d, i}
	}
	slices.SortStableFunc(all, func(a, b arrival) int {
		return cmp.Or(cmp.Compare(a.Event.Source, b.Event.Source), cmp.Compare(a.Event.ID, b.Event.ID))
	})
	return slices.CompactFunc(all, func(a, b arrival) bool {
		return a.Event.Source == b.Event.Source && a.Event.ID == b.Event.ID
	})
}

// eventRow returns the parameters of InsertEvent. The body of an ignored event stays as it is, because
// Forget searches it for ids.
func eventRow(d lockstep.Delivery) []any {
	e, key, customer, status := d.Event, "", "", lockstep.EventIgnored
	body := e.Body
	if d.Mark != nil {
		key, customer, status = d.Mark.Key.String(), customerOf(d.Mark.Key), lockstep.EventPending
		body = eventbody.Pack(body)
	}
	if body == nil {
		body = []byte{} // the column refuses null
	}
	return []any{string(e.Source), e.ID, e.Type, string(e.Origin), e.ObjectID, e.CustomerID, e.APIVersion,
		millis(e.OccurredAt), millis(e.ReceivedAt), key, string(status), e.Reason, body, customer}
}
