package sqlitestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// filled returns a database that takes several steps to copy.
func filled(t *testing.T) (path string) {
	t.Helper()
	path = sqlitetest.Path(t)
	db := raw(t, path)
	_, err := db.Exec("with recursive n (i) as (select 1 union all select i + 1 from n where i < 4000) insert into cursors select i, hex(randomblob(2000)) from n")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// backUp is the process that makes a backup. With "half" it stops within the copy, until it is killed.
func backUp(path, where string) {
	said := false
	report, err := sqlitestore.Backup(context.Background(), sqlitestore.BackupConfig{From: path, To: path + ".backup",
		Progress: func(phase string, done, total int64) {
			if (where == phase || where == "half" && done > 0 && done < total) && !said {
				said = true
				fmt.Println("now")
				_, _ = bufio.NewReader(os.Stdin).ReadByte()
			}
		}})
	exitOn(err)
	fmt.Println(report.Rows["events"])
}

// A process that dies during a backup leaves no backup, and no damage. The next backup succeeds.
func TestAKilledBackupLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"half", "checking the copy"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			path := filled(t)
			store := open(t, path)
			cmd := process(t, "backup", path)
			cmd.Env = append(cmd.Env, operationVariable+"="+where)
			hold, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = hold.Close() }()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if said, err := bufio.NewReader(out).ReadString('\n'); said != "now\n" {
				t.Fatalf("%q, %v", said, err)
			}
			to := sqlitestore.BackupConfig{From: path, To: path + ".backup"}
			if _, err := sqlitestore.Backup(t.Context(), to); err == nil || !strings.Contains(err.Error(), "another backup") {
				t.Errorf("two backups to one file at once: %v", err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed
			if _, err := os.Stat(to.To); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file is there: %v", err)
			}
			if err := receive(t.Context(), store, "evt_after"); err != nil {
				t.Errorf("the service: %v", err)
			}
			report, err := sqlitestore.Backup(t.Context(), to)
			if err != nil || report.Rows["events"] != 1 || report.Rows["cursors"] != 4000 {
				t.Errorf("%+v, %v", report, err)
			}
			holdsOnly(t, filepath.Dir(path), "lockstep.db", "lockstep.db-shm", "lockstep.db-wal", "lockstep.db.backup")
		})
	}
}

// holdsOnly checks the names of the files in a folder.
func holdsOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("the folder has %v, want %v", got, names)
	}
}

// Another process makes backups while this one writes. Each holds all that was acknowledged before it began.
func TestABackupUnderLoadHoldsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	path := filled(t)
	store := open(t, path)
	var acked [4]atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var writers errgroup.Group
	for i := range acked {
		writers.Go(func() error {
			for n := 0; ctx.Err() == nil; n++ {
				if err := receive(t.Context(), store, fmt.Sprintf("evt_%d_%d", i, n)); err != nil {
					return err
				}
				acked[i].Add(1)
			}
			return nil
		})
	}
	for round := range 3 {
		for acked[0].Load() < int64(round+1)*50 {
			time.Sleep(time.Millisecond)
		}
		var before [4]int64
		for i := range acked {
			before[i] = acked[i].Load()
		}
		if out, err := process(t, "backup", path).CombinedOutput(); err != nil {
			t.Fatalf("%s %v", out, err)
		}
		stored := idsIn(t, path+".backup")
		for i, n := range before {
			for at := range n {
				if id := fmt.Sprintf("evt_%d_%d", i, at); !stored[id] {
					t.Fatalf("round %d: %s of %d acknowledged events of its writer is missing", round, id, n)
				}
			}
		}
		if err := os.Remove(path + ".backup"); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := writers.Wait(); err != nil {
		t.Fatal(err)
	}
}

// idsIn returns the ids of the events in a backup.
func idsIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	db := raw(t, "file:"+path+"?immutable=1")
	defer func() { _ = db.Close() }() // it was only read
	rows, err := db.Query("select id from events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	ids := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids[id] = true
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return ids
}

