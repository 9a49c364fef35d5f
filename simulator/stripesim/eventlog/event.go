package eventlog

import (
	"encoding/json"
	"time"
)

// Event is an event with a snapshot of its object.
type Event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Version   string          `json:"api_version"` // the account's when it was emitted
	Created   time.Time       `json:"created"`
	About     string          `json:"about,omitempty"`      // the object's id
	AboutType string          `json:"about_type,omitempty"` // and its type
	Customer  string          `json:"customer,omitempty"`   // "" if the object has no customer
	Object    json.RawMessage `json:"object"`
	// Absent, not null, so that a saved and loaded event shows no
	// previous_attributes either.
	Previous       json.RawMessage `json:"previous,omitempty"`
	RequestID      string          `json:"request_id,omitempty"` // "" for what Stripe does on its own
	IdempotencyKey string          `json:"idempotency_key,omitempty"`
	Endpoints      int             `json:"endpoints"`    // number of deliveries
	Acknowledged   int             `json:"acknowledged"` // number of endpoints that acknowledged it
	Open           int             `json:"open"`         // attempts to come
}

// Key is the id.
func (e *Event) Key() string { return e.ID }
