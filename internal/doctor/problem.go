package doctor

import (
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// Problem is something that a check can find.
type Problem struct {
	Code  string
	Level lockstep.FindingLevel
	Why   string // why it matters
	Fix   string // the command or click that fixes it
}

const (
	warning = lockstep.FindingWarning
	failure = lockstep.FindingFailure
)

// declared are all problems, in the order of the files.
var declared []Problem

// Problems lists everything that the checks can find.
func Problems() []Problem { return declared }

// problem declares a problem. Use it only for variables of the package.
func problem(code string, level lockstep.FindingLevel, why, fix string) Problem {
	p := Problem{code, level, why, fix}
	declared = append(declared, p)
	return p
}

// found returns the finding of a problem. detail says what is the case.
func (p Problem) found(detail string, args ...any) lockstep.Finding {
	return lockstep.Finding{Level: p.Level, Code: p.Code, Detail: fmt.Sprintf(detail, args...), Why: p.Why, Fix: p.Fix}
}

// at returns the problem with another level.
func (p Problem) at(level lockstep.FindingLevel) Problem {
	p.Level = level
	return p
}

// fixedBy returns the problem with another fix, which names what was found.
func (p Problem) fixedBy(fix string, args ...any) Problem {
	p.Fix = fmt.Sprintf(fix, args...)
	return p
}

// fine returns the finding of a check without problems.
func fine(detail string, args ...any) lockstep.Finding {
	return lockstep.Finding{Level: lockstep.FindingOK, Detail: fmt.Sprintf(detail, args...)}
}

// skipped returns the finding of a check that cannot run.
func skipped(reason string) lockstep.Finding {
	return lockstep.Finding{Level: lockstep.FindingSkipped, Detail: reason}
}

// orFine returns the problems found, or that all is well.
func orFine(found []lockstep.Finding, detail string, args ...any) []lockstep.Finding {
	if len(found) > 0 {
		return found
	}
	return []lockstep.Finding{fine(detail, args...)}
}
