package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Call is one request being executed: its parameters and its path values.
type Call struct {
	Params
	Request   *wire.Request
	RequestID string
	Version   string   // of the API
	Path      []string // values of the {} segments
}

// Route is one operation of the API.
type Route struct {
	Method  string
	Path    string
	Pattern []string
	version string // that it came with; "" when every version has it
	// accepts are the top-level parameters; every other one is refused with
	// parameter_unknown. Parameters of the real API that would change what the
	// simulator does, and that it does not do, are left out on purpose.
	Accepts []string
	Handle  func(*Call) (Object, error)
}

func Op(method, pattern, accepts string, handle func(*Call) (Object, error)) Route {
	names := strings.Fields(accepts)
	if method != http.MethodDelete { // which mostly leaves nothing to expand
		names = append(names, "expand")
	}
	return Route{Method: method, Path: pattern, Pattern: strings.Split(pattern, "/"), Accepts: names, Handle: handle}
}

// Since says from which version on there is the operation.
func (r Route) Since(version string) Route {
	r.version = version
	return r
}

const Paging = " limit starting_after ending_before "

// match returns the path values, or false.
func (r Route) match(method string, segments []string) ([]string, bool) {
	if r.Method != method || len(r.Pattern) != len(segments) {
		return nil, false
	}
	var values []string
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

// FindRoute returns the operation of a request and its path values, or nil.
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
