package lockstep

import (
	"context"
	"time"
)

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

// Inbox keeps events.
type Inbox interface {
	// Receive stores each delivery's event if it is new and marks its key, up to 500
	// deliveries in one transaction, and returns when that is on disk. A mark on a customer that
	// is linked lands on the account it is linked to. An error means that nothing
	// was stored; except when the connection broke during the commit, or when there are more than 500
	// deliveries: then some may be stored.
	// The deliveries' bodies are not kept.
	Receive(ctx context.Context, deliveries []Delivery) ([]Receipt, error)
	// Events returns the events that match, newest first.
	Events(ctx context.Context, filter EventFilter) (EventPage, error)
	// EventTally counts the stored events by status.
	EventTally(ctx context.Context) (map[EventStatus]int64, error)
}

// Overlapping is an optional interface of a [Store]: one whose transactions of deliveries gain
// from running side by side.
type Overlapping interface {
	// Overlap returns how many calls of Receive may run at once, at least 1. More of them only
	// wait for each other.
	Overlap() int
}

// Hint is what an adapter reads from a verified body, leniently: the ids that
// the event names. Nothing else of a payload is ever used.
type Hint struct {
	Event      Event   // Source, ID, Type, ObjectID, CustomerID, APIVersion, OccurredAt, Body
	Account    Account // Clerk: whom it is about; zero for other things
	CheckoutID string  // Stripe: the checkout session, for events of one
	Mode       string  // of that session
	PaymentID  string  // Stripe: the payment intent
	Ours       bool    // Stripe: the object carries metadata that names an account
	Thin       bool    // Stripe: the event gives the object's id and nothing else of it
	Foreign    string  // why it is not for this installation (mode, connected account, instance); empty: it is
}
