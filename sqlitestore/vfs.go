package sqlitestore

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// vfsName is under what name SQLite knows the file system in which a log is written by
// [frames]. All else in it is the system's own.
const vfsName = "lockstep"

// Functions of SQLite's C interface (https://sqlite.org/vfs.html). The driver is C translated
// to Go: memory is C's, and pointers and functions are addresses.
type (
	openFunc  = func(tls *libc.TLS, vfs, path, file uintptr, flags int32, flagsOut uintptr) int32
	inoutFunc = func(tls *libc.TLS, file, buf uintptr, size int32, at int64) int32 // xRead, xWrite
	sizeFunc  = func(tls *libc.TLS, file uintptr, size int64) int32                // xTruncate
	syncFunc  = func(tls *libc.TLS, file uintptr, flags int32) int32
	outFunc   = func(tls *libc.TLS, file, out uintptr) int32 // xFileSize
	closeFunc = func(tls *libc.TLS, file uintptr) int32
)

// value is what stands at an address.
func value[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// function is the one at an address, as a T.
func function[T any](address uintptr) T { return *(*T)(unsafe.Pointer(&struct{ uintptr }{address})) }

// address is that of a function, which must be none that holds on to variables.
func address[T any](function T) uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct{ f T }{function}))
}

// systemVFS is the address of the system's file system.
var systemVFS uintptr

// registerVFS makes the file system known to SQLite, once in a process. It is a copy of the
// system's that opens files by [openFile].
var registerVFS = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	if systemVFS = sqlite3.Xsqlite3_vfs_find(tls, 0); systemVFS == 0 {
		return errors.New("SQLite has no file system")
	}
	ours := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	name, err := libc.CString(vfsName)
	if err != nil || ours == 0 {
		return errors.Join(errors.New("no memory is left"), err)
	}
	vfs := value[sqlite3.Tsqlite3_vfs](ours)
	*vfs = *value[sqlite3.Tsqlite3_vfs](systemVFS)
	vfs.FzName = name
	vfs.FxOpen = address[openFunc](openFile)
	if code := sqlite3.Xsqlite3_vfs_register(tls, ours, 0); code != ok {
		return fmt.Errorf("register a file system with SQLite: code %d", code)
	}
	return nil
})

// openFile is the file system's xOpen: of a log the table of functions is replaced by a copy
// in which those are ours that have to do with what is written.
func openFile(tls *libc.TLS, _, path, file uintptr, flags int32, flagsOut uintptr) int32 {
	code := function[openFunc](value[sqlite3.Tsqlite3_vfs](systemVFS).FxOpen)(tls, systemVFS, path, file, flags, flagsOut)
	if code != ok || flags&sqlite3.SQLITE_OPEN_WAL == 0 {
		return code
	}
	methods, size := &value[sqlite3.Tsqlite3_file](file).FpMethods, unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})
	memory := libc.Xmalloc(tls, libc.Tsize_t(size+most))
	if memory == 0 {
		return sqlite3.SQLITE_NOMEM // the file is closed by its own methods
	}
	l := &logFile{file: file, memory: memory, system: *value[sqlite3.Tsqlite3_io_methods](*methods)}
	l.frames = frames{write: l.write, bytes: unsafe.Slice(value[byte](memory+size), most)[:0]}
	ours := value[sqlite3.Tsqlite3_io_methods](memory)
	*ours = l.system
	ours.FxWrite = address[inoutFunc](writeLog)
	ours.FxRead = address[inoutFunc](readLog)
	ours.FxTruncate = address[sizeFunc](truncateLog)
	ours.FxSync = address[syncFunc](syncLog)
	ours.FxFileSize = address[outFunc](sizeOfLog)
	ours.FxClose = address[closeFunc](closeLog)
	*methods = memory
	logs.Lock()
	defer logs.Unlock()
	logs.open[file] = l
	return ok
}

// logs are those that are open.
var logs = struct {
	sync.RWMutex
	open map[uintptr]*logFile // by the file's address
}{open: map[uintptr]*logFile{}}

// logFile is a log that a connection has open, which uses it from one goroutine at a time.
type logFile struct {
	frames
	file   uintptr
	system sqlite3.Tsqlite3_io_methods // the system's
	memory uintptr                     // of our methods, and of the frames behind them
	tls    *libc.TLS                   // of the call that is under way
}

// during is the log of a call.
func during(tls *libc.TLS, file uintptr) *logFile {
	logs.RLock()
	defer logs.RUnlock()
	l := logs.open[file]
	l.tls = tls
	return l
}

func (l *logFile) write(what []byte, at int64) int32 {
	return function[inoutFunc](l.system.FxWrite)(l.tls, l.file, uintptr(unsafe.Pointer(&what[0])), int32(len(what)), at) //nolint:gosec // at most [most], or what SQLite said
}

func writeLog(tls *libc.TLS, file, buf uintptr, size int32, at int64) int32 {
	return during(tls, file).put(unsafe.Slice(value[byte](buf), size), at)
}

func readLog(tls *libc.TLS, file, buf uintptr, size int32, at int64) int32 {
	l := during(tls, file)
	if code := l.readable(at + int64(size)); code != ok {
		return code
	}
	return function[inoutFunc](l.system.FxRead)(tls, file, buf, size, at)
}

func truncateLog(tls *libc.TLS, file uintptr, size int64) int32 {
	l := during(tls, file)
	if code := l.flush(); code != ok {
		return code
	}
	return function[sizeFunc](l.system.FxTruncate)(tls, file, size)
}

func syncLog(tls *libc.TLS, file uintptr, flags int32) int32 {
	l := during(tls, file)
	if code := l.flush(); code != ok {
		return code
	}
	return function[syncFunc](l.system.FxSync)(tls, file, flags)
}

func sizeOfLog(tls *libc.TLS, file, out uintptr) int32 {
	l := during(tls, file)
	if code := l.flush(); code != ok {
		return code
	}
	return function[outFunc](l.system.FxFileSize)(tls, file, out)
}

// closeLog drops what was put together: it is of no transaction that was committed.
func closeLog(tls *libc.TLS, file uintptr) int32 {
	l := during(tls, file)
	logs.Lock()
	delete(logs.open, file)
	logs.Unlock()
	defer libc.Xfree(tls, l.memory)
	return function[closeFunc](l.system.FxClose)(tls, file)
}
