package sqlitestore

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/lockstep-dev/lockstep"
)

// slowDisk is a file whose syncs end when the test says so.
type slowDisk struct {
	begun chan struct{}
	end   chan error
}

func (d *slowDisk) Sync() error {
	d.begun <- struct{}{}
	return <-d.end
}

func (d *slowDisk) Close() error { return nil }

// flushing is a journal on a slow disk, and its flushes that have not ended.
type flushing struct {
	*journal
	disk *slowDisk

	mu    sync.Mutex
	ended map[string]error
}

func newFlushing() *flushing {
	disk := &slowDisk{begun: make(chan struct{}, 100), end: make(chan error)}
	return &flushing{journal: newJournal(&journal{log: disk, files: &files{}, checkpoints: &checkpoints{},
		logger: slog.New(slog.DiscardHandler)}), disk: disk, ended: map[string]error{}}
}

// flush starts another flush.
func (f *flushing) flush(name string) {
	go func() {
		err := f.Flush()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.ended[name] = err
	}()
	synctest.Wait()
}

// expect checks the number of started syncs, and that exactly these flushes have ended.
func (f *flushing) expect(t *testing.T, syncs int, ended ...string) {
	t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.disk.begun) != syncs {
		t.Errorf("%d syncs have begun, want %d", len(f.disk.begun), syncs)
	}
	for _, name := range ended {
		if err, has := f.ended[name]; !has || err != nil {
			t.Errorf("flush %s: ended %t, error %v", name, has, err)
		}
	}
	if len(f.ended) != len(ended) {
		t.Errorf("ended: %v, want %v", f.ended, ended)
	}
}

// The next transaction commits while the first one waits for the disk. Neither returns before the disk
// has answered.
func TestTheNextTransactionCommitsBeforeTheDiskHasAnswered(t *testing.T) {
	t.Parallel()
	var disk *slowDisk
	store, err := open(t.Context(), filepath.Join(t.TempDir(), "lockstep.db"), func(o *options) {
		o.disk = func(log syncer) syncer {
			disk = &slowDisk{begun: make(chan struct{}, 100), end: make(chan error, 1)}
			disk.end <- nil // what opening it has written
			return disk
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	<-disk.begun
	ended := make(chan error)
	receive := func(id string) {
		_, err := store.Receive(t.Context(), []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: id}}})
		ended <- err
	}
	go receive("evt_1")
	<-disk.begun
	go receive("evt_2")
	for stored := 0; stored < 2; { // a reader sees commits that are not on disk yet
		page, err := store.Events(t.Context(), lockstep.EventFilter{})
		if err != nil {
			t.Fatal(err)
		}
		stored = len(page.Events)
	}
	select {
	case err := <-ended:
		t.Fatalf("it ended with %v before the disk had answered", err)
	default:
	}
	disk.end <- nil
	disk.end <- nil
	if err := errors.Join(<-ended, <-ended, store.Close()); err != nil {
		t.Error(err)
	}
}

// A sync that was running during a commit may have missed it. Flushes that wait meanwhile share the
// next sync.
func TestFlushWaitsForASyncThatBeginsAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFlushing()
		f.flush("A")
		f.expect(t, 1)
		f.flush("B")
		f.flush("C")
		f.expect(t, 1)
		f.disk.end <- nil
		f.expect(t, 2, "A")
		f.flush("D")
		f.expect(t, 2, "A")
		f.disk.end <- nil
		f.expect(t, 3, "A", "B", "C")
		f.disk.end <- nil
		f.expect(t, 3, "A", "B", "C", "D")
	})
}

// After a failed sync, a later one that succeeds proves nothing.
func TestFailedSyncIsTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFlushing()
		broken := errors.New("broken")
		f.flush("A")
		f.flush("B")
		f.disk.end <- broken
		f.flush("C")
		synctest.Wait()
		for _, name := range []string{"A", "B", "C"} {
			if err := f.ended[name]; !errors.Is(err, broken) {
				t.Errorf("flush %s: got %v", name, err)
			}
		}
		if len(f.disk.begun) != 1 {
			t.Errorf("%d syncs, want one", len(f.disk.begun))
		}
	})
}

// brokenDisk is a log whose syncs fail while it is broken, and succeed again after that.
type brokenDisk struct {
	syncer
	breaks atomic.Bool
}

func (d *brokenDisk) Sync() error {
	if d.breaks.Swap(false) {
		return errors.New("broken")
	}
	return d.syncer.Sync()
}

