package watch

import (
	"bytes"
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	alice = lockstep.Account{Kind: lockstep.User, ID: "user_alice"}
	bob   = lockstep.Account{Kind: lockstep.User, ID: "user_bob"}
)

// place is two processes over one database in virtual time: ours, with a watch, and another.
type place struct {
	*testing.T
	ours, other lockstep.Store
	source      *source
	watch       *Watch
	log         bytes.Buffer
}

// source is our store, with faults.
type source struct {
	lockstep.Store
	reads  atomic.Int64
	looks  atomic.Int64
	broken atomic.Pointer[error]          // the error of reading changes
	lag    atomic.Int64                   // how long an answer with changes takes, in nanoseconds
	read   func(account lockstep.Account) // called after an account is read, before it is returned
}

func (s *source) Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	s.reads.Add(1)
	record, err := s.Store.Account(ctx, account)
	if s.read != nil {
		s.read(account)
	}
	return record, err
}

func (s *source) ChangedSince(ctx context.Context, after int64, limit int) (lockstep.ChangedAccounts, error) {
	s.looks.Add(1)
	if err := s.broken.Load(); err != nil {
		return lockstep.ChangedAccounts{}, *err
	}
	changed, err := s.Store.ChangedSince(ctx, after, limit)
	time.Sleep(time.Duration(s.lag.Load()))
	return changed, err
}

func inBubble(t *testing.T, test func(*place)) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		p := &place{T: t, ours: open(t, path), other: open(t, path)}
		p.source = &source{Store: p.ours}
		p.watch = New(p.source, Config{}, slog.New(slog.NewTextHandler(&p.log, nil)))
		test(p)
	})
}

func open(t *testing.T, path string) lockstep.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// save writes a record that contains how often it was written.
func save(t *testing.T, store lockstep.Store, account lockstep.Account, times int64) {
	t.Helper()
	saveRecord(t, store, lockstep.Record{Account: account, Name: "Somebody", IdentityUpdatedAt: times})
}

func saveRecord(t *testing.T, store lockstep.Store, record lockstep.Record) {
	t.Helper()
	ctx := t.Context()
	if err := store.Mark(ctx, lockstep.Mark{Key: record.Account.Key()}); err != nil {
		t.Fatal(err)
	}
	claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute, MaxPriority: lockstep.Background})
	if err != nil || len(claims) != 1 {
		t.Fatalf("claimed %v: %v", claims, err)
	}
	if err := store.Save(ctx, claims[0], lockstep.AccountUpdate{Record: record}); err != nil {
		t.Fatal(err)
	}
	if err := store.Finish(ctx, claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
		t.Fatal(err)
	}
}

// times returns how often an account was written, according to the watch.
func (p *place) times(account lockstep.Account) int64 {
	p.Helper()
	record, err := p.watch.Record(p.Context(), account)
	if err != nil {
		p.Fatal(err)
	}
	return record.IdentityUpdatedAt
}

// subscribe subscribes until the test ends, and receives the first signal.
func (p *place) subscribe(account lockstep.Account) <-chan struct{} {
	changed, cancel := p.watch.Subscribe(account)
	p.Cleanup(cancel)
	synctest.Wait()
	told(changed)
	return changed
}

// told reports whether there is a signal, and receives it.
func told(changed <-chan struct{}) bool {
	select {
	case <-changed:
		return true
	default:
		return false
	}
}

// pass lets virtual time pass until all goroutines wait.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
