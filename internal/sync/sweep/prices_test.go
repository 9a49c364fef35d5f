package sweep

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func TestEachRunForPricesChangesTheCursor(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	seen := map[string]bool{"": true}
	for range 3 {
		if err := store.Mark(t.Context(), lockstep.Mark{Key: sweepPrices}); err != nil {
			t.Fatal(err)
		}
		claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
			MaxPriority: lockstep.Background})
		if err != nil || len(claims) != 1 {
			t.Fatal(claims, err)
		}
		result, err := (&Sweeps{Store: store}).Reconcile(t.Context(), claims[0])
		if err != nil || result.After != 0 {
			t.Fatalf("the run returned %v, %v; only an event repeats it", result, err)
		}
		cursor, err := store.Cursor(t.Context(), lockstep.PricesSweep)
		if err != nil || seen[cursor] {
			t.Errorf("the cursor is %q again, %v", cursor, err)
		}
		seen[cursor] = true
		if err := store.Finish(t.Context(), claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
			t.Fatal(err)
		}
	}
}
