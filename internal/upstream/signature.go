package upstream

import (
	"strconv"
	"strings"
	"time"
)

// MostSignatures is how many signatures of a header are considered. A provider
// sends one for each active secret, which are two while one is replaced; without a
// limit a stranger could choose how much we compute.
const MostSignatures = 16

// mostTimeDigits keeps the time within what can be computed with: the year 33658.
const mostTimeDigits = 12

// IsTime reports whether s is a time as signatures have it: plain digits, seconds
// since 1970.
func IsTime(s string) bool {
	return s != "" && len(s) <= mostTimeDigits && strings.Trim(s, "0123456789") == ""
}

// Window is how far the time of a signature may be from ours, either way, and the
// errors of an adapter that say so.
type Window struct {
	Tolerance time.Duration // where the caller names none

	Malformed error
	TooOld    error
	TooNew    error
}

// Check compares a time that was signed with now; what lies just at the tolerance
// is accepted. A tolerance of zero or less is the window's own: it cannot be
// switched off.
func (w Window) Check(signed string, now time.Time, tolerance time.Duration) error {
	seconds, err := strconv.ParseInt(signed, 10, 64)
	if err != nil {
		return w.Malformed
	}
	if tolerance <= 0 {
		tolerance = w.Tolerance
	}
	switch age := now.Sub(time.Unix(seconds, 0)); {
	case age > tolerance:
		return w.TooOld
	case age < -tolerance:
		return w.TooNew
	}
	return nil
}
