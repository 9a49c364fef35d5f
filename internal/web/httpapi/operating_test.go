package httpapi_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// An event without its old body says so, but only if the body was requested.
func TestAnEventWithoutItsBodySaysSo(t *testing.T) {
	t.Parallel()
	k := start(t)
	sweep := lockstep.Key{Kind: lockstep.KeySweep, ID: "retention"}
	old := lockstep.Event{Source: lockstep.Stripe, ID: "evt_old", Type: "invoice.paid", Origin: lockstep.Delivered,
		ReceivedAt: time.Now().Add(-40 * 24 * time.Hour), Body: []byte(`{"id":"evt_old"}`)}
	young := old
	young.ID, young.ReceivedAt = "evt_young", time.Now()
	if _, err := k.store.Receive(t.Context(), []lockstep.Delivery{{Event: old}, {Event: young}}); err != nil {
		t.Fatal(err)
	}
	type view struct {
		Body    json.RawMessage `json:"body"`
		Expired *bool           `json:"body_expired"`
	}
	events := func(query string) map[string]view {
		var page struct {
			Data []struct {
				ID string `json:"id"`
				view
			} `json:"data"`
		}
		a := k.call("GET", "/v1/events?status=ignored"+query, apiKey, "")
		if err := json.Unmarshal([]byte(a.body), &page); err != nil {
			t.Fatal(err)
		}
		found := map[string]view{}
		for _, e := range page.Data {
			found[e.ID] = e.view
		}
		return found
	}
	if e := events("&body=true")["evt_old"]; len(e.Body) == 0 || e.Expired != nil {
		t.Errorf("before: %s %v", e.Body, e.Expired)
	}
	if err := k.store.Mark(t.Context(), lockstep.Mark{Key: sweep}); err != nil {
		t.Fatal(err)
	}
	k.until("the body is gone", func() bool {
		e := events("&body=true")["evt_old"]
		return e.Body == nil && e.Expired != nil && *e.Expired
	})
	if e := events("&body=true")["evt_young"]; len(e.Body) == 0 || e.Expired != nil {
		t.Errorf("of a young one: %s %v", e.Body, e.Expired)
	}
	if e := events("")["evt_old"]; e.Body != nil || e.Expired != nil {
		t.Errorf("not asked for: %s %v", e.Body, e.Expired)
	}
}
