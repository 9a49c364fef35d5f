package clerksim

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// ServeHTTP answers the Backend API under /v1/, the public key set, and the
// hosted pages. API exchanges pass the gate.
func (c *Clerk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == publicKeysPath {
		c.gate.Serve(w, r, c.api)
		return
	}
	c.pages.ServeHTTP(w, r)
}

// publicKeysPath is where a Frontend API publishes the keys, for everybody.
const publicKeysPath = "/.well-known/jwks.json"

func (c *Clerk) api(request *wire.Request) *wire.Response {
	locked := c.world.Change
	if request.Method == http.MethodGet {
		locked = c.world.View
	}
	var response *wire.Response
	locked(func() {
		key, _ := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		defer c.enter(key)()
		trace := hex.EncodeToString([]byte(c.world.NewID("", 16)))
		c.agent = request.UserAgent()
		shown, failure := c.dispatch(request)
		c.agent = ""
		response = answer(shown, failure, trace)
	})
	return response
}

func (c *Clerk) dispatch(request *wire.Request) (any, *Error) {
	if request.Method == http.MethodGet && request.URL.Path == publicKeysPath {
		return c.state.Key.jwks(), nil
	}
	if failure := c.authenticate(request); failure != nil {
		return nil, failure
	}
	operation, values := find(request)
	if operation == nil {
		return nil, unknownRoute(request)
	}
	if failure := c.admit(operation, values); failure != nil {
		return nil, failure
	}
	call := &call{request: request, query: request.URL.Query(), path: values, body: map[string]any{}}
	var failure *Error
	if call.version, failure = version(request, call.query); failure != nil {
		return nil, failure
	}
	if failure := call.decode(); failure != nil {
		return nil, failure
	}
	if failure := call.check(operation); failure != nil {
		return nil, failure
	}
	return operation.handle(c, call)
}

func (c *Clerk) authenticate(request *wire.Request) *Error {
	header := request.Header.Get("Authorization")
	key, bearer := strings.CutPrefix(header, "Bearer ")
	unauthorized := func(code, message, long string) *Error {
		return &Error{Status: http.StatusUnauthorized, Code: code, Message: message, Long: long}
	}
	const invalid = "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct."
	switch {
	case header == "":
		return unauthorized("authentication_invalid", "Invalid authentication",
			"Unable to authenticate the request, you need to supply an active session")
	case !bearer:
		return unauthorized("authorization_header_format_invalid", "Invalid Authorization header format",
			"Invalid Authorization header format. Must be 'Bearer <YOUR_API_KEY>'")
	case LiveKey(key):
		return unauthorized("clerk_key_invalid", invalid,
			"This is a simulator: it refuses live keys. Use the simulator's own test key, and roll the live key if it was not meant to leave its place.")
	case key != c.secret():
		return unauthorized("clerk_key_invalid", invalid, "")
	}
	return nil
}

// LiveKey says whether a key is one of a production instance.
func LiveKey(key string) bool { return strings.HasPrefix(key, "sk_live_") }

// nothing is what an operation shows that answers 204.
type nothing struct{}

func answer(shown any, failure *Error, trace string) *wire.Response {
	response := &wire.Response{Status: http.StatusOK, Header: http.Header{}}
	response.Header.Set("Content-Type", "application/json")
	response.Header.Set("Clerk-Trace-Id", trace)
	if failure != nil {
		response.Status = failure.Status
		response.Body = failure.body(trace)
		if failure.RetryAfter > 0 {
			response.Header.Set("Retry-After", strconv.Itoa(failure.RetryAfter))
		}
		return response
	}
	if _, empty := shown.(nothing); empty {
		response.Status = http.StatusNoContent
		return response
	}
	response.Body = encode(shown)
	return response
}

// cut returns the part of a list that limit and offset choose.
func cut[T any](items []T, limit, offset int) []T {
	from := min(offset, len(items))
	return items[from:min(from+limit, len(items))]
}

// listed is a list in the shape that carries its total.
func listed[T any](items []T, limit, offset int, show func(T) object) object {
	return object{"data": each(cut(items, limit, offset), show), "total_count": len(items)}
}

func each[T any](items []T, show func(T) object) []any {
	shown := make([]any, 0, len(items))
	for _, item := range items {
		shown = append(shown, show(item))
	}
	return shown
}
