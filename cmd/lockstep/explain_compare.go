package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// compared is what a comparison with Stripe and the directory adds to an explanation. An explanation alone knows
// only the database, so it cannot see what the database missed.
type compared struct {
	comparison
	err error // why the comparison failed
}

// compare compares the account that an explanation is about. Anything else has no comparison.
func (c *explainCommand) compare(ctx context.Context, in *surroundings, subject string) (found *compared) {
	kind, _, _ := strings.Cut(subject, "/")
	if c.Offline || kind != "user" && kind != "organization" {
		return nil
	}
	found = &compared{}
	var page verifyPage
	question := message{method: http.MethodPost, path: "/v1/verify", body: map[string]any{"accounts": []string{subject}}}
	if found.err = c.send(ctx, in, question, &page); found.err != nil {
		return found
	}
	if len(page.Data) == 0 { // an account that was not compared is not in sync
		found.err = errors.New("the service compared nothing; try again")
		return found
	}
	found.text = page.Data[0]
	found.err = json.Unmarshal(found.text, &found.comparison)
	return found
}

// tellCompared prints what differs, why, and what repairs it.
func (s *story) tellCompared(c *compared) {
	if c == nil {
		return
	}
	s.section("Compared with Stripe and the directory just now", 1)
	failure := c.Failure
	if c.err != nil {
		failure = c.err.Error()
	}
	switch {
	case failure != "":
		s.line("! ", "Not compared: "+failure)
	case len(c.Differences) == 0:
		s.line("  ", "In sync.")
	}
	for _, d := range c.Differences {
		s.line("! ", d.Where+" "+d.Field+": "+d.change())
		s.line("    ", d.because())
	}
	for _, note := range c.Notes {
		s.line("- ", note)
	}
	if c.State == stateDrift {
		s.print("    " + printable("lockstep verify "+c.Account+" --fix"))
	}
}
