package eventlog

import (
	"iter"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/ordered"
)

// Log keeps the events of thirty days. A customer with a paid subscription
// causes about fifteen events, and their snapshots take ten times the memory of
// everything else about the customer. So only the newest events stay whole, and
// older ones are compressed in packs.
type Log struct {
	Records ordered.Table[Record, *Record]
	Whole   []*Record // not in a pack, oldest first
	packs   ordered.Table[Pack, *Pack]
	packer  packer
	read    readPack
}

// plainEvents is how many of the newest events stay whole, at least.
const plainEvents = 1000

// Record is what finding, listing and settling an event requires.
type Record struct {
	ID, Kind string
	created  int64  // Unix seconds
	Event    *Event // nil once packed
	pack     *Pack
	slot     uint8 // index in the pack
	Delivery settlement
}

// Key is the id.
func (r *Record) Key() string { return r.ID }

// CreatedAt returns when the event was emitted.
func (r *Record) CreatedAt() time.Time { return time.Unix(r.created, 0).UTC() }

// settlement counts the deliveries of an event.
type settlement struct {
	Endpoints    int16 `json:"e,omitempty"` // number of deliveries
	Acknowledged int16 `json:"a,omitempty"` // number of endpoints that acknowledged
	Open         int16 `json:"o,omitempty"` // attempts to come
}

// Delivered reports whether every endpoint acknowledged.
func (s settlement) Delivered() bool { return s.Acknowledged == s.Endpoints }

// Add stores an event. Later changes must go through its record.
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

// Find returns an event with its current settlement, or nil.
func (l *Log) Find(id string) *Event {
	if found := l.Records.Get(id); found != nil {
		return l.Event(found)
	}
	return nil
}

// Event returns a copy of a record's event.
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

// Oldest iterates over the events in the order they were emitted.
func (l *Log) Oldest() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		for found := range l.Records.Oldest() {
			if !yield(l.Event(found)) {
				return
			}
		}
	}
}

// ForgetBefore drops events from before a time, and packs whose last event is
// dropped.
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

// Save returns what to save: the events outside of packs, and the packs.
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
				r.pack.First = int(r.slot) // earlier ones are older than thirty days
			}
			r.pack.Deliveries = append(r.pack.Deliveries, r.Delivery)
		}
	}
	return events, l.packs
}

// Load rebuilds a log from what was saved.
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
