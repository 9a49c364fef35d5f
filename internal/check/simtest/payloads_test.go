package simtest

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// TestPayloads delivers payloads that others wrote: old shapes, empty and odd fields, shared ids. None may be
// answered with 5xx. Each ends as done, or as ignored or parked with a reason.
func TestPayloads(t *testing.T) {
	shared := os.Getenv("LOCKSTEP_SHARED")
	if shared == "" {
		t.Skip("LOCKSTEP_SHARED is not set; it names the folder that holds the payloads, which are not in this repository")
	}
	files := map[lockstep.Source][]string{}
	for _, source := range []lockstep.Source{lockstep.Stripe, lockstep.Clerk} {
		found, err := filepath.Glob(filepath.Join(shared, "payloads", string(source), "*.json"))
		if err != nil || len(found) < 40 {
			t.Fatalf("%d payloads of %s: %v", len(found), source, err)
		}
		files[source] = found
	}
	calm(t, func(t *testing.T, w *world) {
		delivered := map[string]bool{}
		for source, found := range files {
			for _, file := range found {
				body, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				// Many of Stripe's share one event id. Process each.
				name := strings.TrimSuffix(filepath.Base(file), ".json")
				if status, err := w.deliver(source, name, uniqueID(source, name, body)); err != nil || status != http.StatusOK {
					t.Errorf("%s %s was answered with %d: %v", source, name, status, err)
				}
				delivered[strings.ReplaceAll(idPrefix[source]+name, ".", "_")] = true
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		page, err := w.service.store.Events(context.Background(), lockstep.EventFilter{Limit: 200, Bodiless: true})
		if err != nil {
			t.Fatal(err)
		}
		tally := map[lockstep.EventStatus]int{}
		for _, e := range page.Events {
			if !delivered[e.ID] {
				continue // an event of the simulators
			}
			delete(delivered, e.ID)
			tally[e.Status]++
			settled := e.Status == lockstep.EventDone || (e.Status == lockstep.EventIgnored ||
				e.Status == lockstep.EventParked) && e.Reason != ""
			if !settled {
				t.Errorf("%s %s (key %s) is %s: %q", e.Type, e.ID, e.Key, e.Status, e.Reason)
			}
		}
		for id := range delivered {
			t.Errorf("%s is not stored", id)
		}
		t.Logf("payloads: %v", tally)
	})
}

var idPrefix = map[lockstep.Source]string{lockstep.Stripe: "evt_", lockstep.Clerk: "msg_"}

// uniqueID gives a Stripe event its own id.
func uniqueID(source lockstep.Source, name string, body []byte) []byte {
	if source != lockstep.Stripe {
		return body
	}
	const key = `"id": "evt_`
	before, after, found := bytes.Cut(body, []byte(key))
	if !found {
		return body
	}
	_, rest, _ := bytes.Cut(after, []byte(`"`))
	return bytes.Join([][]byte{before, []byte(key + name + `"`), rest}, nil)
}

// deliver signs a body, posts it to the service and returns the status.
func (w *world) deliver(source lockstep.Source, id string, body []byte) (int, error) {
	header := http.Header{}
	switch source {
	case lockstep.Stripe:
		header.Set("Stripe-Signature", stripebilling.Sign(body, stripeWebhook, time.Now()))
	case lockstep.Clerk:
		signed, err := clerkdirectory.Sign("msg_"+strings.ReplaceAll(id, ".", "_"), body, clerkWebhook, time.Now())
		if err != nil {
			return 0, err
		}
		header = signed
	}
	request, err := http.NewRequest(http.MethodPost, "http://"+serviceHost+"/webhooks/"+string(source),
		bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/json")
	return w.send(request, nil)
}
