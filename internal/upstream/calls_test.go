package upstream

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

// A gate counts the calls under a context, and the writes that the provider accepted, without ids.
func TestAGateCountsTheCallsOfARun(t *testing.T) {
	t.Parallel()
	gate := paced.NewGate(lockstep.Limits{PerSecond: 1000})
	ctx, calls := lockstep.WithCalls(t.Context())
	fine, refuse := func() error { return nil }, func() error { return errors.New("refused") }
	for _, method := range []string{"GET", "POST", "POST"} {
		if err := gate.Call(ctx, method, "/v1/things/th_1", fine); err != nil {
			t.Fatal(err)
		}
	}
	if err := gate.Call(ctx, "POST", "/v1/things/th_1", refuse); err == nil {
		t.Error("want the refusal")
	}
	if err := gate.Call(t.Context(), "POST", "/v1/things/th_1", fine); err != nil { // nothing counts it
		t.Error(err)
	}
	facts := lockstep.RunFacts{}
	facts.Write("database", "account", 1)
	made := calls.Report(&facts)
	if made["acme"] != 4 {
		t.Errorf("made %v, want 4", made)
	}
	want := []lockstep.RunEffect{{To: "database", What: "account", Times: 1},
		{To: "acme", What: "POST /v1/things/{}", Times: 2}}
	if diff := cmp.Diff(want, facts.Wrote); diff != "" {
		t.Error(diff)
	}
}
