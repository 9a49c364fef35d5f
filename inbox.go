package lockstep

import (
	"context"
	"time"
)

// Source is the sender of an event.
type Source string

// The sources of events.
const (
	Stripe Source = "stripe"
	Clerk  Source = "clerk"
)

// EventStatus is the processing state of an event.
type EventStatus string

// The states of an event. If an event stays pending, the [Work] row of its key says why.
const (
	EventPending EventStatus = "pending" // its key is dirty
	EventDone    EventStatus = "done"    // its key was synced after the event
	EventIgnored EventStatus = "ignored" // stored, but it causes no work; Reason says why
	EventParked  EventStatus = "parked"  // no known account; processed once a link appears
	EventFailed  EventStatus = "failed"  // the run of its key ended with a terminal error
	EventDropped EventStatus = "dropped" // an operator dropped its key before a run settled it; Reason says why
)

// Origin says how an event reached us.
type Origin string

// The origins.
const (
	Delivered Origin = "webhook" // a verified delivery; Body holds the signed bytes
	Scanned   Origin = "scan"    // the gap scan found that it was missing and fetched it from the API
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
	OccurredAt time.Time // by the sender's clock; never used for ordering
	ReceivedAt time.Time
	Body       []byte // the exact bytes received; empty once they have expired, see [Retention]

	Key    Key // the key it marked; zero if ignored
	Status EventStatus
	Reason string
}

// Delivery is an event with its mark.
type Delivery struct {
	Event Event
	Mark  *Mark // nil: store the event as ignored, with Event.Reason
}

// Receipt is the result of storing a delivery.
type Receipt struct {
	Stored bool // false: a duplicate, which changed nothing
	Marked bool // it marked a key
}

// EventFilter selects events, newest first.
type EventFilter struct {
	Source   Source      // empty: any
	Status   EventStatus // empty: any
	Key      Key         // zero: any
	Type     string      // empty: any
	Since    time.Time   // received at this time or later; zero: from the start
	Until    time.Time   // received before this time; zero: until now
	Limit    int         // the most events to return; 0 means 50
	Before   string      // a cursor from EventPage.Next; empty: start with the newest
	Bodiless bool        // omit Body
	// Bounded returns a page with fewer events than Limit, or none, when it has looked at some thousand events.
	// The page then has a Next. Otherwise the search goes on until the page is full.
	Bounded bool
}

// EventPage is a page of events.
type EventPage struct {
	Events []Event
	Next   string // the cursor of the next page; empty at the end
}

// Inbox stores events.
type Inbox interface {
	// Receive stores each new event and marks its key, up to 500 deliveries per transaction. It returns
	// once they are on disk. A mark on a linked customer goes to its account. After an error nothing
	// is stored, with two exceptions: the connection broke during the commit, or there were more
	// than 500 deliveries. Receive does not retain the deliveries' bodies.
	Receive(ctx context.Context, deliveries []Delivery) ([]Receipt, error)
	// Events returns the events that match a filter, newest first.
	Events(ctx context.Context, filter EventFilter) (EventPage, error)
	// EventTally counts the open events by status: those that are pending, parked or failed.
	EventTally(ctx context.Context) (map[EventStatus]int64, error)
}

// Overlapping is an optional interface of a [Store]: one whose transactions of deliveries gain
// from running side by side.
type Overlapping interface {
	// Overlap returns how many calls of Receive may run at once, at least 1. More of them only
	// wait for each other.
	Overlap() int
}

// OpenEvents is an optional interface of a [Store]: one that names the events that a run is for.
type OpenEvents interface {
	// OpenEvents returns up to limit of the events that the claim's run settles if it is done.
	OpenEvents(ctx context.Context, claim Claim, limit int) ([]EventName, error)
}

// Hint holds the ids that an adapter reads from a verified body. Lockstep uses nothing else of a
// payload.
type Hint struct {
	Event      Event   // Source, ID, Type, ObjectID, CustomerID, APIVersion, OccurredAt, Body
	Account    Account // Clerk: the account; zero for events about something else
	CheckoutID string  // Stripe: the checkout session; may be empty
	Mode       string  // the mode of that session
	PaymentID  string  // Stripe: the payment intent
	Ours       bool    // Stripe: the object carries metadata that names an account
	Thin       bool    // Stripe: the event has only the object's id
	Foreign    string  // why the event belongs elsewhere (other mode, connected account, instance); empty: it is ours
}
