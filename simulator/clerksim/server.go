package clerksim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// call is one request being executed.
type call struct {
	request *wire.Request
	query   url.Values
	body    map[string]any
	path    []string // values of the {} segments
}

// route is one operation of the Backend API.
type route struct {
	method  string
	pattern []string
	handle  func(*Clerk, *call) (any, *Error)
}

func op(method, pattern string, handle func(*Clerk, *call) (any, *Error)) route {
	return route{method: method, pattern: strings.Split(pattern, "/"), handle: handle}
}

func (r route) match(method string, segments []string) ([]string, bool) {
	if r.method != method || len(r.pattern) != len(segments) {
		return nil, false
	}
	var values []string
	for i, part := range r.pattern {
		if part == "{}" && segments[i] != "" {
			values = append(values, segments[i])
		} else if part != segments[i] {
			return nil, false
		}
	}
	return values, true
}

var routes = []route{
	op(http.MethodGet, "/v1/users", (*Clerk).listUsers),
	op(http.MethodPost, "/v1/users", (*Clerk).createUser),
	op(http.MethodGet, "/v1/users/count", (*Clerk).countUsers),
	op(http.MethodGet, "/v1/users/{}", (*Clerk).retrieveUser),
	op(http.MethodPatch, "/v1/users/{}", (*Clerk).updateUser),
	op(http.MethodDelete, "/v1/users/{}", (*Clerk).removeUser),
	op(http.MethodPatch, "/v1/users/{}/metadata", (*Clerk).mergeUserMetadata),
	op(http.MethodPut, "/v1/users/{}/metadata", (*Clerk).replaceUserMetadata),
	op(http.MethodGet, "/v1/users/{}/organization_memberships", (*Clerk).listUserMemberships),
	op(http.MethodGet, "/v1/organizations", (*Clerk).listOrganizations),
	op(http.MethodPost, "/v1/organizations", (*Clerk).createOrganization),
	op(http.MethodGet, "/v1/organizations/{}", (*Clerk).retrieveOrganization),
	op(http.MethodPatch, "/v1/organizations/{}", (*Clerk).updateOrganization),
	op(http.MethodDelete, "/v1/organizations/{}", (*Clerk).removeOrganization),
	op(http.MethodPatch, "/v1/organizations/{}/metadata", (*Clerk).mergeOrganizationMetadata),
	op(http.MethodPut, "/v1/organizations/{}/metadata", (*Clerk).replaceOrganizationMetadata),
	op(http.MethodGet, "/v1/organizations/{}/memberships", (*Clerk).listMemberships),
	op(http.MethodPost, "/v1/organizations/{}/memberships", (*Clerk).createMembership),
	op(http.MethodDelete, "/v1/organizations/{}/memberships/{}", (*Clerk).removeMembership),
	op(http.MethodGet, "/v1/sessions", (*Clerk).listSessions),
	op(http.MethodPost, "/v1/sessions", (*Clerk).createSession),
	op(http.MethodGet, "/v1/sessions/{}", (*Clerk).retrieveSession),
	op(http.MethodPost, "/v1/sessions/{}/revoke", (*Clerk).revokeSession),
	op(http.MethodPost, "/v1/sessions/{}/tokens", (*Clerk).createToken),
	op(http.MethodGet, "/v1/jwks", (*Clerk).retrieveJWKS),
}

// Operations lists what the simulator has of the Backend API, as "GET /v1/users"
// with {} for what varies.
func Operations() []string {
	operations := make([]string, len(routes))
	for i, r := range routes {
		operations[i] = r.method + " " + strings.Join(r.pattern, "/")
	}
	return operations
}

// ServeHTTP answers the Backend API under /v1/, the public key set, and the
// hosted pages. API exchanges pass the gate.
func (c *Clerk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == "/.well-known/jwks.json" {
		c.gate.Serve(w, r, c.api)
		return
	}
	c.pages.ServeHTTP(w, r)
}

func (c *Clerk) api(request *wire.Request) *wire.Response {
	locked := c.world.Change
	if request.Method == http.MethodGet {
		locked = c.world.View
	}
	var response *wire.Response
	locked(func() {
		trace := c.world.NewID("", 32)
		shown, failure := c.dispatch(request)
		response = answer(shown, failure, trace)
	})
	return response
}

