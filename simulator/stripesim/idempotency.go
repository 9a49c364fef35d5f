package stripesim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// keyLifetime is after what time of the billing clock a key is forgotten and
// executes again. Stripe promises to keep keys for at least 24 hours, so a
// client must not count on one second more.
const keyLifetime = 24 * time.Hour

// stored is the first answer to an idempotency key.
type stored struct {
	ID          string      `json:"key"`
	Fingerprint string      `json:"fingerprint"`
	At          time.Time   `json:"at"`
	Status      int         `json:"status"`
	Header      http.Header `json:"header"`
	Body        []byte      `json:"body"`
}

// Key is the id.
func (s *stored) Key() string { return s.ID }

// once executes a request unless its key was used before.
func (s *Stripe) once(request *wire.Request, key string) *wire.Response {
	if len(key) > 255 {
		return s.answer(request, s.requestID(), nil, malformed("", "", "Idempotency keys can have up to 255 characters."))
	}
	fingerprint := fingerprint(request)
	var replay *stored
	var failure *Error
	s.world.View(func() {
		s.forgetKeys()
		replay = s.state.Keys.Get(key)
		switch {
		case s.running[key]:
			failure = inUse(key)
		case replay != nil && replay.Fingerprint != fingerprint:
			failure = otherParameters(key)
		case replay == nil:
			s.running[key] = true
		}
	})
	if failure != nil {
		return s.gate.Spoil(request, s.answer(request, s.requestID(), nil, failure))
	}
	if replay != nil {
		return s.gate.Spoil(request, s.replayed(replay))
	}
	// In progress until the answer is out: a second request during a hang is a conflict.
	request.OnAnswered(func() { s.world.View(func() { delete(s.running, key) }) })
	response, executed := s.run(request)
	if !executed {
		return s.gate.Spoil(request, response)
	}
	// What is kept is what the client was meant to get: a 500 after execution
	// is replayed as a 500.
	response = s.gate.Spoil(request, response)
	s.world.Change(func() {
		s.state.Keys.Add(&stored{ID: key, Fingerprint: fingerprint, At: s.world.Now(),
			Status: response.Status, Header: response.Header.Clone(), Body: response.Body})
	})
	return response
}

func otherParameters(key string) *Error {
	return &Error{Status: http.StatusBadRequest, Type: "idempotency_error",
		Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '" + key + "' if you meant to execute a different request."}
}

func inUse(key string) *Error {
	return &Error{Status: http.StatusConflict, Type: "idempotency_error", Code: "idempotency_key_in_use",
		Message: "There is currently another in-progress request using this Idempotency-Key: " + key}
}

func (s *Stripe) replayed(first *stored) *wire.Response {
	header := first.Header.Clone()
	header.Set("Idempotent-Replayed", "true")
	header.Set("Request-Id", s.requestID())
	return &wire.Response{Status: first.Status, Header: header, Body: first.Body}
}

// forgetKeys drops the keys whose time is over; the oldest stand first.
func (s *Stripe) forgetKeys() {
	limit := s.world.Now().Add(-keyLifetime)
	s.state.Keys.RemoveOldestWhile(func(k *stored) bool { return k.At.Before(limit) })
}

func fingerprint(request *wire.Request) string {
	hash := sha256.New()
	hash.Write([]byte(request.Method + " " + request.URL.RequestURI() + "\n"))
	hash.Write(request.Body)
	return hex.EncodeToString(hash.Sum(nil))
}
