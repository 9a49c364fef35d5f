package lockstep

import "time"

// Source says who sent an event.
type Source string

// The sources of events.
const (
	Stripe Source = "stripe"
	Clerk  Source = "clerk"
)

// EventStatus says what became of an event.
type EventStatus string

// What becomes of an event. It never silently stays pending: a key that cannot
// be brought in step shows why in its [Work] row.
const (
	EventPending EventStatus = "pending" // its key is marked
	EventDone    EventStatus = "done"    // its key has been in step since
	EventIgnored EventStatus = "ignored" // kept, but nothing follows from it; Reason says why
	EventParked  EventStatus = "parked"  // about nobody known; taken up when a link appears
	EventFailed  EventStatus = "failed"  // its key's run ended with a terminal error
)

// Origin says how an event came to us.
type Origin string

// How events come.
const (
	Delivered Origin = "webhook" // delivered and verified; Body is the signed bytes
	Scanned   Origin = "scan"    // found missing by the gap scan and fetched from the API
)

// Event is one verified delivery from a source, unique by (Source, ID).
type Event struct {
	Source     Source
	ID         string // evt_… at Stripe, the svix-id msg_… at Clerk
	Type       string
	Origin     Origin
	ObjectID   string // the object that the event is about; may be empty
	CustomerID string // the Stripe customer it names; may be empty
	APIVersion string
	OccurredAt time.Time // by the sender's clock; never used for order
	ReceivedAt time.Time
	Body       []byte // the exact bytes received; empty when they are no longer kept, see [Retention]

	Key    Key // what it marked; zero when ignored
	Status EventStatus
	Reason string
}

// Delivery is an event together with what it marks.
type Delivery struct {
	Event Event
	Mark  *Mark // nil: the event is kept as ignored, with Event.Reason
}

// Receipt says what became of a delivery.
type Receipt struct {
	Stored bool // false: a duplicate, nothing was done
	Key    Key  // what was marked; zero if nothing was
}

// EventFilter selects events, newest first.
type EventFilter struct {
	Source   Source      // empty: any
	Status   EventStatus // empty: any
	Key      Key         // zero: any
	Limit    int         // at most so many; 0 means 50
	Before   string      // a cursor from EventPage.Next; empty: from the newest
	Bodiless bool        // leave Body out
}

// EventPage is a page of events.
type EventPage struct {
	Events []Event
	Next   string // cursor of the next page; empty at the end
}
