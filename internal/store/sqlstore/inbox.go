package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

const (
	// SelectKnown finds a stored event.
	SelectKnown Statement = `select source, id from events where source = $1 and id = $2`

	// InsertEvent stores an event if it is new. An empty key means no key. The generation is
	// the one that the mark has made or found.
	InsertEvent Statement = `
insert into events (source, id, type, origin, object_id, customer_id, api_version,
	occurred_at, received_at, key, generation, status, reason, body)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, ''), coalesce((select generation from work
	where key = $10), 0), $11, $12, $13)
on conflict (source, id) do nothing
returning source, id`
)

// eventID identifies an event.
type eventID struct{ source, id string }

func scanEventID(row Scanner) (e eventID, err error) {
	err = row.Scan(&e.source, &e.id)
	return e, err
}

func idOf(e lockstep.Event) eventID { return eventID{string(e.Source), e.ID} }

// Receive implements [lockstep.Inbox].
func (s *Store) Receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	var receipts []lockstep.Receipt
	for some := range slices.Chunk(storable(deliveries), s.step(2)) {
		var stored []lockstep.Receipt
		err := s.writeEarly(ctx, func(t *tx) (err error) {
			stored, err = t.receive(ctx, some)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("receive %d events: %w", len(deliveries), err)
		}
		receipts = append(receipts, stored...)
	}
	return receipts, nil
}

// arrival is a delivery whose event is not stored yet.
type arrival struct {
	lockstep.Delivery
	index int // among the deliveries of its transaction
}

// receive stores deliveries. It marks keys before it stores events: the mark locks the key's row,
// so the generation stored with an event is the one that its mark made, whoever else marks. If
// another writer has stored the event meanwhile, its key is marked once more than needed, which is
// harmless.
func (t *tx) receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	isKnown, areLinked := t.askKnown(ctx, deliveries), t.links(ctx, keysOf(deliveries))
	known, err := isKnown()
	if err != nil {
		return nil, fmt.Errorf("look for events: %w", err)
	}
	linked, err := areLinked()
	if err != nil {
		return nil, err
	}
	arrivals := arrivalsOf(deliveries, known)
	t.markArrivals(arrivals, linked)
	stored, err := t.storeEvents(ctx, arrivals)
	if err != nil {
		return nil, fmt.Errorf("store events: %w", err)
	}
	receipts := make([]lockstep.Receipt, len(deliveries))
	for _, a := range arrivals {
		if stored[idOf(a.Event)] {
			receipts[a.index] = lockstep.Receipt{Stored: true, Key: a.Event.Key}
		}
	}
	return receipts, nil
}

// askKnown asks which events are stored.
func (t *tx) askKnown(ctx context.Context, deliveries []lockstep.Delivery) func() ([]eventID, error) {
	rows := make([][]any, len(deliveries))
	for i, d := range deliveries {
		rows[i] = []any{string(d.Event.Source), d.Event.ID}
	}
	return askEach(ctx, t, scanEventID, SelectKnown, rows)
}

// arrivalsOf returns the deliveries whose events are not known, each event once.
func arrivalsOf(deliveries []lockstep.Delivery, known []eventID) []arrival {
	seen := make(map[eventID]bool, len(deliveries))
	for _, id := range known {
		seen[id] = true
	}
	arrivals := make([]arrival, 0, len(deliveries))
	for i, d := range deliveries {
		if id := idOf(d.Event); !seen[id] {
			seen[id] = true
			arrivals = append(arrivals, arrival{d, i})
		}
	}
	return arrivals
}

// markArrivals marks the keys of arrivals, or the accounts on which they land, and sets each
// event's key and status.
func (t *tx) markArrivals(arrivals []arrival, linked links) {
	var marks []lockstep.Mark
	for i := range arrivals {
		a := &arrivals[i]
		a.Event.Key, a.Event.Status = lockstep.Key{}, lockstep.EventIgnored
		if a.Mark != nil {
			mark := linked.route(*a.Mark)
			marks = append(marks, mark)
			a.Event.Key, a.Event.Status = mark.Key, lockstep.EventPending
		}
	}
	t.markRouted(marks...)
}

// storeEvents stores the events of arrivals and commits. It returns which ones are stored.
func (t *tx) storeEvents(ctx context.Context, arrivals []arrival) (map[eventID]bool, error) {
	rows := make([][]any, len(arrivals))
	for i, a := range arrivals {
		rows[i] = t.eventRow(a.Event)
	}
	slices.SortFunc(rows, func(a, b []any) int { // so that two writers never deadlock
		return cmp.Or(cmp.Compare(a[0].(string), b[0].(string)), cmp.Compare(a[1].(string), b[1].(string)))
	})
	inserted := askEach(ctx, t, scanEventID, InsertEvent, rows)
	if err := t.commit(ctx); err != nil {
		return nil, err
	}
	ids, err := inserted()
	stored := make(map[eventID]bool, len(ids))
	for _, id := range ids {
		stored[id] = true
	}
	return stored, err
}

// keysOf returns the keys that deliveries mark.
func keysOf(deliveries []lockstep.Delivery) (keys []lockstep.Key) {
	for _, d := range deliveries {
		if d.Mark != nil {
			keys = append(keys, d.Mark.Key)
		}
	}
	return keys
}

// eventRow returns the parameters of InsertEvent.
func (t *tx) eventRow(e lockstep.Event) []any {
	key := ""
	if !e.Key.IsZero() {
		key = e.Key.String()
	}
	received := millis(e.ReceivedAt)
	if received == 0 {
		received = t.now()
	}
	body := e.Body
	if body == nil {
		body = []byte{} // the column refuses null
	}
	return []any{string(e.Source), e.ID, e.Type, string(e.Origin), e.ObjectID, e.CustomerID, e.APIVersion,
		millis(e.OccurredAt), received, key, string(e.Status), e.Reason, body}
}

// storable returns deliveries whose ids are as the database will return them.
func storable(deliveries []lockstep.Delivery) []lockstep.Delivery {
	deliveries = slices.Clone(deliveries)
	for i := range deliveries {
		d := &deliveries[i]
		d.Event.ID = Storable(d.Event.ID)
		if d.Mark != nil {
			mark := *d.Mark
			mark.Key.ID = Storable(mark.Key.ID)
			d.Mark = &mark
		}
	}
	return deliveries
}
