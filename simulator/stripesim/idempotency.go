package stripesim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// keyLifetime is how long, by the billing clock, a key replays its answer.
// Stripe promises at least 24 hours, so the simulator gives clients no second
// more.
const keyLifetime = 24 * time.Hour

// once executes a request, or replays the answer if its key was used before.
func (s *Stripe) once(request *wire.Request, key string) *wire.Response {
	if len(key) > 255 {
		return s.answer(request, s.requestID(), nil, api.Malformed("", "", "Idempotency keys can have up to 255 characters."))
	}
	fingerprint := fingerprint(request)
	var replay *state.Stored
	var failure *api.Error
	s.account.World.View(func() {
		s.forgetKeys()
		replay = s.account.State.Keys.Get(key)
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
	// The key is in use until the answer is out: a second request during a hang is
	// a conflict.
	request.OnAnswered(func() { s.account.World.View(func() { delete(s.running, key) }) })
	response, executed := s.run(request)
	if !executed {
		return s.gate.Spoil(request, response)
	}
	// The stored answer is the one meant for the client, so a 500 after execution
	// is replayed as a 500.
	response = s.gate.Spoil(request, response)
	s.account.World.Change(func() {
		s.account.State.Keys.Add(&state.Stored{ID: key, Fingerprint: fingerprint, At: s.account.World.Now(),
			Status: response.Status, Header: response.Header.Clone(), Body: response.Body})
	})
	return response
}

func otherParameters(key string) *api.Error {
	return &api.Error{Status: http.StatusBadRequest, Type: "idempotency_error",
		Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '" + key + "' if you meant to execute a different request."}
}

func inUse(key string) *api.Error {
	return &api.Error{Status: http.StatusConflict, Type: "idempotency_error", Code: "idempotency_key_in_use",
		Message: "There is currently another in-progress request using this Idempotency-Key: " + key}
}

func (s *Stripe) replayed(first *state.Stored) *wire.Response {
	header := first.Header.Clone()
	header.Set("Idempotent-Replayed", "true")
	header.Set("Request-Id", s.requestID())
	return &wire.Response{Status: first.Status, Header: header, Body: first.Body}
}

// forgetKeys drops expired keys. The table is sorted by age.
func (s *Stripe) forgetKeys() {
	limit := s.account.World.Now().Add(-keyLifetime)
	s.account.State.Keys.RemoveOldestWhile(func(k *state.Stored) bool { return k.At.Before(limit) })
}

func fingerprint(request *wire.Request) string {
	hash := sha256.New()
	hash.Write([]byte(request.Method + " " + request.URL.RequestURI() + "\n"))
	hash.Write(request.Body)
	return hex.EncodeToString(hash.Sum(nil))
}
