package state

import (
	"net/http"
	"time"
)

// Stored is the first answer to a request with an idempotency key.
type Stored struct {
	ID          string      `json:"key"`
	Fingerprint string      `json:"fingerprint"`
	At          time.Time   `json:"at"`
	Status      int         `json:"status"`
	Header      http.Header `json:"header"`
	Body        []byte      `json:"body"`
}

// Key is the id.
func (s *Stored) Key() string { return s.ID }
