package reconcile

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPatch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ have, want, patch string }{
		"nothing to do":              {`{"plan":"pro","theirs":1}`, `{"plan":"pro"}`, `{}`},
		"absent is null":             {`{}`, `{"plan":null}`, `{}`},
		"a new key":                  {`{}`, `{"plan":"pro"}`, `{"plan":"pro"}`},
		"a key that goes":            {`{"plan":"pro"}`, `{"plan":null}`, `{"plan":null}`},
		"theirs is left alone":       {`{"theirs":{"a":1}}`, `{"plan":"pro"}`, `{"plan":"pro"}`},
		"inside, what changed":       {`{"billing":{"a":1,"b":2}}`, `{"billing":{"a":1,"b":3}}`, `{"billing":{"b":3}}`},
		"inside, what is gone":       {`{"billing":{"a":1,"until":9}}`, `{"billing":{"a":1}}`, `{"billing":{"until":null}}`},
		"a list is replaced":         {`{"billing":{"f":["a","b"]}}`, `{"billing":{"f":["a"]}}`, `{"billing":{"f":["a"]}}`},
		"an object that was a word":  {`{"billing":"x"}`, `{"billing":{"a":1}}`, `{"billing":{"a":1}}`},
		"an object that goes wholly": {`{"billing":{"a":1}}`, `{"billing":null}`, `{"billing":null}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(object(t, tt.patch), patch(object(t, tt.have), object(t, tt.want))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// However often it is tried, an account is written at most ten times in ten seconds, and
// never waits for a clock that was wrong.
func TestPaceOfWrites(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	var until time.Time
	var written []time.Time
	for at := now; at.Before(now.Add(time.Minute)); at = at.Add(100 * time.Millisecond) {
		next, wait := pace(until, at)
		if until = next; wait == 0 {
			written = append(written, at)
		}
	}
	for i, first := range written {
		if i+10 < len(written) && written[i+10].Sub(first) < 10*time.Second {
			t.Errorf("eleven writes within %s", written[i+10].Sub(first))
		}
	}
	if n := len(written); n < 30 || n > 36 {
		t.Errorf("%d writes in a minute in which there always is something to write", n)
	}
	if _, wait := pace(written[len(written)-1].Add(time.Hour), written[len(written)-1]); wait > writeEvery {
		t.Errorf("waits %s for a clock that was an hour ahead", wait)
	}
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}
