package pgstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep"
)

const week = 7 * 24 * time.Hour

// archive is a store with events of different ages, and a claim to drop old ones.
func archive(t *testing.T, ages ...time.Duration) (url string, store lockstep.Store, claim lockstep.Claim) {
	t.Helper()
	url = fresh(t)
	store = open(t, url)
	for _, age := range ages {
		_, err := store.Receive(t.Context(), []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe,
			ID: fmt.Sprint("evt_", age), ReceivedAt: time.Now().Add(-age), Body: []byte(`{"id":"evt"}`)}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Mark(t.Context(), lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeySweep,
		ID: "retention"}}); err != nil {
		t.Fatal(err)
	}
	claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	if err != nil {
		t.Fatal(err)
	}
	return url, store, claims[0]
}

// The tables of bodies form a ring: a week that is old is dropped as a whole, one at a time, but
// never the one that the ring reaches next.
func TestBodiesAreDroppedByTheWeek(t *testing.T) {
	t.Parallel()
	url, store, claim := archive(t, 0, 5*week-time.Hour, 6*week, 20*week, 61*week, 63*week)
	for step, want := range []string{"5 true", "4 true", "3 true", "3 false"} {
		more, err := store.ExpireBodies(t.Context(), claim, 5*week)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(query(t, url, "select cast(count(*) as text) from event_bodies"), " ", more)
		if got != want {
			t.Errorf("after step %d: %s, want %s", step, got, want)
		}
	}
	if n := query(t, url, "select cast(count(*) as text) from event_bodies_kept"); n != "0" {
		t.Errorf("%s bodies were left aside", n)
	}
}

// Dropping bodies does not wait for a long reader, such as a backup: others would wait behind it.
func TestDroppingBodiesGivesWayToAReader(t *testing.T) {
	t.Parallel()
	url, store, claim := archive(t, 20*week)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	reader, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), "select from event_bodies"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ExpireBodies(t.Context(), claim, 5*week); err == nil {
		t.Error("it dropped what somebody was reading")
	}
	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if more, err := store.ExpireBodies(t.Context(), claim, 5*week); err != nil || !more {
		t.Errorf("after the reader: %v, %v", more, err)
	}
}
