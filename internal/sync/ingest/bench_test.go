package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// overlapping is a store that declares another overlap than its own.
type overlapping struct {
	lockstep.Store
	overlap int
}

func (o overlapping) Overlap() int { return o.overlap }

// BenchmarkDeliver delivers events of 5 KB from several senders at once, with different numbers of
// transactions that overlap. Its figures are those of one delivery.
func BenchmarkDeliver(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		overlaps(b, func(b *testing.B) (lockstep.Store, error) {
			return sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"))
		})
	})
	b.Run("postgres", func(b *testing.B) {
		cluster, databases := pgtest.Own(b), 0
		overlaps(b, func(b *testing.B) (lockstep.Store, error) {
			databases++
			name := fmt.Sprint("bench", databases)
			if err := cluster.Exec("postgres", "create database "+name+" template template0"); err != nil {
				return nil, err
			}
			return pgstore.Open(b.Context(), cluster.URL(name))
		})
	})
}

// overlaps measures stores that open opens.
func overlaps(b *testing.B, open func(*testing.B) (lockstep.Store, error)) {
	for _, senders := range []int{1, 16, 64} {
		for _, overlap := range []int{1, 2, 3} {
			b.Run(fmt.Sprintf("senders=%d/overlap=%d", senders, overlap), func(b *testing.B) {
				store, err := open(b)
				if err != nil {
					b.Fatal(err)
				}
				defer store.Close() //nolint:errcheck // the benchmark is over
				deliverAll(b, New(overlapping{store, overlap}, func() {}), senders)
			})
		}
	}
}

// deliverAll delivers b.N events.
func deliverAll(b *testing.B, intake *Intake, senders int) {
	endpoint := &Endpoint{Intake: intake, Log: slog.New(slog.DiscardHandler), Source: Source{
		Name:   lockstep.Stripe,
		Verify: func(http.Header, []byte, time.Time) error { return nil },
		Read: func(_ http.Header, body []byte) (hint lockstep.Hint, err error) {
			var e struct{ ID string }
			err = json.NewDecoder(bytes.NewReader(body)).Decode(&e)
			hint.Event = lockstep.Event{Source: lockstep.Stripe, ID: e.ID, Type: "invoice.paid",
				CustomerID: "cus_" + e.ID[max(0, len(e.ID)-4):], Body: body}
			return hint, err
		}}}
	filler := strings.Repeat(`"0123456789abcdef", `, 250) + `""]}`
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				body := fmt.Sprintf(`{"id":"evt_%020d","lines":[`, n) + filler
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/webhooks/stripe", strings.NewReader(body))
				w := httptest.NewRecorder()
				if endpoint.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Errorf("event %d was answered %d", n, w.Code)
				}
			}
		})
	}
	sending.Wait()
}
