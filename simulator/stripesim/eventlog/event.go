package eventlog

import (
	"encoding/json"
	"time"
)

// Event is one event with the snapshot of its object.
type Event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Version   string          `json:"api_version"` // the account's when it was written
	Created   time.Time       `json:"created"`
	About     string          `json:"about,omitempty"`      // the object's id
	AboutType string          `json:"about_type,omitempty"` // and its type
	Customer  string          `json:"customer,omitempty"`   // "" when it is about no customer
	Object    json.RawMessage `json:"object"`
	// none is not null: an event that was saved and loaded shows no previous_attributes either
	Previous       json.RawMessage `json:"previous,omitempty"`
	RequestID      string          `json:"request_id,omitempty"` // "" for what Stripe does by itself
	IdempotencyKey string          `json:"idempotency_key,omitempty"`
	Endpoints      int             `json:"endpoints"`    // how many it is delivered to
	Acknowledged   int             `json:"acknowledged"` // by how many of them
	Open           int             `json:"open"`         // attempts still to come
}

// Key is the id.
func (e *Event) Key() string { return e.ID }