// The steps of a backup see one moment, whatever is written between them: they never start again.
func TestABackupIsOneMoment(t *testing.T) {
	t.Parallel()
	path := filled(t)
	store := open(t, path)
	steps, last := 0, int64(0)
	report, err := sqlitestore.Backup(t.Context(), sqlitestore.BackupConfig{From: path, To: path + ".backup",
		Progress: func(phase string, done, _ int64) {
			if phase != "copying pages" {
				return
			}
			if done <= last {
				t.Errorf("after %d pages it has %d", last, done)
			}
			last = done
			steps++
			if err := receive(t.Context(), store, fmt.Sprint("evt_", steps)); err != nil {
				t.Error(err)
			}
		}})
	if err != nil || steps < 3 || report.Rows["events"] != 0 {
		t.Errorf("%+v after %d steps, %v", report, steps, err)
	}
	info, err := os.Stat(path + ".backup")
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != report.Bytes {
		t.Errorf("%v, %v", info, err)
	}
}

func TestABackupIsRefused(t *testing.T) {
	t.Parallel()
	path := filled(t)
	dir := t.TempDir()
	write := func(name string) string {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("kept"), 0o644); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	foreign := filepath.Join(dir, "foreign.db")
	if _, err := raw(t, foreign).Exec("create table t (i)"); err != nil {
		t.Fatal(err)
	}
	exists, used := write("exists"), filepath.Join(dir, "used")
	write("used-wal")
	for name, c := range map[string]struct {
		config sqlitestore.BackupConfig
		want   string
	}{
		"of no database":         {sqlitestore.BackupConfig{From: filepath.Join(dir, "none"), To: filepath.Join(dir, "a")}, "there is no database"},
		"of a foreign database":  {sqlitestore.BackupConfig{From: foreign, To: filepath.Join(dir, "a")}, "not a database of Lockstep"},
		"of what is no database": {sqlitestore.BackupConfig{From: exists, To: filepath.Join(dir, "a")}, "not a database"},
		"over a file":            {sqlitestore.BackupConfig{From: path, To: exists}, "exists; choose another name"},
		"over itself":            {sqlitestore.BackupConfig{From: path, To: path, Replace: true}, "the database itself"},
		"over a folder":          {sqlitestore.BackupConfig{From: path, To: dir, Replace: true}, "not a regular file"},
		"over one that is used":  {sqlitestore.BackupConfig{From: path, To: used, Replace: true}, "used-wal belongs to another database"},
		"into no folder":         {sqlitestore.BackupConfig{From: path, To: filepath.Join(dir, "no", "a")}, "no such file"},
	} {
		if _, err := sqlitestore.Backup(t.Context(), c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if text, err := os.ReadFile(exists); err != nil || string(text) != "kept" {
		t.Errorf("the file has %q, %v", text, err)
	}
	holdsOnly(t, dir, "exists", "foreign.db", "used-wal")
	report, err := sqlitestore.Backup(t.Context(), sqlitestore.BackupConfig{From: path, To: exists, Replace: true})
	if info, _ := os.Stat(exists); err != nil || info.Size() != report.Bytes || info.Mode().Perm() != 0o600 {
		t.Errorf("with consent: %+v, %v", report, err)
	}
}

// A damaged database does not replace a good backup.
func TestADamagedDatabaseReplacesNoBackup(t *testing.T) {
	t.Parallel()
	path := filled(t)
	to := sqlitestore.BackupConfig{From: path, To: path + ".backup", Replace: true}
	good, err := sqlitestore.Backup(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(content) - 300_000; i < len(content)-295_000; i++ {
		content[i] ^= 0xff
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlitestore.Backup(t.Context(), to); err == nil || !strings.Contains(err.Error(), "damaged") &&
		!strings.Contains(err.Error(), "malformed") {
		t.Errorf("the damage: %v", err)
	}
	if info, err := os.Stat(to.To); err != nil || info.Size() != good.Bytes {
		t.Errorf("the good backup: %v, %v", info, err)
	}
	holdsOnly(t, filepath.Dir(path), "lockstep.db", "lockstep.db.backup")
}
