package stripesim

import (
	"mime"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// authenticate accepts the configured key as bearer token or as basic user.
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
		return api.Unauthorized("This is a simulator: it refuses live keys. Use the simulator's own test key, and roll the live key if it was not meant to leave its place.")
	case strings.HasPrefix(key, "rk_test_") && key != s.key:
		refused := api.Unauthorized("The provided key '%s' does not have the required permissions: the simulator has one key, which may do everything.", masked(key))
		refused.Status = http.StatusForbidden
		return refused
	case key != s.key || basic != "":
		return api.Unauthorized("Invalid API Key provided: %s", masked(key))
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

// secondAPI answers for what is under /v2: it is not here.
func (s *Stripe) secondAPI(request *wire.Request) *wire.Response {
	return s.gate.Spoil(request, s.answer(request, s.requestID(), nil,
		&api.Error{Status: http.StatusNotFound, Type: "invalid_request_error", Code: "not_found",
			Message: "The simulator does not have the v2 API (" + request.Method + " " + request.URL.Path + "); Stripe does."}))
}

// unrecognized is the answer to an operation that there is not, be it that its
// path has other methods.
func unrecognized(request *wire.Request) *api.Error {
	unknown := api.Malformed("", "", "Unrecognized request URL (%s: %s). The simulator does not have this operation; Stripe may.", request.Method, request.URL.Path)
	unknown.Status = http.StatusNotFound
	return unknown
}

// checkBody refuses what is no form. Without a content type it is taken for one.
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

// ErrorBody is what a fault answers when it was given a status and no body; code
// is what the fault says, or "".
func ErrorBody(status int, code string) []byte {
	failure := &api.Error{Status: status, Type: "api_error", Code: code,
		Message: "An error occurred (fault of the simulator)."}
	switch {
	case code == "lock_timeout":
		failure.Type, failure.Message = "invalid_request_error",
			"This object cannot be accessed right now because another API request or Stripe process is currently accessing it. (Fault of the simulator.)"
	case status == http.StatusTooManyRequests:
		failure.Type, failure.Code, failure.Message = "invalid_request_error", "rate_limit",
			"Request rate limit exceeded (fault of the simulator)."
	}
	return failure.Body("req_fault", nil)
}
