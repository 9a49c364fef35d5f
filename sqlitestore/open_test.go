package sqlitestore_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func TestOpenIsRefused(t *testing.T) {
	t.Parallel()
	made := func(t *testing.T, change string) string {
		path := filepath.Join(t.TempDir(), "lockstep.db")
		if err := open(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := raw(t, path).Exec(change); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		path func(t *testing.T) string
		want []string
	}{
		"in memory":      {func(*testing.T) string { return ":memory:" }, []string{"in memory", "path of a file"}},
		"without a path": {func(*testing.T) string { return "" }, []string{"no path"}},
		"in a directory that is not there": {
			func(t *testing.T) string { return filepath.Join(t.TempDir(), "no", "lockstep.db") }, []string{"lockstep.db"}},
		"with a newer schema": {
			func(t *testing.T) string {
				return made(t, "insert into goose_db_version (version_id, is_applied) values (99, 1)")
			},
			[]string{"version 99", "this program knows only up to version", "newer lockstep"}},
		"of a damaged file": {
			func(t *testing.T) string {
				path := made(t, "with recursive n (i) as (select 1 union all select i + 1 from n where i < 500) insert into cursors select i, hex(randomblob(200)) from n")
				// Into the file, so that what was inserted stands at its end.
				if _, err := raw(t, path).Exec("pragma wal_checkpoint(truncate)"); err != nil {
					t.Fatal(err)
				}
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for i := len(content) - 40_000; i < len(content)-30_000; i++ {
					content[i] ^= 0xff
				}
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}, []string{"damaged", "restore a backup"}},
		"of a file that is no database": {
			func(t *testing.T) string {
				path := filepath.Join(t.TempDir(), "lockstep.db")
				if err := os.WriteFile(path, []byte(strings.Repeat("not a database\n", 500)), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}, []string{"not a database"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, err := sqlitestore.Open(t.Context(), c.path(t))
			if err == nil {
				t.Fatal("it was opened", store.Close())
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestPathMayHoldAnything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "50% of? us#1 & more=ü.db")
	if err := open(t, path).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestOnlyTheOwnerMayReadTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	if err := open(t, path).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", name, mode)
		}
	}
}

func TestStoresOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	var group errgroup.Group
	for range 6 {
		group.Go(func() error {
			store, err := sqlitestore.Open(t.Context(), path)
			if err != nil {
				return err
			}
			if err := store.Ping(t.Context()); err != nil {
				return err
			}
			return store.Close()
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func TestLockedDatabaseIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store := open(t, path)
	conn, err := raw(t, path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, conn)
	if _, err := conn.ExecContext(t.Context(), "begin immediate"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	mark := lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}}
	if err := store.Mark(ctx, mark); err == nil || !strings.HasPrefix(err.Error(), "mark 1 keys: ") {
		t.Errorf("while another process holds the database: %v", err)
	}
	if _, err := store.Backlog(t.Context(), 1); err != nil {
		t.Errorf("reading meanwhile: %v", err)
	}
	if _, err := conn.ExecContext(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	if err := store.Mark(t.Context(), mark); err != nil {
		t.Errorf("after it: %v", err)
	}
}
