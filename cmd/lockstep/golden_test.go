package main

import (
	"regexp"
	"strings"

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
	{regexp.MustCompile(`\b(user|cus|sub|si|evt|req|price)_[A-Za-z0-9]{10,}`), "${1}_ID"},
	{regexp.MustCompile(`\d+/s`), "N/s"},
	{regexp.MustCompile(`\bwhsec_[A-Za-z0-9]{32}\b`), "whsec_SECRET"},
	{regexp.MustCompile(`\b(we|bpc)_1[A-Za-z0-9]{20,}\b`), "${1}_ID"},
	{regexp.MustCompile(`\b\d+ bytes`), "N bytes"},
	{regexp.MustCompile(`"bytes":\d+,"schema":\d+,"rows":\{[^}]*\}`), `"bytes":N,"schema":N,"rows":{…}`},
	{regexp.MustCompile(`\d+ of about \d+`), "N of about N"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDR"},
	{regexp.MustCompile(`\bins_\w+`), "INSTANCE"},
	{regexp.MustCompile(`SQLite [\d.]+`), "SQLite VERSION"},
	{regexp.MustCompile(`schema \d+`), "schema N"},
	{regexp.MustCompile(`the last \d+ events`), "the last N events"},
	{regexp.MustCompile(`  +`), "  "}, // a column is as wide as what is masked
}

// typed is the line that a script types into a terminal: enter, or y.
var typed = regexp.MustCompile(`^y?\r\n`)

// bar matches a bar or a spinner with its counts.
var bar = regexp.MustCompile(`^.*\(\d+/[-0-9]+\) *(\[[^\]]*\])? *`)

// moves matches what moves a terminal's cursor. Colors stay.
var moves = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-ln-z]")

// onScreen returns what is left on a terminal, without the line that was typed: of a line that was drawn several
// times, the last one, and no bar.
func onScreen(text string) string {
	text = moves.ReplaceAllString(typed.ReplaceAllString(text, ""), "")
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		left := bar.ReplaceAllString(line[strings.LastIndex(line, "\r")+1:], "")
		if line == "" || strings.TrimSpace(left) != "" {
			lines = append(lines, left)
		}
	}
	return strings.Join(lines, "\n")
}

// dated matches a date as people write it.
var dated = regexp.MustCompile(`\b[A-Z][a-z]+ \d{1,2}, \d{4}\b`)

// goldenStory FILE [ttyout]: compares the last output of lockstep explain as golden does, without line breaks within
// paragraphs and without what happened, which depends on how events gathered.
func goldenStory(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: goldenstory FILE [ttyout]")
	}
	text := ts.ReadFile(append(args, "stdout")[1])
	if len(args) == 2 {
		text = onScreen(text)
	}
	text, _, _ = strings.Cut(text, "\n\nWhat happened, newest first")
	if diff := cmp.Diff(unwrapped(ts.ReadFile(args[0])), unwrapped(masked(text))); diff != "" {
		ts.Fatalf("%s: want -, got +\n%s", args[0], diff)
	}
}

// unwrapped returns the paragraphs of a text, each on one line and without dates.
func unwrapped(text string) (paragraphs []string) {
	for p := range strings.SplitSeq(text, "\n\n") {
		paragraphs = append(paragraphs, dated.ReplaceAllString(strings.Join(strings.Fields(p), " "), "DATE"))
	}
	return paragraphs
}

// golden FILE [stderr|ttyout]: compares the last output, or what the terminal showed, with a file, after masking
// times, secrets and ids of requests.
func golden(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: golden FILE [stderr|ttyout]")
	}
	text := ts.ReadFile(append(args, "stdout")[1])
	if len(args) == 2 && args[1] == "ttyout" {
		text = onScreen(text)
	}
	if diff := cmp.Diff(ts.ReadFile(args[0]), masked(text)); diff != "" {
		ts.Fatalf("%s: want -, got +\n%s", args[0], diff)
	}
}

// masked replaces what differs from run to run.
func masked(text string) string {
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.mask)
	}
	return text
}
