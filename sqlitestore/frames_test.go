package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// file is a file that frames are written to.
type file struct {
	frames
	bytes []byte
	calls []int // how long each write was
	code  int32 // what writes return
}

func newFile() *file {
	f := &file{}
	f.frames = frames{bytes: make([]byte, 0, most), write: func(what []byte, at int64) int32 {
		f.calls = append(f.calls, len(what))
		if f.code == ok {
			f.bytes = append(f.bytes, make([]byte, max(0, int(at)+len(what)-len(f.bytes)))...)
			copy(f.bytes[at:], what)
		}
		return f.code
	}}
	return f
}

// header is that of a frame.
func header(n byte, final bool) []byte {
	h := bytes.Repeat([]byte{n}, headerSize)
	copy(h[4:], []byte{0, 0, 0, 0})
	if final {
		h[7] = 1
	}
	return h
}

// A transaction is written in one call, and as soon as it is whole: SQLite tells others
// that it is there when it has got it.
func TestTheFramesOfATransactionAreWrittenTogether(t *testing.T) {
	t.Parallel()
	f, want := newFile(), []byte(nil)
	put := func(what []byte) {
		t.Helper()
		if code := f.put(what, int64(len(want))); code != ok {
			t.Fatalf("code %d", code)
		}
		want = append(want, what...)
	}
	put(bytes.Repeat([]byte{9}, 32)) // the log's own header
	for n := range byte(5) {
		put(header(n, n == 4))
		if calls := len(f.calls); calls != 1 {
			t.Errorf("%d calls before the last page", calls)
		}
		put(bytes.Repeat([]byte{100 + n}, 4096))
	}
	if !slices.Equal(f.calls, []int{32, 5 * (headerSize + 4096)}) || !bytes.Equal(f.bytes, want) {
		t.Errorf("written in parts of %d; as it should be: %t", f.calls, bytes.Equal(f.bytes, want))
	}
	put(header(1, true))
	put(bytes.Repeat([]byte{1}, 512))
	if !bytes.Equal(f.bytes, want) {
		t.Error("the next transaction is not written")
	}
}

// Whatever is written where, of every size, the file is in the end as if each had been written by
// itself; and so it is whenever a transaction is whole, or somebody is to look at it.
func TestFramesAreWrittenWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test
		f, plain := newFile(), newFile()
		at, page := int64(0), []int{512, 4096, 16384}[random.IntN(3)]
		for n := range 150 {
			what, whole := bytes.Repeat([]byte{byte(n)}, page), false
			switch random.IntN(20) {
			case 0: // not where it ended
				at = random.Int64N(1 << 18)
			case 1: // something else
				what = what[:1+random.IntN(page-1)]
			case 2: // a header without a page
				what = header(byte(n), random.IntN(2) == 0)
			case 3:
				whole = f.flush() == ok
				what = nil
			default:
				h := header(byte(n), random.IntN(10) == 0)
				if f.put(h, at) != ok || plain.write(h, at) != ok {
					t.Fatal("not written")
				}
				at, whole = at+headerSize, binary.BigEndian.Uint32(h[4:]) != 0
			}
			if len(what) > 0 && (f.put(what, at) != ok || plain.write(what, at) != ok) {
				t.Fatal("not written")
			}
			at += int64(len(what))
			if whole && !bytes.Equal(f.bytes, plain.bytes) {
				t.Fatalf("seed %d, write %d: the file is not as it should be", seed, n)
			}
		}
		if f.flush() != ok || !bytes.Equal(f.bytes, plain.bytes) {
			t.Fatalf("seed %d: the file is not as it should be in the end", seed)
		}
		if slices.Max(f.calls) > most {
			t.Fatalf("a call of %d bytes", slices.Max(f.calls))
		}
	}
}

// A transaction of which a part could not be written fails, and is not written later.
func TestFramesThatAreNotWrittenFailTheirTransaction(t *testing.T) {
	t.Parallel()
	f := newFile()
	f.put(header(1, true), 0)
	f.code = 13
	if code := f.put(make([]byte, 4096), headerSize); code != 13 {
		t.Errorf("code %d", code)
	}
	f.code = ok
	if code := f.flush(); code != ok || len(f.bytes) > 0 {
		t.Errorf("code %d, %d bytes", code, len(f.bytes))
	}
}

// Frames that SQLite was told are written, before its transaction was whole, and then were
// not: the transaction cannot be committed, though the statement that met the error may be all that is
// taken back. What was there before can be read, and the next transaction is written.
func TestATransactionOfWhichFramesAreMissingIsNotCommitted(t *testing.T) {
	t.Parallel()
	f, page := newFile(), make([]byte, 4096)
	frame := int64(headerSize + len(page))
	write := func(n int64, final bool) int32 {
		if code := f.put(header(byte(n), final), n*frame); code != ok {
			return code
		}
		return f.put(page, n*frame+headerSize)
	}
	if write(0, true) != ok || write(1, false) != ok || write(2, false) != ok {
		t.Fatal("not taken")
	}
	f.code = 13
	if code := f.readable(frame); code != 13 {
		t.Errorf("reading what is missing: code %d", code)
	}
	f.code = ok // there is room again, too late
	if code := write(3, true); code != 13 {
		t.Errorf("committing: code %d", code)
	}
	if before, missing := f.readable(frame), f.readable(3*frame); before != ok || missing != 13 {
		t.Errorf("reading what was there before: code %d, what is missing: %d", before, missing)
	}
	if write(1, false) != ok || write(2, true) != ok || f.readable(3*frame) != ok || int64(len(f.bytes)) != 3*frame {
		t.Errorf("the next transaction is not written: %d bytes", len(f.bytes))
	}
}

