package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

var replicas = map[string]func(*world){
	"a replica counts until it is silent for too long, or leaves": func(w *world) {
		equal(w, "before", w.beats(), 0)
		equal(w, "one", w.beat("a", time.Minute).Replicas, 1)
		equal(w, "two", w.beat("b", time.Minute).Replicas, 2)
		equal(w, "the same again", w.beat("b", time.Minute).Replicas, 2)
		equal(w, "one that was silent for too long", w.beat("a", 0).Replicas, 1)
		equal(w, "it is back", w.beat("a", time.Minute).Replicas, 2)
		w.ok(w.Leave(w.Context(), "a"))
		equal(w, "one left", w.beats(), 1)
		w.ok(w.Leave(w.Context(), "a"))
		w.ok(w.Leave(w.Context(), "never came"))
		equal(w, "nobody else left", w.beats(), 1)
	},
	"all replicas share a pause, and the longest one counts": func(w *world) {
		const patch, list = "clerk PATCH /v1/users/{}/metadata", "stripe GET /v1/subscriptions"
		w.beat("a", time.Minute, lockstep.Pause{Endpoint: patch, For: 10 * time.Minute},
			lockstep.Pause{Endpoint: list, For: 0})
		w.beat("b", time.Minute, lockstep.Pause{Endpoint: patch, For: time.Minute})
		fleet, err := w.Fleet(w.Context())
		w.ok(err)
		if len(fleet.Pauses) != 1 || fleet.Pauses[0].Endpoint != patch {
			w.Fatalf("pauses: %v, want just that of %s", fleet.Pauses, patch)
		}
		if left := fleet.Pauses[0].For; left <= 9*time.Minute || left > 10*time.Minute {
			w.Errorf("it lasts for another %s", left)
		}
		if diff := cmp.Diff(w.beat("c", time.Minute).Pauses[0].Endpoint, patch); diff != "" {
			w.Errorf("a beat tells otherwise: %s", diff)
		}
	},
	"many replicas at once": func(w *world) {
		const most = 8
		failed := make(chan error, most)
		for i := range most {
			go func() {
				_, err := w.Beat(w.Context(), string(rune('a'+i)), time.Minute,
					[]lockstep.Pause{{Endpoint: "stripe *", For: time.Minute}})
				failed <- err
			}()
		}
		for range most {
			w.ok(<-failed)
		}
		equal(w, "all", w.beats(), most)
	},
}

func (w *world) beat(replica string, ttl time.Duration, pauses ...lockstep.Pause) lockstep.Fleet {
	w.Helper()
	fleet, err := w.Beat(w.Context(), replica, ttl, pauses)
	w.ok(err)
	return fleet
}

// beats returns how many replicas are running.
func (w *world) beats() int {
	w.Helper()
	fleet, err := w.Fleet(w.Context())
	w.ok(err)
	return fleet.Replicas
}
