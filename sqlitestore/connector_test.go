package sqlitestore

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// A connection that is opened after the database was removed or replaced would read, or create,
// another database.
func TestALaterConnectionOpensNoOtherFile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"removed": os.Remove,
		"renamed": func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600))
		},
	} {
		path, _ := stored(t)
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		f := &files{path: path}
		if err := f.remember(before); err != nil {
			t.Fatal(err)
		}
		db, err := f.open(readerDSN(path), 1)
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, db)
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		if err := db.PingContext(t.Context()); err == nil {
			t.Errorf("%s: a connection was opened", name)
		}
		if info, err := os.Stat(path); name == "replaced" && (err != nil || info.Size() > 0) || name != "replaced" &&
			!errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the path has %v, %v", name, info, err)
		}
	}
}

// Opening fails if the database is replaced meanwhile.
func TestADatabaseReplacedDuringOpenIsRefused(t *testing.T) {
	t.Parallel()
	path, _ := stored(t)
	other, _ := stored(t)
	before, err := os.Stat(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&files{path: path}).remember(before); err == nil {
		t.Error("it was opened")
	}
}

// A file that is removed while a connection is being opened is not created again: a service that starts
// next would find an empty database.
func TestNoConnectionCreatesTheDatabase(t *testing.T) {
	t.Parallel()
	path, _ := stored(t)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	for name, dsn := range map[string]string{"reader": readerDSN(path), "writer": writerDSN(path, "FULL", briefly),
		"checkpoints": checkpointDSN(path)} {
		db, err := (&files{path: path}).open(dsn, 1) // nothing to compare yet
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, db)
		if err := db.PingContext(t.Context()); err == nil {
			t.Errorf("%s: a connection was opened", name)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the database is there again: %v", err)
	}
}
