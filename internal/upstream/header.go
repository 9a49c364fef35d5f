package upstream

import (
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// words are what codes and the ids of requests are made of.
var words = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Word returns s where it may be repeated in an error's text, and else nothing: a
// sentence may quote somebody's data.
func Word(s string) string {
	if !words.MatchString(s) {
		return ""
	}
	return s
}

var fields = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,100}$`)

// Field returns the name of a parameter where it may be repeated in an error's text, and else
// nothing.
func Field(s string) string {
	if !fields.MatchString(s) {
		return ""
	}
	return s
}

// longestRetryAfter keeps a provider from putting work off for good.
const longestRetryAfter = 24 * time.Hour

// retryAfter reads the header in both of its forms, RFC 9110 section 10.2.3.
func retryAfter(header string) time.Duration {
	wait := time.Duration(0)
	if at, err := http.ParseTime(header); err == nil {
		wait = time.Until(at)
	} else if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	}
	return min(max(wait, 0), longestRetryAfter)
}
