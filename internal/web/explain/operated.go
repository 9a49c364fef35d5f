package explain

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	mostOperations = 8
	// startsWithin is how long after a request its second entry may be missing before the action counts as
	// interrupted: longer than any request may take.
	startsWithin = time.Minute
)

// operated returns what operators did, newest first. The two entries of a request make one operation.
func (r *reading) operated() []Operation {
	all := []Operation{}
	var seen []string
	for _, e := range r.audited {
		if slices.Contains(seen, e.Request+" "+e.Subject) {
			continue
		}
		seen = append(seen, e.Request+" "+e.Subject)
		if len(all) == mostOperations {
			break
		}
		text := e.Action + " " + e.Subject + ": " + r.outcome(e)
		if e.Reason != "" {
			text += ", because: " + e.Reason
		}
		all = append(all, Operation{At: e.At.UTC(), Request: e.Request, Actor: e.Actor, Text: text})
	}
	return all
}

// outcome says how an action ended.
func (r *reading) outcome(e lockstep.AuditEntry) string {
	switch {
	case e.Result == lockstep.AuditDone:
		return "done"
	case e.Result == lockstep.AuditFailed:
		return "failed (" + e.Failure + ")"
	case r.now.Sub(e.At) < startsWithin:
		return "in progress"
	}
	return "interrupted; its effect is unknown"
}
