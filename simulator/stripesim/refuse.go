package stripesim

import (
	"mime"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// authenticate accepts the configured key as a bearer token or as the basic
// auth user, and restricted keys for what they permit.
func (s *Stripe) authenticate(request *wire.Request) *api.Error {
	key, basic, _ := request.BasicAuth()
	if bearer, ok := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); ok {
		key, basic = bearer, ""
	}
	switch {
	case key == "":
		return api.Unauthorized("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	case strings.HasPrefix(key, "pk_"):
		refused := api.Unauthorized("This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.")
		refused.Code = "secret_key_required"
		return refused
	case LiveKey(key):
		return api.Unauthorized("This is a simulator, and it refuses live keys. Use the simulator's test key. If you did not mean to send your live key anywhere, roll it.")
	case s.restricted[key] != nil && basic == "":
		return s.permitted(request, key)
	case strings.HasPrefix(key, "rk_test_") && key != s.key:
		refused := api.Unauthorized("The provided key '%s' does not have the required permissions: the simulator does not know this key.", masked(key))
		refused.Status = http.StatusForbidden
		return refused
	case key != s.key || basic != "":
		return api.Unauthorized("Invalid API Key provided: %s", masked(key))
	}
	return nil
}

// LiveKey reports whether a key is a live mode key of Stripe.
func LiveKey(key string) bool {
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
}

func masked(key string) string {
	if len(key) <= 12 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}

// secondAPI answers 404 for paths under /v2, which are not simulated.
func (s *Stripe) secondAPI(request *wire.Request) *wire.Response {
	return s.gate.Spoil(request, s.answer(request, s.requestID(), nil,
		&api.Error{Status: http.StatusNotFound, Type: "invalid_request_error", Code: "not_found",
			Message: "The simulator does not support the v2 API (" + request.Method + " " + request.URL.Path + "); Stripe does."}))
}

// unrecognized returns the error for an unknown operation, even if the path has
// other methods.
func unrecognized(request *wire.Request) *api.Error {
	unknown := api.Malformed("", "", "Unrecognized request URL (%s: %s). The simulator does not support this operation; Stripe may.", request.Method, request.URL.Path)
	unknown.Status = http.StatusNotFound
	return unknown
}

// checkBody refuses a body that is not a form. A body without a content type
// counts as a form.
func checkBody(request *wire.Request) *api.Error {
	if len(request.Body) == 0 || request.Method == http.MethodGet {
		return nil
	}
	header := request.Header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(header); header == "" || err == nil &&
		kind == "application/x-www-form-urlencoded" {
		return nil
	}
	return api.Malformed("", "", "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.")
}

// ErrorBody returns the body of a scripted fault that has a status but no body.
// code may be empty.
func ErrorBody(status int, code string) []byte {
	failure := &api.Error{Status: status, Type: "api_error", Code: code,
		Message: "An error occurred (a scripted fault of the simulator)."}
	switch {
	case code == "lock_timeout":
		failure.Type, failure.Message = "invalid_request_error",
			"This object cannot be accessed right now because another API request or Stripe process is currently accessing it. (A scripted fault of the simulator.)"
	case status == http.StatusTooManyRequests:
		failure.Type, failure.Code, failure.Message = "invalid_request_error", "rate_limit",
			"Request rate limit exceeded (a scripted fault of the simulator)."
	}
	return failure.Body("req_fault", nil)
}
