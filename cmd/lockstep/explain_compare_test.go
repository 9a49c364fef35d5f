package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// An explanation says "In sync" only of an account that was compared.
func TestOnlyAComparedAccountIsInSync(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"data":[]}`: "! Not compared: the service compared nothing; try again\n",
		`{"data":[{"account":"user/ada","state":"in_sync"}]}`:                                                                                                          "  In sync.\n",
		`{"data":[{"account":"user/ada","state":"not_compared","failure":"clerk: status 503"}]}`:                                                                       "! Not compared: clerk: status 503\n",
		`{"data":[{"account":"user/ada","state":"drift","differences":[{"where":"identity","field":"plan","theirs":"gold","expected":"pro","cause":"manual_edit"}]}]}`: "! identity plan: gold -> pro\n    manual edit\n    lockstep verify user/ada --fix\n",
	} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(answer))
		}))
		command := &explainCommand{remote: remote{URL: service.URL}}
		in := &surroundings{getenv: func(string) string { return "a-key-of-this-test-of-32-characters" }}
		var out strings.Builder
		s := story{out: &out}
		s.tellCompared(command.compare(t.Context(), in, "user/ada"))
		service.Close()
		if !strings.HasSuffix(out.String(), want) {
			t.Errorf("%s: got %q, want %q", answer, out.String(), want)
		}
	}
}
