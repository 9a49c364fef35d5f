package stripesim

import (
	"iter"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/ordered"
)

// eventLog keeps the events of thirty days. A customer with a paid subscription
// is about fifteen events, whose snapshots are ten times as large as everything
// else that is known of them; so only the newest events are kept whole and the
// others in packs.
type eventLog struct {
	records ordered.Table[record, *record]
	whole   []*record // those that are in no pack, oldest first
	packs   ordered.Table[pack, *pack]
	packer  packer
	read    readPack
}

// plainEvents is how many of the newest events are at least kept whole.
const plainEvents = 1000

// record is what must be known of an event to find, list and settle it.
type record struct {
	id, kind string
	created  int64  // Unix seconds
	event    *Event // nil once it is in a pack
	pack     *pack
	slot     uint8 // its place in the pack
	delivery settlement
}

// Key is the id.
func (r *record) Key() string { return r.id }

func (r *record) createdAt() time.Time { return time.Unix(r.created, 0).UTC() }

// settlement is how far an event's deliveries are.
type settlement struct {
	Endpoints    int16 `json:"e,omitempty"` // how many it is delivered to
	Acknowledged int16 `json:"a,omitempty"` // by how many of them
	Open         int16 `json:"o,omitempty"` // attempts still to come
}

// delivered says whether every endpoint has acknowledged.
func (s settlement) delivered() bool { return s.Acknowledged == s.Endpoints }

// add keeps an event. It must not be changed afterwards, except through its record.
func (l *eventLog) add(event *Event) {
	added := l.records.Add(&record{id: event.ID, kind: event.Type, created: event.Created.Unix(), event: event,
		delivery: settlement{Endpoints: int16(event.Endpoints), Acknowledged: int16(event.Acknowledged),
			Open: int16(event.Open)}})
	l.whole = append(l.whole, added)
	if len(l.whole) >= plainEvents+packSize {
		l.packs.Add(l.packer.pack(l.whole[:packSize]))
		clear(l.whole[:packSize])
		l.whole = l.whole[packSize:]
	}
}

// find returns an event as it is now, or nil.
func (l *eventLog) find(id string) *Event {
	if found := l.records.Get(id); found != nil {
		return l.event(found)
	}
	return nil
}

// event returns a copy of the whole event of a record.
func (l *eventLog) event(r *record) *Event {
	var whole Event
	if r.event != nil {
		whole = *r.event
	} else {
		whole = l.read.event(r)
	}
	whole.Endpoints, whole.Acknowledged, whole.Open = int(r.delivery.Endpoints), int(r.delivery.Acknowledged),
		int(r.delivery.Open)
	return &whole
}

// oldest yields the events in the order in which they were written.
func (l *eventLog) oldest() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		for found := range l.records.Oldest() {
			if !yield(l.event(found)) {
				return
			}
		}
	}
}

// forgetBefore drops what was written before a time, and packs with the last of
// their events.
func (l *eventLog) forgetBefore(limit time.Time) {
	l.records.RemoveOldestWhile(func(r *record) bool {
		if !r.createdAt().Before(limit) {
			return false
		}
		if r.pack != nil && r.pack.ID == r.id {
			l.packs.RemoveOldestWhile(func(p *pack) bool { return p == r.pack })
		}
		if len(l.whole) > 0 && l.whole[0] == r {
			l.whole = l.whole[1:]
		}
		return true
	})
}

// save returns what is saved of the log: the events that are in no pack, and
// the packs.
func (l *eventLog) save() (ordered.Table[Event, *Event], ordered.Table[pack, *pack]) {
	events := ordered.Table[Event, *Event]{}
	for _, r := range l.whole {
		events.Add(l.event(r))
	}
	for found := range l.packs.Oldest() {
		found.Deliveries = nil
	}
	for r := range l.records.Oldest() {
		if r.pack != nil {
			if len(r.pack.Deliveries) == 0 {
				r.pack.First = int(r.slot) // those before are older than thirty days
			}
			r.pack.Deliveries = append(r.pack.Deliveries, r.delivery)
		}
	}
	return events, l.packs
}

// load makes the log from what was saved of it.
func load(events *ordered.Table[Event, *Event], packs *ordered.Table[pack, *pack]) (eventLog, error) {
	log := eventLog{packs: *packs}
	for packed := range packs.Oldest() {
		records, err := packed.records()
		if err != nil {
			return eventLog{}, err
		}
		for _, r := range records {
			log.records.Add(r)
		}
		packed.Deliveries = nil
	}
	for event := range events.Oldest() {
		log.add(event)
	}
	return log, nil
}
