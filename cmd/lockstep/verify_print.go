package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// causeNames are the causes in plain words.
var causeNames = map[string]string{"pending": "catching up", "failed_write": "failed write",
	"missed_event": "missed event", "manual_edit": "manual edit", "price_changed": "price changed",
	"unlinked_customer": "unlinked customer", "restored_database": "restored database", "unknown": "unknown cause"}

// stateNames are the states of a comparison in plain words.
var stateNames = map[string]string{stateInSync: "in sync", stateCatchingUp: "catching up", stateDrift: "drift",
	stateNotCompared: "not compared"}

// line prints a line for people. With --json it prints nothing.
func (v *verification) line(format string, args ...any) {
	if !v.command.JSON {
		v.show.end()
		fmt.Fprint(v.in.stdout, printableLines(fmt.Sprintf(format, args...)))
	}
}

// print prints a comparison: with --all only what differs.
func (v *verification) print(c comparison) error {
	if v.command.JSON {
		v.show.end()
		_, err := fmt.Fprintf(v.in.stdout, "%s\n", c.text)
		return err
	}
	if c.State == stateInSync && len(c.Notes) == 0 && v.command.All && !v.began {
		return nil
	}
	state := stateNames[c.State]
	if v.began && c.State == stateInSync {
		state = "fixed"
	}
	v.line("%s  %s\n", c.Account, state)
	if c.Failure != "" {
		v.line("  %s\n", c.Failure)
	}
	for _, d := range c.Differences {
		v.line("  %s %s: %s\n", d.Where, d.Field, d.change())
		v.line("    %s\n", d.because())
	}
	for _, note := range c.Notes {
		v.line("  note: %s\n", note)
	}
	return nil
}

// change shows a difference as a diff: what is, and what a sync makes of it. What is comes from the side that
// a sync would change.
func (d difference) change() string {
	is, other := d.Ours, ""
	if d.Where == "identity" || d.Where == "stripe" {
		is = d.Theirs
		if d.Ours != d.Theirs && d.Ours != d.Expected {
			other = d.Ours
		}
	}
	if is == "" && d.Expected == "" { // a step that a provider refuses
		return "not written"
	}
	text := shown(is) + " -> " + shown(d.Expected)
	if other != "" {
		text += " (last written: " + other + ")"
	}
	return text
}

// shown is a value in a diff.
func shown(value string) string { return cmp.Or(value, "(none)") }

func (d difference) because() string {
	name := cmp.Or(causeNames[d.Cause], d.Cause)
	if d.Detail == "" {
		return name
	}
	return name + ": " + d.Detail
}

// tally counts comparisons by state, and differences by cause.
type tally struct {
	of     map[string]int
	causes map[string]int
	unread int // lists that could not be read
}

func (t *tally) add(c comparison) {
	if t.of == nil {
		t.of, t.causes = map[string]int{}, map[string]int{}
	}
	t.of[c.State]++
	for _, d := range c.Differences {
		t.causes[d.Cause]++
	}
}

// remove takes back a comparison whose account is compared again.
func (t *tally) remove(c comparison) {
	t.of[c.State]--
	for _, d := range c.Differences {
		t.causes[d.Cause]--
	}
}

// text is one line: how many accounts were compared, and what was found.
func (t *tally) text() string {
	var parts []string
	total := 0
	for _, state := range []string{stateInSync, stateCatchingUp, stateDrift, stateNotCompared} {
		total += t.of[state]
		if n := t.of[state]; n > 0 || state == stateInSync || state == stateDrift {
			parts = append(parts, fmt.Sprintf("%d %s", n, stateNames[state]))
		}
	}
	text := fmt.Sprintf("%d compared: %s", total, strings.Join(parts, ", "))
	var causes []string
	for _, cause := range slices.Sorted(maps.Keys(t.causes)) {
		if n := t.causes[cause]; n > 0 {
			causes = append(causes, fmt.Sprintf("%d %s", n, cmp.Or(causeNames[cause], cause)))
		}
	}
	if len(causes) > 0 {
		text += "; differences: " + strings.Join(causes, ", ")
	}
	return text
}
