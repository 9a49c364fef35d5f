package watch

import (
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
)

// TestMemoryIsAsMuchAsIsSaid fills the memory with accounts from a real database, and measures it.
func TestMemoryIsAsMuchAsIsSaid(t *testing.T) { // not parallel: the memory of other tests would count
	const subscriptions, perPart = 250, 500
	store := open(t, sqlitetest.Path(t))
	record := lockstep.Record{Account: alice, CustomerID: "cus_0123456789abcd"}
	for n := range subscriptions {
		record.Subscriptions = append(record.Subscriptions,
			lockstep.Subscription{ID: fmt.Sprintf("sub_0123456789abcdef%06d", n),
				CustomerID: record.CustomerID, Status: "active", CreatedAt: time.Unix(1, 0), Items: []lockstep.Item{{
					ID: fmt.Sprintf("si_0123456789%06d", n), PriceID: "price_0123456789abcdefghij", LookupKey: "pro_monthly",
					ProductID: "prod_0123456789abcd", Quantity: 1, PeriodStart: time.Unix(1, 0), PeriodEnd: time.Unix(2, 0)}}})
	}
	saveRecord(t, store, record)
	for _, c := range []struct {
		name    string
		account lockstep.Account
		reads   int
	}{
		{"many subscriptions", alice, 4},
		{"nothing bought", bob, 4 * subscriptions},
	} {
		if c.account == bob {
			saveRecord(t, store, lockstep.Record{Account: bob})
		}
		least := int64(math.MaxInt64)
		for range 5 { // other allocations, as in the driver, can only add
			least = min(least, weigh(t, store, c.account, c.reads))
		}
		t.Logf("%s: %d bytes a part", c.name, least)
		if least > perPart {
			t.Errorf("%s: a part takes %d bytes", c.name, least)
		}
	}
}

// weigh keeps n copies of an account, and returns the bytes per part.
func weigh(t *testing.T, store lockstep.Store, account lockstep.Account, copies int) int64 {
	t.Helper()
	w := New(store, Config{Accounts: 100_000}, slog.New(slog.DiscardHandler))
	before := heap()
	for n := range copies {
		r, err := store.Account(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		e := &Entry{Record: lean(r), parts: partsOf(r)}
		if !agrees(t, e, e.Record, time.Now()) { // keeps all its answers
			t.FailNow()
		}
		w.kept.put(numbered(n), e)
	}
	bytes := int64(heap()) - int64(before)
	parts := int64(w.kept.held())
	runtime.KeepAlive(w)
	return bytes / parts
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
