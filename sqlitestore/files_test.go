package sqlitestore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// logged is a store at path and its log.
func logged(t *testing.T, path string) (lockstep.Store, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	store, err := sqlitestore.Open(t.Context(), path, sqlitestore.Log(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	return store, &log
}

func receive(ctx context.Context, store lockstep.Store, id string) error {
	_, err := store.Receive(ctx, []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: id}}})
	return err
}

// copyFile copies a file over another one.
func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	next := to + ".next"
	return errors.Join(os.WriteFile(next, content, 0o600), os.Rename(next, to))
}

// The store acknowledges no write to a file that the next process will not find.
func TestChangedFilesAcknowledgeNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"the database is renamed": func(path string) error { return os.Rename(path, path+".old") },
		"the database is removed": os.Remove,
		"another file is moved in its place": func(path string) error {
			return errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path))
		},
		"a copy of it is moved in its place": func(path string) error { return copyFile(path, path) },
		"the log is removed":                 func(path string) error { return os.Remove(path + "-wal") },
		"the log is replaced": func(path string) error {
			return errors.Join(os.Remove(path+"-wal"), os.WriteFile(path+"-wal", nil, 0o600))
		},
		"a copy of the log is in its place": func(path string) error { return copyFile(path+"-wal", path+"-wal") },
		"the log's index is removed":        func(path string) error { return os.Remove(path + "-shm") },
		"its directory is renamed": func(path string) error {
			return os.Rename(filepath.Dir(path),
				filepath.Dir(path)+".old")
		},
		"its directory is replaced by a copy": func(path string) error {
			dir := filepath.Dir(path)
			return errors.Join(os.Rename(dir, dir+".old"), os.CopyFS(dir, os.DirFS(dir+".old")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "lockstep.db")
			store, log := logged(t, path)
			if err := errors.Join(receive(t.Context(), store, "evt_before"), store.Ping(t.Context())); err != nil {
				t.Fatal(err)
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"evt_1", "evt_1", "evt_2"} {
				if err := receive(t.Context(), store, id); err == nil {
					t.Errorf("%s was acknowledged", id)
				}
			}
			if err := store.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "docs/sqlite.md") {
				t.Errorf("ping: %v, want where to look", err)
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 ||
				!strings.Contains(log.String(), "then restart Lockstep") {
				t.Errorf("%d errors are logged, want one that says what to do:\n%s", n, log)
			}
		})
	}
}

// A store that is closed after its files were replaced does not touch the new files, although
// SQLite deletes a log by its name when it closes a database.
func TestClosingLeavesReplacedFilesAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := receive(t.Context(), store, "evt_1"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} { // an operator restores both
		if err := copyFile(name, name); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path + "-wal"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the log of the restored database is changed: %d bytes, %v", len(got), err)
	}
	again := open(t, path)
	if page, err := again.Events(t.Context(), lockstep.EventFilter{}); err != nil || len(page.Events) != 1 {
		t.Errorf("the restored database has %d events, %v", len(page.Events), err)
	}
}

// SQLite would delete a log without a database, and the last commits with it.
func TestALogWithoutItsDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lose    func(path string) error
		refused bool
	}{
		"the database is removed": {os.Remove, true},
		"the database is empty":   {func(path string) error { return os.Truncate(path, 0) }, true},
		"both are removed": {func(path string) error {
			return errors.Join(os.Remove(path),
				os.Remove(path+"-wal"))
		}, false},
		"the database is removed, empty log": {func(path string) error {
			return errors.Join(os.Remove(path),
				os.Truncate(path+"-wal", 0))
		}, false},
		"the log is moved away, as we advise": {func(path string) error {
			return errors.Join(os.Remove(path),
				os.Rename(path+"-wal", path+"-wal.old"))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "lockstep.db")
			open(t, path)
			left := filepath.Join(t.TempDir(), "lockstep.db") // as after a kill
			if err := errors.Join(copyFile(path, left), copyFile(path+"-wal", left+"-wal"), c.lose(left)); err != nil {
				t.Fatal(err)
			}
			store, err := sqlitestore.Open(t.Context(), left)
			if !c.refused {
				if err != nil {
					t.Fatal(err)
				}
				closeAfter(t, store)
				return
			}
			if err == nil {
				t.Fatal("it was opened", store.Close())
			}
			if !strings.Contains(err.Error(), "mv "+left+"-wal") {
				t.Errorf("the error does not say what to do: %v", err)
			}
			if info, err := os.Stat(left + "-wal"); err != nil || info.Size() == 0 {
				t.Errorf("the log is gone: %v", err)
			}
		})
	}
}

func TestAWorldReadableDatabaseIsReported(t *testing.T) {
	t.Parallel()
	both := []string{"", "-wal"}
	for name, c := range map[string]struct {
		mode   os.FileMode
		of     []string // the files with that mode; only the owner can read the others
		warned bool
	}{
		"all may read":                {0o644, both, true},
		"others than the group":       {0o604, both, true},
		"all may write":               {0o666, both, true},
		"others may only write":       {0o602, both, true},
		"the group may read":          {0o640, both, false},
		"its owner's":                 {0o600, both, false},
		"all may read the database":   {0o644, both[:1], true},
		"all may read the log":        {0o644, both[1:], true},
		"its owner's, and may be run": {0o700, both, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "lockstep.db")
			open(t, path)
			for _, suffix := range c.of {
				if err := os.Chmod(path+suffix, c.mode); err != nil {
					t.Fatal(err)
				}
			}
			_, log := logged(t, path)
			if got := strings.Contains(log.String(), "chmod 600 "+path+" "+path+"-wal"); got != c.warned ||
				got != strings.Contains(log.String(), "level=WARN") {
				t.Errorf("mode %o: warned %t, want %t:\n%s", c.mode, got, c.warned, log)
			}
		})
	}
}
