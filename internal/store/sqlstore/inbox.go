package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

const (
	// SelectKnown finds an event that is stored.
	SelectKnown Statement = `select source, id from events where source = $1 and id = $2`

	// InsertEvent stores an event if it is new. An empty key is none. The generation is the one
	// that the mark has made or found.
	InsertEvent Statement = `
insert into events (source, id, type, origin, object_id, customer_id, api_version,
	occurred_at, received_at, key, generation, status, reason, body)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, ''), coalesce((select generation from work
	where key = $10), 0), $11, $12, $13)
on conflict (source, id) do nothing
returning source, id`
)

// eventID names an event.
type eventID struct{ source, id string }

func scanEventID(row scanner) (e eventID, err error) {
	err = row.Scan(&e.source, &e.id)
	return e, err
}

func idOf(e lockstep.Event) eventID { return eventID{string(e.Source), e.ID} }

// Receive implements [lockstep.Inbox]. Keys are marked before the events are stored:
// the mark locks the key's row, so that the generation that stands with an event is
// the one that its mark made, whoever else marks. If another has stored the event
// meanwhile, there was one mark too many, which is harmless.
func (s *Store) Receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	return s.ReceiveThen(ctx, deliveries, func() {})
}

// ReceiveThen implements [lockstep.Overlapping]. Of a database that has one writer, the
// next one does well to begin when this one has committed, and only the disk is waited for; of
// another, when its last statement is said.
func (s *Store) ReceiveThen(ctx context.Context, deliveries []lockstep.Delivery,
	next func()) (receipts []lockstep.Receipt, err error) {
	if len(deliveries) == 0 {
		return nil, nil
	}
	next = once(next)
	for some := range slices.Chunk(storable(deliveries), s.step(2)) {
		then := next
		if len(receipts)+len(some) < len(deliveries) {
			then = func() {}
		}
		stored, err := s.receiveSome(ctx, some, then)
		if err != nil {
			return nil, fmt.Errorf("receive %d events: %w", len(deliveries), err)
		}
		receipts = append(receipts, stored...)
	}
	return receipts, nil
}

func (s *Store) receiveSome(ctx context.Context, deliveries []lockstep.Delivery,
	next func()) (receipts []lockstep.Receipt, err error) {
	err = s.earlyThen(ctx, next, func(t *tx) (err error) {
		within := ctx
		if !t.pool.dialect.Remote { // a goroutine for each statement would only wait for ctx
			within = context.WithoutCancel(ctx)
		}
		receipts, err = t.receive(within, deliveries, next)
		return err
	})
	return receipts, err
}

// Overlap implements [lockstep.Overlapping].
func (s *Store) Overlap() int { return max(1, s.writer.dialect.Overlap) }

// once is do, which is done the first time only.
func once(do func()) func() {
	done := false
	return func() {
		if !done {
			done = true
			do()
		}
	}
}

func (t *tx) receive(ctx context.Context, deliveries []lockstep.Delivery, next func()) ([]lockstep.Receipt, error) {
	var answer func() (links, error)
	if t.pool.dialect.Later != nil { // sent together: whose the customers are costs no time beside which events are known
		answer = t.links(ctx, keysOf(deliveries))
	}
	fresh, err := t.unknown(ctx, deliveries)
	if err != nil {
		return nil, fmt.Errorf("look for events: %w", err)
	}
	var keys []lockstep.Key
	var marks []lockstep.Mark
	for _, i := range fresh {
		if m := deliveries[i].Mark; m != nil {
			keys, marks = append(keys, m.Key), append(marks, *m)
		}
	}
	if answer == nil {
		answer = t.links(ctx, keys)
	}
	linked, err := answer()
	if err != nil {
		return nil, err
	}
	keys = linked.land(keys)
	for i := range marks {
		marks[i].Key = keys[i]
	}
	if err := t.markRouted(ctx, marks...); err != nil {
		return nil, err
	}
	receipts := make([]lockstep.Receipt, len(deliveries))
	rows := make([][]any, len(fresh))
	at := make(map[eventID]int, len(fresh))
	for n, i := range fresh {
		e := deliveries[i].Event
		e.Key, e.Status = lockstep.Key{}, lockstep.EventIgnored
		if deliveries[i].Mark != nil {
			e.Key, e.Status, keys = keys[0], lockstep.EventPending, keys[1:]
		}
		receipts[i].Key = e.Key
		at[idOf(e)] = i
		rows[n] = t.eventRow(e)
	}
	slices.SortFunc(rows, func(a, b []any) int { // two writers never wait for each other
		return cmp.Or(cmp.Compare(a[0].(string), b[0].(string)), cmp.Compare(a[1].(string), b[1].(string)))
	})
	if t.pool.dialect.Remote {
		next()
	}
	stored, err := collectAll(t.last(ctx), t, scanEventID, InsertEvent, rows)
	if err != nil {
		return nil, fmt.Errorf("store events: %w", err)
	}
	for _, id := range stored {
		receipts[at[id]].Stored = true
	}
	for i := range receipts {
		if !receipts[i].Stored {
			receipts[i] = lockstep.Receipt{}
		}
	}
	return receipts, nil
}

// keysOf are the keys that deliveries mark.
func keysOf(deliveries []lockstep.Delivery) (keys []lockstep.Key) {
	for _, d := range deliveries {
		if d.Mark != nil {
			keys = append(keys, d.Mark.Key)
		}
	}
	return keys
}

// unknown returns which deliveries are not stored, each event once.
func (t *tx) unknown(ctx context.Context, deliveries []lockstep.Delivery) ([]int, error) {
	rows := make([][]any, len(deliveries))
	for i, d := range deliveries {
		rows[i] = []any{string(d.Event.Source), d.Event.ID}
	}
	found, err := collectAll(ctx, t, scanEventID, SelectKnown, rows)
	if err != nil {
		return nil, err
	}
	seen := make(map[eventID]bool, len(deliveries))
	for _, id := range found {
		seen[id] = true
	}
	var fresh []int
	for i, d := range deliveries {
		if id := idOf(d.Event); !seen[id] {
			seen[id] = true
			fresh = append(fresh, i)
		}
	}
	return fresh, nil
}

// eventRow is the parameters of InsertEvent.
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
		body = []byte{} // a null would be refused
	}
	return []any{string(e.Source), e.ID, e.Type, string(e.Origin), e.ObjectID, e.CustomerID, e.APIVersion,
		millis(e.OccurredAt), received, key, string(e.Status), e.Reason, body}
}
