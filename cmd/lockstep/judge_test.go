package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lockstep-dev/lockstep/internal/judge"
	"github.com/lockstep-dev/lockstep/simulator"
)

// judged: what the simulators said until now is as Stripe's and Clerk's documents
// say.
func judged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: judged")
	}
	_, text, err := request([]string{"GET", ts.Getenv("STRIPE") + "/_sim/history"})
	ts.Check(err)
	var history []simulator.Entry
	for lines := json.NewDecoder(strings.NewReader(text)); ; {
		var entry simulator.Entry
		if err = lines.Decode(&entry); err != nil {
			break
		}
		history = append(history, entry)
	}
	if !errors.Is(err, io.EOF) || len(history) == 0 {
		ts.Fatalf("read %d entries of the history: %v", len(history), err)
	}
	found, err := judge.Deviations(history)
	ts.Check(err)
	if len(found) > 0 {
		ts.Fatalf("the published documents do not say so:\n%s", strings.Join(found, "\n"))
	}
}
