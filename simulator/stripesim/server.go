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
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		s.pages.ServeHTTP(w, r)
		return
	}
	s.gate.Serve(w, r, s.api)
}

// api answers one API request.
func (s *Stripe) api(request *wire.Request) *wire.Response {
	if failure := s.authenticate(request); failure != nil {
		return s.gate.Spoil(request, s.answer(request, s.requestID(), nil, failure))
	}
	key := request.Header.Get("Idempotency-Key")
	if key == "" || request.Method != http.MethodPost {
		response, _ := s.run(request)
		return s.gate.Spoil(request, response)
	}
	return s.once(request, key)
}

// authenticate accepts the configured key as bearer token or as basic user.
func (s *Stripe) authenticate(request *wire.Request) *Error {
	key, basic, _ := request.BasicAuth()
	if bearer, ok := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); ok {
		key, basic = bearer, ""
	}
	switch {
	case key == "":
		return unauthorized("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	case LiveKey(key):
		return unauthorized("This is a simulator: it refuses live keys. Use the simulator's own test key, and roll the live key if it was not meant to leave its place.")
	case key != s.config.Key || basic != "":
		return unauthorized("Invalid API Key provided: %s", masked(key))
	}
	return nil
}

// LiveKey says whether a key is one of Stripe's live mode keys.
func LiveKey(key string) bool {
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
}

func masked(key string) string {
	if len(key) <= 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
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
	segments := strings.Split(request.URL.Path, "/")
	for _, operation := range routes {
		values, matched := operation.match(request.Method, segments)
		if !matched || version < operation.version {
			continue
		}
		root, failure := parseForm(request.URL.RawQuery, formBody(request))
		if failure == nil {
			failure = operation.translate(version, root)
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
		shown, err := operation.handle(s, c)
		if err != nil {
			return nil, err
		}
		if failure := c.failed(); failure != nil {
			return nil, failure
		}
		shown = s.inVersion(version, shown)
		return shown, s.expand(version, shown, c.texts("expand"))
	}
	unknown := invalid("", "Unrecognized request URL (%s: %s). The simulator does not have this operation; Stripe may.", request.Method, request.URL.Path)
	unknown.Status, unknown.unstored = http.StatusNotFound, true
	return nil, unknown
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
			failure = &Error{Status: http.StatusInternalServerError, Type: "api_error", Message: "The simulator failed: " + err.Error()}
		}
		response.Status = failure.Status
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

// ErrorBody is what a fault answers when it was given a status and no body.
func ErrorBody(status int) []byte {
	failure := &Error{Status: status, Type: "api_error", Message: "An error occurred (fault of the simulator)."}
	if status == http.StatusTooManyRequests {
		failure = &Error{Status: status, Type: "invalid_request_error", Code: "rate_limit", Message: "Request rate limit exceeded (fault of the simulator)."}
	}
	return failure.body("req_fault", nil)
}

// link returns an absolute URL of this provider's public address.
func (s *Stripe) link(path string) string {
	joined, err := url.JoinPath(s.config.URL, path)
	if err != nil {
		return s.config.URL + path
	}
	return joined
}
