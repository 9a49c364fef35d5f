package stripesim

import (
	"slices"
	"strings"
)

// Operation is what the simulator takes: a method, a path with {} for what
// varies, and the names of the top-level parameters.
type Operation struct {
	Method string
	Path   string
	Params []string
}

// Operations lists what the simulator has of Stripe's API.
func Operations() []Operation {
	operations := make([]Operation, len(routes))
	for i, r := range routes {
		operations[i] = Operation{Method: r.method, Path: strings.Join(r.pattern, "/"), Params: slices.Clone(r.accepts)}
	}
	return operations
}