// From then on, no write is acknowledged, and Ping fails.
func TestStoreWhoseDiskFailsAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	disk := &brokenDisk{}
	store, err := Open(t.Context(), filepath.Join(t.TempDir(), "lockstep.db"), func(o *options) {
		o.disk = func(log syncer) syncer {
			disk.syncer = log
			return disk
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	if err := store.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	disk.breaks.Store(true)
	delivery := []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1"}}}
	for n := range 3 {
		if receipts, err := store.Receive(t.Context(), delivery); err == nil {
			t.Errorf("delivery %d was acknowledged: %v", n+1, receipts)
		}
	}
	if err := store.Ping(t.Context()); err == nil {
		t.Error("the store says that it is well")
	}
}

// The next flush returns the error of a failed checkpoint, because no caller waits for the
// checkpoint itself.
func TestFailedCheckpointIsReported(t *testing.T) {
	t.Parallel()
	path, _ := stored(t)
	log := journalOf(t, path)
	if err := log.checkpoints.db.Close(); err != nil {
		t.Fatal(err)
	}
	for n := range syncsPerCheckpoint {
		if err := log.Flush(); err != nil {
			t.Fatalf("flush %d: %v", n+1, err)
		}
	}
	log.checkpoints.running.Wait()
	if err := log.Flush(); err == nil {
		t.Error("the failure was not told")
	}
	if err := log.Flush(); err != nil {
		t.Errorf("it was told twice: %v", err)
	}
}

// journalOf opens another journal of an open database.
func journalOf(t *testing.T, path string) *journal {
	t.Helper()
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := openJournal(t.Context(), &files{path: path}, before,
		options{disk: func(s syncer) syncer { return s }, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, log)
	return log
}

// powerless is a log that keeps a copy of its last synced state: what a power failure leaves if the
// file system keeps nothing else.
type powerless struct {
	syncer
	path string

	mu   sync.Mutex
	left []byte
}

func (p *powerless) Sync() error {
	// What is written during a sync may survive or not.
	left, err := os.ReadFile(p.path)
	if err != nil {
		return err
	}
	if err := p.syncer.Sync(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = left
	return nil
}

// after returns the path of a copy of the database after the power failure: its file as before, and
// the synced log.
func (p *powerless) after(t *testing.T, file []byte) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	path := filepath.Join(t.TempDir(), "left.db")
	for name, content := range map[string][]byte{path: file, path + "-wal": p.left} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// A power failure right after an acknowledgement loses nothing, not even a duplicate whose first
// delivery is not on disk yet.
func TestPowerFailureLosesNoAcknowledgedEvent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	var disk *powerless
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
	file, err := os.ReadFile(path) // too few syncs for a checkpoint to change it
	if err != nil {
		t.Fatal(err)
	}
	var senders sync.WaitGroup
	for sender := range 4 {
		senders.Go(func() {
			for n := range 3 {
				id := fmt.Sprintf("evt_%d", (sender/2)*100+n) // each from two senders
				_, err := store.Receive(t.Context(), []lockstep.Delivery{{
					Event: lockstep.Event{Source: lockstep.Stripe, ID: id, Body: make([]byte, 5000)},
					Mark:  &lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}},
				}})
				if err != nil {
					t.Error(err)
					return
				}
				var stored int
				if err := openRaw(t, readerDSN(disk.after(t, file))).QueryRow(
					"select count(*) from events join work using (key) where id = ?", id).Scan(&stored); err != nil || stored != 1 {
					t.Errorf("%s was acknowledged and is lost (%d, %v)", id, stored, err)
				}
			}
		})
	}
	senders.Wait()
}

// Checkpoints copy the log into the database from time to time, so the log starts over instead of
// growing.
func TestCheckpointsCopyTheLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil { // so that the tables are in the database file
		t.Fatal(err)
	}
	if store, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	if err := store.Mark(t.Context(), lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer,
		ID: "cus_1"}}); err != nil {
		t.Fatal(err)
	}
	log := journalOf(t, path)
	without := func() (marked int) {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		alone := filepath.Join(t.TempDir(), "alone.db")
		if err := os.WriteFile(alone, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openRaw(t, readerDSN(alone)).QueryRow("select count(*) from work").Scan(&marked); err != nil {
			t.Fatal(err)
		}
		return marked
	}
	for n := range syncsPerCheckpoint {
		if marked := without(); marked != 0 {
			t.Fatalf("after %d syncs %d keys are in the database", n, marked)
		}
		if err := log.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	log.checkpoints.running.Wait()
	if marked := without(); marked != 1 {
		t.Errorf("after a checkpoint %d keys are in the database, want one", marked)
	}
}
