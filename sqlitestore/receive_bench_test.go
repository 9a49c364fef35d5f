package sqlitestore_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// BenchmarkReceive stores deliveries of 5 KB, so many in a transaction; its figures are
// those of one delivery.
func BenchmarkReceive(b *testing.B) {
	for _, batch := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			store, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close() //nolint:errcheck // the benchmark is over
			body := bytes.Repeat([]byte(`{"a": "0123456789abcdef"} `), 200)
			b.ReportAllocs()
			for done := 0; done < b.N; done += batch {
				deliveries := make([]lockstep.Delivery, batch)
				for i := range deliveries {
					n := done + i
					deliveries[i] = lockstep.Delivery{
						Event: lockstep.Event{Source: lockstep.Stripe, ID: fmt.Sprintf("evt_1%08dJDPojXS6LN%06d", n, n*7919%1000003),
							Type:   "customer.subscription.updated",
							Origin: lockstep.Delivered, ObjectID: fmt.Sprintf("sub_%024d", n), CustomerID: fmt.Sprintf("cus_%014d",
								n%20000), APIVersion: "2026-08-26.dahlia", Body: body},
						Mark: &lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: fmt.Sprintf("cus_%014d", n%20000)},
							Scope: lockstep.ScopeSubscriptions, Priority: lockstep.Normal},
					}
				}
				if _, err := store.Receive(b.Context(), deliveries); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
