package stripesim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/customers"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// ServeHTTP serves the API under /v1/ and the hosted pages. Every exchange
// passes the gate, which applies scripted faults and records the history.
func (s *Stripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1/"):
		s.gate.Serve(w, r, s.api)
	case strings.HasPrefix(r.URL.Path, "/v2/"):
		s.gate.Serve(w, r, s.secondAPI)
	default:
		s.hosted.ServeHTTP(w, r)
	}
}

// api answers one API request.
func (s *Stripe) api(request *wire.Request) *wire.Response {
	if failure := s.authenticate(request); failure != nil {
		return s.gate.Spoil(request, s.answer(request, s.requestID(), nil, failure))
	}
	if refused := s.limited(request); refused != nil {
		return s.gate.Spoil(request, refused)
	}
	key := request.Header.Get("Idempotency-Key")
	if key == "" || request.Method != http.MethodPost {
		response, _ := s.run(request)
		return s.gate.Spoil(request, response)
	}
	return s.once(request, key)
}

// run executes a request under the world's lock. executed is false if the
// request was refused before it ran.
func (s *Stripe) run(request *wire.Request) (response *wire.Response, executed bool) {
	version, failure := s.versions.VersionOf(request)
	if failure != nil {
		return s.answer(request, s.requestID(), nil, failure), false
	}
	locked := s.account.World.Change
	if request.Method == http.MethodGet {
		locked = s.account.World.View
	}
	locked(func() {
		requestID := s.account.World.NewID("req_", 14)
		s.account.Origin = account.Origin{RequestID: requestID, Key: request.Header.Get("Idempotency-Key")}
		defer func() { s.account.Origin = account.Origin{} }()
		shown, err := s.dispatch(request, requestID, version)
		response = s.answer(request, requestID, shown, err)
		var failure *api.Error
		executed = !errors.As(err, &failure) || !failure.Unstored
	})
	return response, executed
}

func (s *Stripe) dispatch(request *wire.Request, requestID, apiVersion string) (api.Object, error) {
	operation, values := api.FindRoute(s.routes, request.Method, request.URL.Path, apiVersion)
	if operation == nil {
		return nil, unrecognized(request)
	}
	if failure := checkBody(request); failure != nil {
		return nil, failure
	}
	root, failure := api.ParseForm(request.URL.RawQuery, formBody(request))
	if failure == nil {
		failure = version.Translate(operation, apiVersion, root)
	}
	if failure == nil {
		failure = operation.Unknown(root)
	}
	if failure != nil {
		return nil, failure
	}
	c := &api.Call{Params: api.NewParams(root), Request: request, RequestID: requestID, Version: apiVersion, Path: values}
	s.account.Clock = s.account.ClockOfCall(c)
	defer func() { s.account.Clock = nil }()
	if s.account.Clock != nil && s.account.Clock.Advancing() && request.Method != http.MethodGet {
		return nil, customers.ClockAdvancing()
	}
	shown, err := operation.Handle(c)
	if err != nil {
		return nil, err
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	shown = s.versions.InVersion(apiVersion, shown)
	return shown, s.expand(apiVersion, shown, c.Texts("expand"))
}

// formBody returns the form in the body. A DELETE may have a body and a query.
func formBody(request *wire.Request) string {
	if request.Method == http.MethodGet {
		return ""
	}
	return string(request.Body)
}

// requestID returns an id for an answer that does not touch the state.
func (s *Stripe) requestID() string {
	var id string
	s.account.World.View(func() { id = s.account.World.NewID("req_", 14) })
	return id
}

func (s *Stripe) answer(request *wire.Request, requestID string, shown api.Object, err error) *wire.Response {
	response := &wire.Response{Status: http.StatusOK, Header: http.Header{}}
	response.Header.Set("Content-Type", "application/json")
	response.Header.Set("Request-Id", requestID)
	if version, failure := s.versions.VersionOf(request); failure == nil {
		response.Header.Set("Stripe-Version", version)
	}
	if key := request.Header.Get("Idempotency-Key"); key != "" && request.Method == http.MethodPost {
		response.Header.Set("Idempotency-Key", key)
		response.Header.Set("Original-Request", requestID)
	}
	if err != nil {
		var failure *api.Error
		if !errors.As(err, &failure) {
			failure = &api.Error{Status: http.StatusInternalServerError, Type: "api_error",
				Message: "The simulator failed: " + err.Error()}
		}
		response.Status = failure.Status
		if again := failure.ShouldRetry(); again != "" {
			response.Header.Set("Stripe-Should-Retry", again)
		}
		response.Body = failure.Body(requestID, s.about(failure))
		return response
	}
	encoded, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("stripesim: an answer does not marshal: %v", err))
	}
	response.Body = encoded
	return response
}