// Whatever else is done with a log, what was put together is written first.
func TestALogIsWrittenBeforeItIsLookedAt(t *testing.T) {
	t.Parallel()
	if err := registerVFS(); err != nil {
		t.Fatal(err)
	}
	tls := libc.NewTLS()
	defer tls.Close()
	frame := append(header(1, false), bytes.Repeat([]byte{1}, 4096)...)
	buf := libc.Xmalloc(tls, libc.Tsize_t(len(frame)))
	defer libc.Xfree(tls, buf)
	copy(unsafe.Slice(value[byte](buf), len(frame)), frame)
	size := int32(len(frame))
	for name, look := range map[string]func(log uintptr, methods *sqlite3.Tsqlite3_io_methods) int32{
		"read": func(log uintptr, m *sqlite3.Tsqlite3_io_methods) int32 {
			return function[inoutFunc](m.FxRead)(tls, log, buf, size, 0)
		},
		"truncate": func(log uintptr, m *sqlite3.Tsqlite3_io_methods) int32 {
			return function[sizeFunc](m.FxTruncate)(tls, log, int64(size))
		},
		"sync": func(log uintptr, m *sqlite3.Tsqlite3_io_methods) int32 {
			return function[syncFunc](m.FxSync)(tls, log, sqlite3.SQLITE_SYNC_NORMAL)
		},
		"size": func(log uintptr, m *sqlite3.Tsqlite3_io_methods) int32 {
			return function[outFunc](m.FxFileSize)(tls, log, buf)
		},
	} {
		path := filepath.Join(t.TempDir(), "wal")
		cPath, err := libc.CString(path)
		if err != nil {
			t.Fatal(err)
		}
		log := libc.Xcalloc(tls, 1, libc.Tsize_t(value[sqlite3.Tsqlite3_vfs](systemVFS).FszOsFile))
		if code := openFile(tls, 0, cPath, log, sqlite3.SQLITE_OPEN_WAL|sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE, 0); code != ok {
			t.Fatalf("code %d", code)
		}
		copy(unsafe.Slice(value[byte](buf), len(frame)), frame)
		methods := *value[sqlite3.Tsqlite3_io_methods](value[sqlite3.Tsqlite3_file](log).FpMethods)
		write := function[inoutFunc](methods.FxWrite)
		if write(tls, log, buf, headerSize, 0) != ok || write(tls, log, buf+headerSize, size-headerSize, headerSize) != ok {
			t.Fatal("not taken")
		}
		if early, err := os.ReadFile(path); err != nil || len(early) > 0 {
			t.Errorf("%s: %d bytes are written at once (%v)", name, len(early), err)
		}
		if code := look(log, &methods); code != ok {
			t.Errorf("%s: code %d", name, code)
		}
		if written, err := os.ReadFile(path); err != nil || !bytes.Equal(written, frame) {
			t.Errorf("%s: %d bytes are written (%v)", name, len(written), err)
		}
		if code := function[closeFunc](methods.FxClose)(tls, log); code != ok {
			t.Errorf("close: code %d", code)
		}
		libc.Xfree(tls, log)
		libc.Xfree(tls, cPath)
	}
}

// A transaction that is larger than what is kept in memory writes to the log before it
// commits, reads that again, and may take it back.
func TestATransactionThatIsLargerThanItsMemory(t *testing.T) {
	t.Parallel()
	path, ctx := filepath.Join(t.TempDir(), "lockstep.db"), t.Context()
	store, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, store)
	db, err := sql.Open("sqlite", writerDSN(path, "NORMAL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "pragma cache_size = -100; create table large (n integer primary key, body blob not null) strict"); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", readerDSN(path)) // by the system's file system
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	count := func(db interface {
		QueryRowContext(context.Context, string, ...any) *sql.Row
	}) string {
		t.Helper()
		var rows, sum int
		if err := db.QueryRowContext(ctx, "select count(*), coalesce(sum(length(body) + instr(body, x'07')), 0) from large").Scan(&rows, &sum); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(rows, " ", sum)
	}
	body, size := append(make([]byte, 4999), 7), sizeOf(t, path+"-wal")
	for round, commit := range []bool{true, false, true} {
		before := count(other)
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 100 { // 500 KB, of which 100 are kept
			if n == 30 && round == 0 {
				if now := sizeOf(t, path+"-wal"); now != size {
					t.Errorf("the log grew from %d to %d bytes although few were written", size, now)
				}
			}
			if _, err := tx.ExecContext(ctx, "insert into large (body) values (?)", body); err != nil {
				t.Fatal(err)
			}
		}
		rows := 100 * (1 + min(round, 1))
		want := fmt.Sprint(rows, " ", rows*10_000)
		if got := count(tx); got != want {
			t.Errorf("round %d: within the transaction there are %s, want %s", round, got, want)
		}
		if got := count(other); got != before {
			t.Errorf("round %d: others see %s of a transaction that is not committed, want %s", round, got, before)
		}
		if !commit {
			want = before
			err = tx.Rollback()
		} else {
			err = tx.Commit()
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := count(other); got != want {
			t.Errorf("round %d: others see %s, want %s", round, got, want)
		}
	}
	var verdict string
	if err := other.QueryRowContext(ctx, "pragma integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("the database is %s (%v)", verdict, err)
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
