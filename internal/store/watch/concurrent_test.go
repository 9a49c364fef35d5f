package watch

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
)

// TestManyReadersNeverSeeAnOlderRecord: a read that starts after a write of this process returns that write
// or a newer one, and in the end both processes read the last write.
func TestManyReadersNeverSeeAnOlderRecord(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	config, log := Config{Accounts: 2, Poll: time.Millisecond}, slog.New(slog.DiscardHandler)
	store := open(t, path)
	ours := New(store, config, log)
	theirs := New(open(t, path), config, log)
	writer := ours.Store(store)

	const writes = 60
	accounts := []lockstep.Account{alice, bob, numbered(1), numbered(2), numbered(3)}
	written := make([]atomic.Int64, len(accounts))
	for _, a := range accounts {
		save(t, writer, a, 0)
	}
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for reader := range 8 {
		readers.Go(func() {
			for n := reader; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				at := n % len(accounts)
				least := written[at].Load()
				record, err := ours.Record(t.Context(), accounts[at])
				if err != nil || record.IdentityUpdatedAt < least {
					t.Errorf("read write %d of %d: %v", record.IdentityUpdatedAt, least, err)
					return
				}
				if _, err := theirs.Record(t.Context(), accounts[at]); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range int64(writes) {
		at := int(n) % len(accounts)
		save(t, writer, accounts[at], n+1)
		written[at].Store(n + 1)
	}
	close(stop)
	readers.Wait()
	for at, a := range accounts {
		for name, w := range map[string]*Watch{"ours": ours, "theirs": theirs} {
			for limit := time.Now().Add(3 * time.Minute); ; { // the other process may lag by Poll
				record, err := w.Record(t.Context(), a)
				if err != nil || time.Now().After(limit) {
					t.Fatalf("%s reads write %d of %d: %v", name, record.IdentityUpdatedAt, written[at].Load(), err)
				}
				if record.IdentityUpdatedAt == written[at].Load() {
					break
				}
			}
		}
	}
}
