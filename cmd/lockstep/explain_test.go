package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestStoryIsSafeAndNarrow: names of others cannot control a terminal, and lines wrap at 100 columns. A command stays
// on one line, so that it can be copied.
func TestStoryIsSafeAndNarrow(t *testing.T) {
	t.Parallel()
	var x explanation
	err := json.Unmarshal([]byte(`{"subject":"user/ada","offset":"+02:00","summary":"Active on \u001b[2Jpro\u202e, `+
		strings.Repeat("because ", 30)+`","causes":[{"fault":true,"text":"it failed","command":"lockstep work retry user/ada\r"}],
		"timeline":[{"at":"2026-11-30T22:30:00Z","text":"invoice.paid"}]}`), &x)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	s := story{out: &out}
	s.tell(x, nil)
	text := out.String()
	for _, want := range []string{"user/ada (times are UTC+02:00)\n", `Active on \u{1b}[2Jpro\u{202e},`,
		"\nAttention\n! it failed\n    lockstep work retry user/ada\\u{d}\n",
		"\nWhat happened, newest first\n2026-12-01 00:30:00  invoice.paid\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > storyWidth {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	if strings.ContainsAny(text, "\x1b\r\u202e") {
		t.Errorf("control characters reach the terminal: %q", text)
	}
}
