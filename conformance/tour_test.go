package conformance

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator"
)

// dahlia lists the chapters that also run with stripe-node's previous release line.
var dahlia = map[string]bool{"customers": true, "subscriptions": true, "checkout": true, "events": true,
	"webhooks": true}

// TestTours runs each chapter of each tour against its own simulator.
func TestTours(t *testing.T) {
	wanted(t)
	t.Parallel()
	chapters, err := filepath.Glob("tour/*/*.mjs")
	if err != nil || len(chapters) < 5 {
		t.Fatalf("found %d chapters: %v", len(chapters), err)
	}
	for _, file := range chapters {
		client := filepath.Base(filepath.Dir(file))
		chapter := strings.TrimSuffix(filepath.Base(file), ".mjs")
		t.Run(client+"/"+chapter, func(t *testing.T) {
			t.Parallel()
			tour(t, file, "STRIPE_PACKAGE=stripe-endive")
		})
		if client == "stripe" && dahlia[chapter] {
			t.Run("stripe-dahlia/"+chapter, func(t *testing.T) {
				t.Parallel()
				tour(t, file, "STRIPE_PACKAGE=stripe")
			})
		}
	}
}

// tour runs one chapter.
func tour(t *testing.T, file string, env ...string) {
	t.Helper()
	b := newBench(t)
	output, err := b.run(append(env, "STAGE_URL="+stage(t, b)), "node", file)
	if err != nil {
		t.Fatalf("%v\n%s\nRequests that the simulator rejected:\n%s", err, output, failures(b.History()))
	}
}

// stage serves the one setting that a tour cannot make through an API, because Clerk has it in its dashboard: where
// to send webhooks.
func stage(t *testing.T, b *bench) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var endpoints []simulator.WebhookEndpoint
		if err := json.NewDecoder(r.Body).Decode(&endpoints); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		b.SetClerkWebhooks(endpoints)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
