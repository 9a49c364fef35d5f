package conformance

import "strings"

// outOfScope lists what the CLI can trigger and the simulator does not do, by the
// beginning of the trigger's name, and why.
var outOfScope = []struct{ prefix, why string }{
	{"account.", "Connect"},
}

// reasonOut says why a trigger is out of scope, if it is.
func reasonOut(name string) (why string, out bool) {
	for _, entry := range outOfScope {
		if strings.HasPrefix(name, entry.prefix) {
			return entry.why, true
		}
	}
	return "", false
}
