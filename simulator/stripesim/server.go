package stripesim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// ServeHTTP answers the API under /v1/ and the hosted pages. Every exchange
// passes the gate, so it meets the scripted faults and enters the history.
func (s *Stripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1/"):
		s.gate.Serve(w, r, s.api)
	case strings.HasPrefix(r.URL.Path, "/v2/"):
		s.gate.Serve(w, r, s.secondAPI)
	default:
		s.pages.ServeHTTP(w, r)
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

// run executes a request under the world's lock. executed is false when it was
// refused before execution began.
func (s *Stripe) run(request *wire.Request) (response *wire.Response, executed bool) {
	version, failure := s.versionOf(request)
	if failure != nil {
		return s.answer(request, s.requestID(), nil, failure), false
	}
	locked := s.world.Change
	if request.Method == http.MethodGet {
		locked = s.world.View
	}
	locked(func() {
		requestID := s.world.NewID("req_", 14)
		s.origin = origin{requestID: requestID, key: request.Header.Get("Idempotency-Key")}
		defer func() { s.origin = origin{} }()
		shown, err := s.dispatch(request, requestID, version)
		response = s.answer(request, requestID, shown, err)
		var failure *Error
		executed = !errors.As(err, &failure) || !failure.unstored
	})
	return response, executed
}

func (s *Stripe) dispatch(request *wire.Request, requestID, version string) (object, error) {
	operation, values := findRoute(s.routes, request.Method, request.URL.Path, version)
	if operation == nil {
		return nil, unrecognized(request)
	}
	if failure := checkBody(request); failure != nil {
		return nil, failure
	}
	root, failure := parseForm(request.URL.RawQuery, formBody(request))
	if failure == nil {
		failure = translate(operation, version, root)
	}
	if failure == nil {
		failure = operation.unknown(root)
	}
	if failure != nil {
		return nil, failure
	}
	c := &call{params: newParams(root), request: request, requestID: requestID, version: version, path: values}
	s.clock = s.clockOfCall(c)
	defer func() { s.clock = nil }()
	if s.clock != nil && s.clock.advancing() && request.Method != http.MethodGet {
		return nil, underway()
	}
	shown, err := operation.handle(c)
	if err != nil {
		return nil, err
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	shown = s.inVersion(version, shown)
	return shown, s.expand(version, shown, c.texts("expand"))
}

// formBody returns the body's form. DELETE may carry one as well as a query.
func formBody(request *wire.Request) string {
	if request.Method == http.MethodGet {
		return ""
	}
	return string(request.Body)
}

// requestID makes one for an answer that never reaches the world's state.
func (s *Stripe) requestID() string {
	var id string
	s.world.View(func() { id = s.world.NewID("req_", 14) })
	return id
}

func (s *Stripe) answer(request *wire.Request, requestID string, shown object, err error) *wire.Response {
	response := &wire.Response{Status: http.StatusOK, Header: http.Header{}}
	response.Header.Set("Content-Type", "application/json")
	response.Header.Set("Request-Id", requestID)
	if version, failure := s.versionOf(request); failure == nil {
		response.Header.Set("Stripe-Version", version)
	}
	if key := request.Header.Get("Idempotency-Key"); key != "" && request.Method == http.MethodPost {
		response.Header.Set("Idempotency-Key", key)
		response.Header.Set("Original-Request", requestID)
	}
	if err != nil {
		var failure *Error
		if !errors.As(err, &failure) {
			failure = &Error{Status: http.StatusInternalServerError, Type: "api_error", Message: "The simulator failed: " +
				err.Error()}
		}
		response.Status = failure.Status
		if again := failure.shouldRetry(); again != "" {
			response.Header.Set("Stripe-Should-Retry", again)
		}
		response.Body = failure.body(requestID, s.about(failure))
		return response
	}
	encoded, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("stripesim: an answer does not marshal: %v", err))
	}
	response.Body = encoded
	return response
}

// link returns an absolute URL of this provider's public address.
func (s *Stripe) link(path string) string {
	joined, err := url.JoinPath(s.url, path)
	if err != nil {
		return s.url + path
	}
	return joined
}
