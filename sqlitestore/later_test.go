package sqlitestore

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// countingDisk counts syncs.
type countingDisk struct {
	syncer
	syncs atomic.Int64
}

func (d *countingDisk) Sync() error {
	d.syncs.Add(1)
	return d.syncer.Sync()
}

// A claim and the end of a run do not wait for the disk, but the log is synced from time to time.
func TestClaimsDoNotWaitForTheDisk(t *testing.T) {
	t.Parallel()
	disk := &countingDisk{}
	store, err := open(t.Context(), filepath.Join(t.TempDir(), "lockstep.db"), func(o *options) {
		o.disk = func(log syncer) syncer {
			disk.syncer = log
			return disk
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	key := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}
	run := func() {
		if err := store.Mark(t.Context(), lockstep.Mark{Key: key}); err != nil {
			t.Fatal(err)
		}
		claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
			MaxPriority: lockstep.Background})
		if err != nil || len(claims) != 1 {
			t.Fatal(claims, err)
		}
		if err := store.Finish(t.Context(), claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
			t.Fatal(err)
		}
	}
	before := disk.syncs.Load()
	run()
	if syncs := disk.syncs.Load() - before; syncs != 1 {
		t.Errorf("a mark, a claim and its end were synced %d times, want once", syncs)
	}
	before = disk.syncs.Load()
	for range latersPerSync {
		if _, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	if syncs := disk.syncs.Load() - before; syncs != 1 {
		t.Errorf("%d claims were synced %d times, want once", latersPerSync, syncs)
	}
}

// losing is a store on a disk that keeps only what was synced, and its file from before.
func losing(t *testing.T) (store lockstep.Store, disk *powerless, file []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store, err := Open(t.Context(), path, func(o *options) {
		o.disk = func(log syncer) syncer {
			disk = &powerless{syncer: log, path: path + "-wal"}
			return disk
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	if file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return store, disk, file
}

// claim claims what is due.
func claim(t *testing.T, store lockstep.Store) []lockstep.Claim {
	t.Helper()
	claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 10, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// After a power failure that undoes a claim and the end of its run, the key is due again with its events.
func TestAPowerFailureRepeatsARun(t *testing.T) {
	t.Parallel()
	store, disk, file := losing(t)
	key := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}
	_, err := store.Receive(t.Context(), []lockstep.Delivery{{Mark: &lockstep.Mark{Key: key},
		Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1"}}})
	if err != nil {
		t.Fatal(err)
	}
	claims := claim(t, store)
	if len(claims) != 1 {
		t.Fatalf("claimed %+v", claims)
	}
	if err := store.Finish(t.Context(), claims[0], lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
		t.Fatal(err)
	}
	left, err := Open(t.Context(), disk.after(t, file))
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, left)
	if again := claim(t, left); len(again) != 1 || again[0].Key != key {
		t.Errorf("claimed %+v", again)
	}
	page, err := left.Events(t.Context(), lockstep.EventFilter{})
	if err != nil || len(page.Events) != 1 || page.Events[0].Status != lockstep.EventPending {
		t.Errorf("events %+v, %v", page, err)
	}
}

// After a power failure, a record that a run has saved is there with the run's claim.
func TestAClaimReachesTheDiskBeforeWhatItsRunWrites(t *testing.T) {
	t.Parallel()
	store, disk, file := losing(t)
	account := lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	if err := store.Mark(t.Context(), lockstep.Mark{Key: account.Key()}); err != nil {
		t.Fatal(err)
	}
	claims := claim(t, store)
	if len(claims) != 1 {
		t.Fatalf("claimed %+v", claims)
	}
	if err := store.Save(t.Context(), claims[0], lockstep.AccountUpdate{Record: lockstep.Record{Account: account,
		State: lockstep.AccountActive}}); err != nil {
		t.Fatal(err)
	}
	left, err := Open(t.Context(), disk.after(t, file))
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, left)
	if _, err := left.Account(t.Context(), account); err != nil {
		t.Error(err)
	}
	if work, err := left.Work(t.Context(), account.Key()); err != nil || work.Attempts != 1 || work.LeaseUntil.IsZero() {
		t.Errorf("got %+v, %v", work, err)
	}
}
