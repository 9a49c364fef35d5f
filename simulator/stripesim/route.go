package stripesim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// call is one request being executed: its parameters and its path values.
type call struct {
	params
	request   *wire.Request
	requestID string
	version   string   // of the API
	path      []string // values of the {} segments
}

// route is one operation of the API.
type route struct {
	method  string
	path    string
	pattern []string
	version string // that it came with; "" when every version has it
	// accepts are the top-level parameters; every other one is refused with
	// parameter_unknown. Parameters of the real API that would change what the
	// simulator does, and that it does not do, are left out on purpose.
	accepts []string
	handle  func(*call) (object, error)
}

func op(method, pattern, accepts string, handle func(*call) (object, error)) route {
	names := strings.Fields(accepts)
	if method != http.MethodDelete { // which mostly leaves nothing to expand
		names = append(names, "expand")
	}
	return route{method: method, path: pattern, pattern: strings.Split(pattern, "/"), accepts: names, handle: handle}
}

// since says from which version on there is the operation.
func (r route) since(version string) route {
	r.version = version
	return r
}

const paging = " limit starting_after ending_before "

// match returns the path values, or false.
func (r route) match(method string, segments []string) ([]string, bool) {
	if r.method != method || len(r.pattern) != len(segments) {
		return nil, false
	}
	var values []string
	for i, part := range r.pattern {
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

// findRoute returns the operation of a request and its path values, or nil.
func findRoute(routes []route, method, path, version string) (*route, []string) {
	segments := strings.Split(path, "/")
	for i := range routes {
		if values, matched := routes[i].match(method, segments); matched && version >= routes[i].version {
			return &routes[i], values
		}
	}
	return nil, nil
}

// unknown refuses parameters that the operation does not take.
func (r route) unknown(root *node) *Error {
	var names []string
	for _, name := range root.order {
		if !slices.Contains(r.accepts, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return unknownParams(names)
}
