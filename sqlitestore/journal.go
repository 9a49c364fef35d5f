package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// journal makes commits durable. A commit writes to SQLite's log and does not wait for the disk
// (synchronous=NORMAL); the transaction flushes afterwards, while the next writer is at work.
// Transactions that flush at the same time share the wait, because a sync writes everything that is
// in the log:
//
//	one writer    |-- write A --|-- write B --|-- write C --|
//	its disk                    |---- sync A ----|--- sync B and C ---|
//
// Other transactions see a commit before it is durable. That is harmless: what they write follows
// it in the log, so a power failure loses the later transaction first, and no caller has been told
// yet that the earlier one is stored.
type journal struct {
	log         syncer
	files       *files
	checkpoints *checkpoints
	logger      *slog.Logger // logs the first error

	mu          sync.Mutex
	ended       sync.Cond
	begun, done uint64 // numbers of syncs; equal if none is running
	later       int    // commits since the last sync began whose callers have not waited
	failed      error  // permanent
}

// syncer is a file that can be synced to disk.
type syncer interface {
	Sync() error
	Close() error
}

// syncsPerCheckpoint is after how many syncs a checkpoint starts. With fewer checkpoints the log
// grows and the wait for the disk varies; with more, pages that soon change again are written more
// often.
const syncsPerCheckpoint = 16

// openJournal opens the log of a database that has a connection, notes which files are open, and
// syncs their directory. before is the info of the database file before the connection was made.
func openJournal(ctx context.Context, files *files, before os.FileInfo, o options) (*journal, error) {
	log, err := os.OpenFile(files.path+"-wal", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open the write-ahead log: %w", err)
	}
	if err := errors.Join(syncDirectory(filepath.Dir(files.path)), files.remember(before)); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	db, err := files.open(checkpointDSN(files.path), 1)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	// A connection that has read keeps the log from being deleted when another one closes.
	err = untilFree(ctx, func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, "select count(*) from sqlite_schema")
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close(), log.Close())
	}
	return newJournal(&journal{log: o.disk(dataFile{log}), files: files, checkpoints: &checkpoints{db: db},
		logger: o.log}), nil
}

func newJournal(j *journal) *journal {
	j.ended.L = &j.mu
	return j
}

// Flush returns when everything committed before the call is on disk, in the files that the next
// process will open. The first error is permanent until the database is opened again: some systems
// forget what they could not write, so a later sync that succeeds proves nothing, and a file that
// replaces another lacks the earlier commits.
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

// latersPerSync is how many commits may return before they are on disk; the last of them flushes. Without
// that, a server that only claims keys would not run checkpoints or notice that its disk has failed.
const latersPerSync = 16

// Later notes a commit that a power failure may undo.
func (j *journal) Later() error {
	j.mu.Lock()
	j.later++
	due := j.later >= latersPerSync
	j.mu.Unlock()
	if due {
		return j.Flush()
	}
	return j.Err()
}

// Err returns the first error of a flush.
func (j *journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failed
}

// sync runs the next sync. It releases the lock meanwhile.
func (j *journal) sync() {
	j.begun++
	j.later = 0
	j.mu.Unlock()
	fix := "check the disk, then restart Lockstep"
	err := j.log.Sync()
	if err != nil {
		err = fmt.Errorf("sync the write-ahead log: %w", err)
	} else if err = j.files.check(); err != nil {
		fix = j.files.fix()
	}
	if err != nil {
		j.logger.Error("nothing more is stored until a restart", "error", err, "fix", fix)
	}
	j.mu.Lock()
	j.done = j.begun
	j.failed = err
	j.ended.Broadcast()
	if j.done%syncsPerCheckpoint == 0 && j.failed == nil {
		j.checkpoints.begin()
	}
}

// Close closes the files. No Flush may follow.
func (j *journal) Close() error {
	return errors.Join(j.checkpoints.Close(), j.log.Close())
}

// syncDirectory makes the names in a directory durable: a synced file can still lose its name in a
// power failure.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
