package upstream

import (
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// words matches codes and request ids.
var words = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Word returns s if it is a single word, which an error may repeat, and "" otherwise. A
// sentence may quote personal data.
func Word(s string) string {
	if !words.MatchString(s) {
		return ""
	}
	return s
}

var fields = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,100}$`)

// Field returns s if it is the name of a parameter, which an error may repeat, and ""
// otherwise.
func Field(s string) string {
	if !fields.MatchString(s) {
		return ""
	}
	return s
}

// maxRetryAfter keeps a provider from delaying work forever.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads the Retry-After header: seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(header string) time.Duration {
	wait := time.Duration(0)
	if at, err := http.ParseTime(header); err == nil {
		wait = time.Until(at)
	} else if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	}
	return min(max(wait, 0), maxRetryAfter)
}
