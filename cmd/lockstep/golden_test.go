package main

import (
	"regexp"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// masks replace what differs from run to run.
var masks = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?`), "TIME"},
	{regexp.MustCompile(`lockstep_[A-Z2-7]{52}`), "SECRET"},
	{regexp.MustCompile(`\b[A-Z2-7]{26}\b`), "REQUEST"},
	{regexp.MustCompile(`local/[^"\s]+`), "local/USER"},
	{regexp.MustCompile(`\bwhsec_[A-Za-z0-9]{32}\b`), "whsec_SECRET"},
	{regexp.MustCompile(`\b(we|bpc)_1[A-Za-z0-9]{20,}\b`), "${1}_ID"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDR"},
	{regexp.MustCompile(`\b\d+ bytes`), "N bytes"},
	{regexp.MustCompile(`"bytes":\d+,"schema":\d+,"rows":\{[^}]*\}`), `"bytes":N,"schema":N,"rows":{…}`},
	{regexp.MustCompile(`schema \d+`), "schema N"},
	{regexp.MustCompile(`\d+ of about \d+`), "N of about N"},
	{regexp.MustCompile(`\r\n`), "\n"}, // of a terminal
	{regexp.MustCompile(`  +`), "  "},  // a column is as wide as what is masked
}

// typed is the line that a script types into a terminal: enter, or y.
var typed = regexp.MustCompile(`^y?\r\n`)

// golden FILE [stderr|ttyout]: compares the last output, or what the terminal showed, with a file, after masking
// times, secrets and ids of requests.
func golden(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: golden FILE [stderr|ttyout]")
	}
	text := ts.ReadFile(append(args, "stdout")[1])
	if len(args) == 2 && args[1] == "ttyout" { // the terminal first shows the line that was typed
		text = typed.ReplaceAllString(text, "")
	}
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.mask)
	}
	if diff := cmp.Diff(ts.ReadFile(args[0]), text); diff != "" {
		ts.Fatalf("%s: want -, got +\n%s", args[0], diff)
	}
}
