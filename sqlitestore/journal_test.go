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

// slowDisk is a file whose syncs end when they are told how.
type slowDisk struct {
	begun chan struct{}
	end   chan error
}

func (d *slowDisk) Sync() error {
	d.begun <- struct{}{}
	return <-d.end
}

func (d *slowDisk) Close() error { return nil }

// flushing is a journal on a slow disk, and the flushes of which it has not ended yet.
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

// flush has one flush more begin.
func (f *flushing) flush(name string) {
	go func() {
		err := f.Flush()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.ended[name] = err
	}()
	synctest.Wait()
}

// expect sees that so many syncs have begun and that just these flushes have ended.
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
func TestTheNextOneCommitsBeforeTheDiskHasAnswered(t *testing.T) {
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

// A sync that was under way when somebody committed may have passed by what they wrote. Those
// who wait meanwhile share the next one.
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

// After a sync that failed, one that succeeds proves nothing.
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

// brokenDisk is a log that cannot be synced once it is broken, and can again after that.
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

// Nobody is told that something is stored from then on, nor that the store is well.
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

// A checkpoint that fails is told to one who flushes, since nobody else would hear of it.
func TestFailedCheckpointIsTold(t *testing.T) {
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

// journalOf is one more journal of a database that is open.
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

// powerless is a log of which a copy is kept as it was synced last: what is left when
// the power fails, where the file system keeps nothing else.
type powerless struct {
	syncer
	path string

	mu   sync.Mutex
	left []byte
}

func (p *powerless) Sync() error {
	// What is written while it syncs may be left or not.
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

// after returns the path of a copy of the database as it was left: its file as it was before, and the log.
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

// What was acknowledged is left when the power fails just then: also a duplicate, of
// which the first is not on disk yet.
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
	file, err := os.ReadFile(path) // no checkpoint changes it: there are too few syncs
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

// What stands in the log is copied into the database now and then, so that the log begins
// anew instead of growing.
func TestCheckpointsCopyTheLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil { // leaves the tables in the database
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
