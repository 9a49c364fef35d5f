package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// command is what kong runs.
type command interface {
	Run(ctx context.Context, in *surroundings) error
}

// TestNoTerminalControl answers each command with texts that clear the screen, move the cursor and reverse the order
// of characters, as a provider's name, reason or type could.
func TestNoTerminalControl(t *testing.T) {
	t.Parallel()
	const evil = `a\u001b[2J\u009b2J\u202e\u0007\r\tz`
	text := func(fields string) string { return strings.ReplaceAll(fields, "EVIL", evil) }
	const event = `{"source":"EVIL","id":"EVIL","type":"EVIL","status":"EVIL","reason":"EVIL","key":"EVIL","object":"EVIL",
		"work":{"status":"EVIL","reason":"EVIL"},"body":{"name":"EVIL"}}`
	for name, one := range map[string]struct {
		answer  string
		command func(remote) command
	}{
		"events list": {`{"data":[` + event + `]}`, func(r remote) command { return &listEvents{remote: r, Limit: 1} }},
		"events show": {event, func(r remote) command { return &showEvent{remote: r, Body: true} }},
		"work list": {`{"data":[{"key":"EVIL","status":"EVIL","reason":"EVIL"}]}`,
			func(r remote) command { return &listWork{remote: r, Limit: 1} }},
		"audit": {`{"data":[{"actor":"EVIL","action":"EVIL","subject":"EVIL","failure":"EVIL","reason":"EVIL"}]}`,
			func(r remote) command { return &auditCommand{remote: r} }},
		"verify": {`{"data":[{"account":"EVIL","state":"drift","failure":"EVIL","notes":["EVIL"],
			"differences":[{"where":"EVIL","field":"EVIL","ours":"EVIL","expected":"EVIL","cause":"EVIL","detail":"EVIL"}]}]}`,
			func(r remote) command {
				return &verifyCommand{operating: operating{remote: r}, Accounts: []string{"user/x"}}
			}},
		"explain": {`{"subject":"EVIL","summary":"EVIL","causes":[{"text":"EVIL","command":"EVIL"}]}`,
			func(r remote) command { return &explainCommand{remote: r} }},
		"health": {`{"status":"EVIL","build":{"version":"EVIL"},"reasons":[{"code":"EVIL","detail":"EVIL"}]}`,
			func(r remote) command { return &healthCommand{URL: r.URL} }},
		"deletions list": {`{"data":[{"account":"EVIL","state":"EVIL","at":"EVIL"}]}`,
			func(r remote) command { return &listDeletions{remote: r, State: "held"} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, text(one.answer))
			}))
			defer service.Close()
			var out bytes.Buffer
			in := &surroundings{getenv: func(string) string { return "key" }, stdout: &out}
			_ = one.command(remote{URL: service.URL}).Run(t.Context(), in) // verify fails, because it shows a difference
			harmless(t, out.String())
		})
	}
}

func TestNoTerminalControlInFindings(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	const evil = "a\x1b[2J\u202ez"
	newFindings(&out).show(lockstep.Finding{Check: "x", Detail: evil, Why: evil, Fix: evil + "\nthen"})
	if !strings.Contains(out.String(), "\n                          then\n") {
		t.Errorf("the second line of a fix is not indented: %q", out.String())
	}
	report(&out, nil, errors.New(evil))
	harmless(t, out.String())
}

// harmless checks that a text was printed, and that nothing in it but line feeds and tabs controls a terminal.
func harmless(t *testing.T, printed string) {
	t.Helper()
	if !strings.Contains(printed, `a\u{1b}[2J`) {
		t.Errorf("the output lacks the text: %q", printed)
	}
	if strings.ContainsFunc(printed, func(r rune) bool { return r != '\n' && r != '\t' && controls(r) }) {
		t.Errorf("the output controls the terminal: %q", printed)
	}
}
