package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/simulator"
)

// judged: checks all answers of the simulators so far against Stripe's and Clerk's OpenAPI documents. It
// waits for the first answer, which Lockstep's sweeps cause.
func judged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: judged")
	}
	var history []simulator.Entry
	eventually(ts, func() string {
		_, text, err := request([]string{"GET", ts.Getenv("STRIPE") + "/_sim/history"})
		ts.Check(err)
		for lines := json.NewDecoder(strings.NewReader(text)); ; {
			var entry simulator.Entry
			err := lines.Decode(&entry)
			if errors.Is(err, io.EOF) {
				break
			}
			ts.Check(err)
			history = append(history, entry)
		}
		if len(history) == 0 {
			return "a request to the simulators"
		}
		return ""
	})
	found, err := openapicheck.Deviations(history)
	ts.Check(err)
	if len(found) > 0 {
		ts.Fatalf("the published documents do not say so:\n%s", strings.Join(found, "\n"))
	}
}
