package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Route is one operation of the Backend API with all the parameters it accepts.
type Route[S any] struct {
	method  string
	pattern []string
	handle  func(S, *Call) (any, *Error)
	fields  Fields   // body parameters
	bulk    bool     // the body is an array of objects with these fields
	queries []string // query parameters, lists without their brackets
	since   string   // API version that removed the parameters in before
	before  Fields   // parameters accepted in versions before since
	writes  string   // kind of object whose writes are limited per object
}

// Op returns a route without parameters. In the pattern, {} stands for one path
// segment that varies.
func Op[S any](method, pattern string, handle func(S, *Call) (any, *Error)) Route[S] {
	return Route[S]{method: method, pattern: strings.Split(pattern, "/"), handle: handle}
}

// Takes sets the body parameters.
func (r Route[S]) Takes(f Fields) Route[S] { r.fields = f; return r }

// TakesEach sets the parameters of each object in a body that is an array.
func (r Route[S]) TakesEach(f Fields) Route[S] { r.fields, r.bulk = f, true; return r }

// TookBefore adds body parameters that versions before the given one accepted.
func (r Route[S]) TookBefore(version string, f Fields) Route[S] {
	r.since, r.before = version, f
	return r
}

// Updates counts the operation against the limit of writes to one object. The
// kind and the ids in the path name the object.
func (r Route[S]) Updates(kind string) Route[S] { r.writes = kind; return r }

// Asks sets the query parameters.
func (r Route[S]) Asks(lists ...[]string) Route[S] { r.queries = slices.Concat(lists...); return r }

// name is the operation as rate limits count it.
func (r Route[S]) name() string { return r.method + " " + strings.Join(r.pattern, "/") }

func (r Route[S]) match(method string, segments []string) ([]string, bool) {
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

// Query parameters that many lists share.
var (
	// Paged are limit and offset, which every list accepts.
	Paged = []string{"limit", "offset"}
	// Ordered are the parameters of a list that can also be sorted.
	Ordered = []string{"limit", "offset", "order_by"}
)

// Router is the list of operations of S. Execute tries them in order, so
// users/count must come before users/{}.
type Router[S any] []Route[S]

// Operations lists the operations as "GET /v1/users", with {} for each path
// segment that varies.
func (routes Router[S]) Operations() []string {
	operations := make([]string, len(routes))
	for i := range routes {
		operations[i] = routes[i].name()
	}
	return operations
}

// Execute checks a request and runs its operation on s. A request that the
// limits refuse, or that fails any other check, changes nothing. instance is
// the id of the instance that the request counts against.
func (routes Router[S]) Execute(s S, request *wire.Request, limits *Limits, instance string) (any, *Error) {
	route, values := routes.find(request)
	if route == nil {
		return nil, unknownRoute(request)
	}
	if failure := limits.admit(instance, route.name(), route.writes, values); failure != nil {
		return nil, failure
	}
	call, failure := newCall(request, values)
	if failure != nil {
		return nil, failure
	}
	if failure := route.check(call); failure != nil {
		return nil, failure
	}
	return route.handle(s, call)
}

// find returns the route of a request with the values of its path.
func (routes Router[S]) find(request *wire.Request) (*Route[S], []string) {
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

// check refuses what the route does not accept: unknown body and query
// parameters, and values of the wrong type.
func (r Route[S]) check(call *Call) *Error {
	if (call.Items != nil) != r.bulk || r.bulk && len(call.Items) == 0 {
		return invalidBody()
	}
	for name := range Sorted(call.Query) {
		if plain := strings.TrimSuffix(name, "[]"); plain != versionParameter && !slices.Contains(r.queries, plain) {
			return unknownParameter(name)
		}
	}
	known := r.fields
	if call.version < r.since {
		known = known.With(r.before)
	}
	if !r.bulk {
		return known.check(call.Body)
	}
	for _, item := range call.Items {
		body, ok := item.(map[string]any)
		if !ok {
			return invalidBody()
		}
		if failure := known.check(body); failure != nil {
			return failure
		}
	}
	return nil
}
