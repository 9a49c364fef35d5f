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
	{regexp.MustCompile(`  +`), "  "}, // a column is as wide as what is masked
}

// golden FILE: compares the last output with a file, after masking times, secrets and ids of requests.
func golden(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: golden FILE")
	}
	text := ts.ReadFile("stdout")
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.mask)
	}
	if diff := cmp.Diff(ts.ReadFile(args[0]), text); diff != "" {
		ts.Fatalf("%s: want -, got +\n%s", args[0], diff)
	}
}
