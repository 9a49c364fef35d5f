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

// dahlia are the chapters that the last release line before the present API
// version goes through as well.
var dahlia = map[string]bool{"customers": true, "subscriptions": true, "checkout": true, "events": true,
	"webhooks": true}

// TestTours runs each chapter of each tour against a simulator of its own.
func TestTours(t *testing.T) {
	wanted(t)
	t.Parallel()
	chapters, err := filepath.Glob("tour/*/*.mjs")
	if err != nil || len(chapters) < 5 {
		t.Fatalf("%d chapters, %v", len(chapters), err)
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
		t.Fatalf("%v\n%s\nWhat the simulator answered with an error:\n%s", err, output, failures(b.History()))
	}
}

// stage serves the one control that a tour cannot do by itself: to say where
// Clerk's webhooks go, which is done in Clerk's dashboard.
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
