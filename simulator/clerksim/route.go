package clerksim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// call is one request being executed.
type call struct {
	request *wire.Request
	version string // of the API
	query   url.Values
	body    map[string]any
	items   []any    // of a body that is an array
	path    []string // values of the {} segments
}

// route is one operation of the Backend API with all it takes.
type route struct {
	method  string
	pattern []string
	handle  func(*Clerk, *call) (any, *Error)
	fields  fields   // of the body
	bulk    bool     // the body is an array of objects with these fields
	queries []string // parameters of the query, lists without their brackets
	since   string   // before that version of the API
	before  fields   // these were taken as well
	writes  string   // kind of object whose writes are limited one by one
}

func op(method, pattern string, handle func(*Clerk, *call) (any, *Error)) route {
	return route{method: method, pattern: strings.Split(pattern, "/"), handle: handle}
}

func (r route) takes(f fields) route { r.fields = f; return r }

func (r route) takesEach(f fields) route { r.fields, r.bulk = f, true; return r }

func (r route) tookBefore(version string, f fields) route { r.since, r.before = version, f; return r }

// updates has the operation count against the limit of writes to one object.
func (r route) updates(kind string) route { r.writes = kind; return r }

func (r route) asks(lists ...[]string) route { r.queries = slices.Concat(lists...); return r }

// name is the operation as its rate limit counts it.
func (r route) name() string { return r.method + " " + strings.Join(r.pattern, "/") }

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

// routes are tried in order: users/count stands before users/{}.
var routes = slices.Concat(userRoutes, emailRoutes, phoneRoutes, metadataRoutes, organizationRoutes, membershipRoutes,
	invitationRoutes,
	roleRoutes, permissionRoutes, sessionRoutes, templateRoutes, instanceRoutes)

// Operations lists what the simulator has of the Backend API, as "GET /v1/users"
// with {} for what varies.
func Operations() []string {
	operations := make([]string, len(routes))
	for i := range routes {
		operations[i] = routes[i].name()
	}
	return operations
}

// paged are limit and offset, which every list takes.
var paged = []string{"limit", "offset"}

// ordinary is a list that can be ordered.
var ordinary = []string{"limit", "offset", "order_by"}

// find returns the operation of a request with the values of its path.
func find(request *wire.Request) (*route, []string) {
	segments := strings.Split(request.URL.EscapedPath(), "/")
	for i, segment := range segments {
		if plain, err := url.PathUnescape(segment); err == nil {
			segments[i] = plain
		}
	}
	for i := range routes {
		if values, matched := routes[i].match(request.Method, segments); matched {
			return &routes[i], values
		}
	}
	return nil, nil
}

func unknownRoute(request *wire.Request) *Error {
	return &Error{Status: http.StatusNotFound, Code: "resource_not_found", Message: "URL not found",
		Long: "The simulator does not have " + request.Method + " " + request.URL.Path + "; Clerk may."}
}
