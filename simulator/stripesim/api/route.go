package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Call is a request in execution: its parameters and the values in its path.
type Call struct {
	Params
	Request   *wire.Request
	RequestID string
	Version   string   // of the API
	Path      []string // the values of the {} segments
}

// Route is one operation of the API.
type Route struct {
	Method  string
	Path    string
	Pattern []string
	version string // the version that introduced it; "" for an operation of every version
	// Accepts lists the top-level parameters. Every other parameter is refused
	// with parameter_unknown. Parameters that Stripe has but the simulator would
	// ignore are left out on purpose.
	Accepts []string
	Handle  func(*Call) (Object, error)
}

// Op returns an operation. accepts lists its parameters, separated by spaces. A
// {} in the pattern matches one path segment.
func Op(method, pattern, accepts string, handle func(*Call) (Object, error)) Route {
	names := strings.Fields(accepts)
	if method != http.MethodDelete { // most deletions return nothing to expand
		names = append(names, "expand")
	}
	return Route{Method: method, Path: pattern, Pattern: strings.Split(pattern, "/"), Accepts: names, Handle: handle}
}

// Since returns the operation for the given API version and later ones only.
func (r Route) Since(version string) Route {
	r.version = version
	return r
}

// Paging lists the parameters of every list.
const Paging = " limit starting_after ending_before "

// match returns the values in the path. matched is false when the route does
// not fit.
func (r Route) match(method string, segments []string) (values []string, matched bool) {
	if r.Method != method || len(r.Pattern) != len(segments) {
		return nil, false
	}
	for i, part := range r.Pattern {
		switch {
		case part == "{}":
			if segments[i] == "" {
				return nil, false
			}
			values = append(values, segments[i])
		case part != segments[i]:
			return nil, false
		}
	}
	return values, true
}

// FindRoute returns the first route that fits a request, and the values in its
// path. It returns nil when none fits.
func FindRoute(routes []Route, method, path, version string) (*Route, []string) {
	segments := strings.Split(path, "/")
	for i := range routes {
		if values, matched := routes[i].match(method, segments); matched && version >= routes[i].version {
			return &routes[i], values
		}
	}
	return nil, nil
}

// Unknown refuses parameters that the operation does not take.
func (r Route) Unknown(root *Node) *Error {
	var names []string
	for _, name := range root.Order {
		if !slices.Contains(r.Accepts, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return UnknownParams(names)
}
