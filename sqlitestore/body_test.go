package sqlitestore_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// TestBodiesAreCompressed looks into the file, because a body that is read looks the same either way.
func TestBodiesAreCompressed(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // the test is about a body
	body := strings.Repeat(`{"object":"event"},`, 300)
	event := lockstep.Event{Source: lockstep.Stripe, ID: "evt_1", Type: "invoice.paid", Body: []byte(body)}
	delivery := lockstep.Delivery{Event: event, Mark: &lockstep.Mark{Key: customer}}
	if _, err := store.Receive(t.Context(), []lockstep.Delivery{delivery}); err != nil {
		t.Fatal(err)
	}
	db, err := sqlitestore.OpenDB(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	var size int
	if err := db.QueryRow("select length(body) from events").Scan(&size); err != nil {
		t.Fatal(err)
	}
	if size > len(body)/2 {
		t.Errorf("a body of %d bytes takes %d", len(body), size)
	}
}
