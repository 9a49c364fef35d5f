package upstream

import (
	"strconv"
	"strings"
	"time"
)

// MostSignatures is how many signatures a header may have. A provider sends one for each
// active secret, so two during a rotation. Without a limit, anyone could make us compute as
// much as they like.
const MostSignatures = 16

// maxTimeDigits keeps the time in the range of time.Time arithmetic, up to the year 33658.
const maxTimeDigits = 12

// IsTime reports whether s has the form of a signature's time: digits only, for seconds
// since 1970.
func IsTime(s string) bool {
	return s != "" && len(s) <= maxTimeDigits && strings.Trim(s, "0123456789") == ""
}

// Window is how far a signature's time may be from our clock, in either direction, with the
// adapter's errors.
type Window struct {
	Tolerance time.Duration // default

	Malformed error
	TooOld    error
	TooNew    error
}

// Check compares a signed time with now. A difference equal to the tolerance passes. A
// tolerance of zero or less means the window's default; it cannot be turned off.
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
