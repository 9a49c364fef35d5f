package sqlitestore

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// journal makes commits durable. A commit writes to SQLite's log and does not wait for the
// disk (synchronous=NORMAL); whoever committed flushes afterwards, when the next writer is
// at work already. Those who flush at once share the wait, as everything in the log before a
// sync is on disk after it:
//
//	one writer    |-- write A --|-- write B --|-- write C --|
//	its disk                    |---- sync A ----|--- sync B and C ---|
//
// A transaction is seen by others before it is durable. That is no harm: what they make of it
// follows it in the log, so that a power failure loses the later first; and nobody
// was told yet that the earlier is stored.
type journal struct {
	log         syncer
	checkpoints *checkpoints

	mu          sync.Mutex
	ended       sync.Cond
	begun, done uint64 // syncs; equal: none is under way
	failed      error  // once and for all
}

// syncer is a file of which what was written can be brought to the disk.
type syncer interface {
	Sync() error
	Close() error
}

// present is a file that must still be the one at its path: to sync one that was deleted
// brings nothing to the disk that anybody finds again.
type present struct {
	syncer
	path string
	same os.FileInfo
}

func (p *present) Sync() error {
	err := p.syncer.Sync()
	if err != nil {
		return err
	}
	now, err := os.Stat(p.path)
	if err == nil && !os.SameFile(now, p.same) {
		err = fmt.Errorf("%s is another file than before", p.path)
	}
	return err
}

// syncsPerCheckpoint is after how many syncs a checkpoint begins. Fewer make the log long
// and the wait for the disk uneven, more write pages again that soon change again.
const syncsPerCheckpoint = 16

// openJournal opens the log of a database that has a connection, and makes sure that the
// directory knows its files.
func openJournal(path string, disk func(syncer) syncer) (*journal, error) {
	log, err := os.OpenFile(path+"-wal", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open the write-ahead log: %w", err)
	}
	if err := syncDirectory(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	db, err := sql.Open("sqlite", checkpointDSN(path))
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	db.SetMaxOpenConns(1)
	// A connection that has read keeps the log from being deleted when another one closes.
	if _, err := db.Exec("select count(*) from sqlite_schema"); err != nil { //nolint:noctx // a row or two
		return nil, errors.Join(err, db.Close(), log.Close())
	}
	same, err := log.Stat()
	if err != nil {
		return nil, errors.Join(err, db.Close(), log.Close())
	}
	return newJournal(&present{disk(dataFile{log}), log.Name(), same}, &checkpoints{db: db}), nil
}

func newJournal(log syncer, checkpoints *checkpoints) *journal {
	j := &journal{log: log, checkpoints: checkpoints}
	j.ended.L = &j.mu
	return j
}

// Flush returns when everything that was committed before it began is on disk. After an
// error nobody knows what is: some systems take for written what they could not write, so
// that a later sync would say that all is well. Therefore the first one stays.
func (j *journal) Flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for need := j.begun + 1; j.done < need && j.failed == nil; {
		if j.begun == j.done {
			j.sync()
		} else {
			j.ended.Wait()
		}
	}
	return errors.Join(j.failed, j.checkpoints.failure())
}

// sync begins the next sync and waits for it, with the lock released meanwhile.
func (j *journal) sync() {
	j.begun++
	j.mu.Unlock()
	err := j.log.Sync()
	j.mu.Lock()
	j.done = j.begun
	if err != nil {
		j.failed = fmt.Errorf("bring what was committed to the disk: %w; start again when the disk is well", err)
	}
	j.ended.Broadcast()
	if j.done%syncsPerCheckpoint == 0 && j.failed == nil {
		j.checkpoints.begin()
	}
}

// Close closes the files; nobody flushes any more.
func (j *journal) Close() error {
	return errors.Join(j.checkpoints.Close(), j.log.Close())
}

// syncDirectory makes the names in a directory durable: a file of which the content is on
// disk may still be one without a name.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
