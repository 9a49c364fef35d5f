package eventlog

import (
	"iter"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/ordered"
)

// Log keeps the events of thirty days. A customer with a paid subscription
// is about fifteen events, whose snapshots are ten times as large as everything
// else that is known of them; so only the newest events are kept whole and the
// others in packs.
type Log struct {
	Records ordered.Table[Record, *Record]
	Whole   []*Record // those that are in no pack, oldest first
	packs   ordered.Table[Pack, *Pack]
	packer  packer
	read    readPack
}

// plainEvents is how many of the newest events are at least kept whole.
const plainEvents = 1000

// Record is what must be known of an event to find, list and settle it.
type Record struct {
	ID, Kind string
	created  int64  // Unix seconds
	Event    *Event // nil once it is in a pack
	pack     *Pack
	slot     uint8 // its place in the pack
	Delivery settlement
}

// Key is the id.
func (r *Record) Key() string { return r.ID }

func (r *Record) CreatedAt() time.Time { return time.Unix(r.created, 0).UTC() }

// settlement is how far an event's deliveries are.
type settlement struct {
	Endpoints    int16 `json:"e,omitempty"` // how many it is delivered to
	Acknowledged int16 `json:"a,omitempty"` // by how many of them
	Open         int16 `json:"o,omitempty"` // attempts still to come
}

// Delivered says whether every endpoint has acknowledged.
func (s settlement) Delivered() bool { return s.Acknowledged == s.Endpoints }

// Add keeps an event. It must not be changed afterwards, except through its record.
func (l *Log) Add(event *Event) {
	added := l.Records.Add(&Record{ID: event.ID, Kind: event.Type, created: event.Created.Unix(), Event: event,
		Delivery: settlement{Endpoints: int16(event.Endpoints), Acknowledged: int16(event.Acknowledged),
			Open: int16(event.Open)}})
	l.Whole = append(l.Whole, added)
	if len(l.Whole) >= plainEvents+packSize {
		l.packs.Add(l.packer.pack(l.Whole[:packSize]))
		clear(l.Whole[:packSize])
		l.Whole = l.Whole[packSize:]
	}
}

// Find returns an event as it is now, or nil.
func (l *Log) Find(id string) *Event {
	if found := l.Records.Get(id); found != nil {
		return l.Event(found)
	}
	return nil
}

// Event returns a copy of the whole event of a record.
func (l *Log) Event(r *Record) *Event {
	var whole Event
	if r.Event != nil {
		whole = *r.Event
	} else {
		whole = l.read.event(r)
	}
	whole.Endpoints, whole.Acknowledged, whole.Open = int(r.Delivery.Endpoints), int(r.Delivery.Acknowledged),
		int(r.Delivery.Open)
	return &whole
}

// Oldest yields the events in the order in which they were written.
func (l *Log) Oldest() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		for found := range l.Records.Oldest() {
			if !yield(l.Event(found)) {
				return
			}
		}
	}
}

// ForgetBefore drops what was written before a time, and packs with the last of
// their events.
func (l *Log) ForgetBefore(limit time.Time) {
	l.Records.RemoveOldestWhile(func(r *Record) bool {
		if !r.CreatedAt().Before(limit) {
			return false
		}
		if r.pack != nil && r.pack.ID == r.ID {
			l.packs.RemoveOldestWhile(func(p *Pack) bool { return p == r.pack })
		}
		if len(l.Whole) > 0 && l.Whole[0] == r {
			l.Whole = l.Whole[1:]
		}
		return true
	})
}

// Save returns what is saved of the log: the events that are in no pack, and
// the packs.
func (l *Log) Save() (ordered.Table[Event, *Event], ordered.Table[Pack, *Pack]) {
	events := ordered.Table[Event, *Event]{}
	for _, r := range l.Whole {
		events.Add(l.Event(r))
	}
	for found := range l.packs.Oldest() {
		found.Deliveries = nil
	}
	for r := range l.Records.Oldest() {
		if r.pack != nil {
			if len(r.pack.Deliveries) == 0 {
				r.pack.First = int(r.slot) // those before are older than thirty days
			}
			r.pack.Deliveries = append(r.pack.Deliveries, r.Delivery)
		}
	}
	return events, l.packs
}

// Load makes the log from what was saved of it.
func Load(events *ordered.Table[Event, *Event], packs *ordered.Table[Pack, *Pack]) (Log, error) {
	log := Log{packs: *packs}
	for packed := range packs.Oldest() {
		records, err := packed.records()
		if err != nil {
			return Log{}, err
		}
		for _, r := range records {
			log.Records.Add(r)
		}
		packed.Deliveries = nil
	}
	for event := range events.Oldest() {
		log.Add(event)
	}
	return log, nil
}
