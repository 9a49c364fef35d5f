package upstream

import (
	"strings"
	"testing"
	"time"
)

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "600": 10 * time.Minute, "-1": 0, "soon": 0, "1e9": 0,
		"99999999": 24 * time.Hour, "99999999999999999999": 0,
		"Mon, 01 Jan 2001 00:00:00 GMT": 0, "Fri, 01 Jan 2199 00:00:00 GMT": 24 * time.Hour,
	} {
		if got := retryAfter(header); got != want {
			t.Errorf("%q is %v, not %v", header, got, want)
		}
	}
}

func TestOnlyWordsAreRepeated(t *testing.T) {
	for _, s := range []string{"resource_missing", "req_1", "a.b-c", strings.Repeat("x", 64)} {
		if Word(s) != s {
			t.Errorf("%q is not repeated", s)
		}
	}
	for _, s := range []string{"", "ada@example.com", "no such thing", "a\nb", "a\n", "é", strings.Repeat("x", 65)} {
		if got := Word(s); got != "" {
			t.Errorf("%q is repeated as %q", s, got)
		}
	}
}