func (c *Clerk) dispatch(request *wire.Request) (any, *Error) {
	if request.Method == http.MethodGet && request.URL.Path == "/.well-known/jwks.json" {
		return c.state.Key.jwks(), nil // public, unlike the Backend API's
	}
	if failure := c.authenticate(request); failure != nil {
		return nil, failure
	}
	segments := strings.Split(request.URL.Path, "/")
	for _, operation := range routes {
		values, matched := operation.match(request.Method, segments)
		if !matched {
			continue
		}
		call := &call{request: request, query: request.URL.Query(), path: values}
		if failure := call.decode(); failure != nil {
			return nil, failure
		}
		return operation.handle(c, call)
	}
	return nil, &Error{Status: http.StatusNotFound, Code: "resource_not_found", Message: "not found",
		Long: "The simulator does not have " + request.Method + " " + request.URL.Path + "; Clerk may."}
}

func (c *Clerk) authenticate(request *wire.Request) *Error {
	key, bearer := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	if bearer && key == c.config.Key && !LiveKey(key) {
		return nil
	}
	failure := &Error{Status: http.StatusUnauthorized, Code: "authentication_invalid", Message: "Invalid authentication",
		Long: "Unable to authenticate the request, you need to supply an active session or a valid secret key"}
	if LiveKey(key) {
		failure.Long = "This is a simulator: it refuses live keys. Use the simulator's own test key, and roll the live key if it was not meant to leave its place."
	}
	return failure
}

// LiveKey says whether a key is one of a production instance.
func LiveKey(key string) bool { return strings.HasPrefix(key, "sk_live_") }

// decode reads the JSON body; unknown names are refused by each operation. No
// body and null, which Clerk's Go SDK sends with DELETE, are an empty object.
func (c *call) decode() *Error {
	if len(c.request.Body) > 0 {
		if err := json.Unmarshal(c.request.Body, &c.body); err != nil {
			return badRequest("request_body_invalid", "Request body invalid: the request body is not a JSON object")
		}
	}
	if c.body == nil {
		c.body = map[string]any{}
	}
	return nil
}

// accept refuses body parameters the operation does not know.
func (c *call) accept(names ...string) *Error {
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.body)) {
		if !known[name] {
			return unprocessable("form_param_unknown", "%s is not a valid parameter for this request.", name)
		}
	}
	return nil
}

func (c *call) text(name string) string {
	text, _ := c.body[name].(string)
	return text
}

// texts reads a string or a list of them.
func (c *call) texts(name string) []string {
	switch value := c.body[name].(type) {
	case string:
		return []string{value}
	case []any:
		var texts []string
		for _, element := range value {
			if text, ok := element.(string); ok {
				texts = append(texts, text)
			}
		}
		return texts
	}
	return nil
}

// metadata reads an object; nil when it was not sent.
func (c *call) metadata(name string) (map[string]any, *Error) {
	value, sent := c.body[name]
	if !sent || value == nil {
		return nil, nil
	}
	metadata, ok := value.(map[string]any)
	if !ok {
		return nil, unprocessable("form_param_format_invalid", "%s must be an object.", name)
	}
	return metadata, nil
}

// bounds reads limit (1 to 500, default 10) and offset.
func (c *call) bounds() (limit, offset int, failure *Error) {
	limit, offset = 10, 0
	if text := c.query.Get("limit"); text != "" {
		value, err := strconv.Atoi(text)
		if err != nil || value < 1 || value > 500 {
			return 0, 0, unprocessable("form_param_value_invalid", "limit must be between 1 and 500.")
		}
		limit = value
	}
	if text := c.query.Get("offset"); text != "" {
		value, err := strconv.Atoi(text)
		if err != nil || value < 0 {
			return 0, 0, unprocessable("form_param_value_invalid", "offset must be a number of at least 0.")
		}
		offset = value
	}
	return limit, offset, nil
}

// cut returns the part of a list that limit and offset choose.
func cut[T any](items []T, limit, offset int) []T {
	from := min(offset, len(items))
	return items[from:min(from+limit, len(items))]
}

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
	response.Body = encode(shown)
	return response
}
