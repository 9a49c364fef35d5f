package sqlitestore

import "encoding/binary"

// SQLite writes its log in frames, each a header and a page, by two calls of the system. A
// call costs more than what it copies (2.4 and 0.6 us for a page), so frames are put together
// here and written when the transaction is complete, in one call: a tenth of what a delivery
// costs.
//
// Nobody sees frames before they are written: other connections read them from when the
// index of the log says that they are there, which is after the last one was written; and
// whatever this connection does with the log but write what comes next writes what there is
// first. What is not a header or the page behind it is written at once, so that nothing
// depends on what SQLite does otherwise.
//
// See https://sqlite.org/fileformat2.html#the_write_ahead_log: a frame's header has 24 bytes,
// of which the four from the fifth on are not all zero in a transaction's last frame.
const (
	headerSize = 24
	// most is how many bytes are put together: more the system's file does not write in one
	// call (it takes a length's lower 17 bits). What is longer is written in several.
	most = 128<<10 - 1
)

// ok is SQLite's code for success.
const ok int32 = 0

// frames are those that are put together.
type frames struct {
	// write writes to the log, and returns SQLite's code.
	write func(what []byte, at int64) int32

	bytes  []byte // with room for most
	at     int64  // where they begin in the log
	header bool   // the last that came is a header
	final  bool   // of a transaction's last frame

	failed int32 // why frames could not be written; ok: none is missing
	lost   int64 // from where on they are missing
}

// put takes what SQLite writes. After frames that it was told are written could not be, it
// fails until they are written anew, as they are once their transaction was taken back: a
// statement may fail and its transaction go on.
func (f *frames) put(what []byte, at int64) int32 {
	if at <= f.lost {
		f.failed = ok
	}
	if f.failed != ok {
		return f.failed
	}
	if len(f.bytes) > 0 && (at != f.at+int64(len(f.bytes)) || len(f.bytes)+len(what) > most) {
		if code := f.flush(); code != ok {
			return code
		}
	}
	page := f.header
	f.header = len(what) == headerSize && !page
	if !f.header && !page {
		if code := f.flush(); code != ok {
			return code
		}
		return f.write(what, at)
	}
	if len(f.bytes) == 0 {
		f.at = at
	}
	f.bytes = append(f.bytes, what...)
	if f.header {
		f.final = binary.BigEndian.Uint32(what[4:]) != 0
		return ok
	}
	if f.final {
		return f.flush()
	}
	return ok
}

// readable reports by SQLite's code whether what stands up to an end can be read: what was
// put together is written, and nothing is missing.
func (f *frames) readable(end int64) int32 {
	if code := f.flush(); code != ok {
		return code
	}
	if end > f.lost {
		return f.failed
	}
	return ok
}

// flush writes what was put together. What could not be written is gone: its transaction
// must not be committed.
func (f *frames) flush() int32 {
	if len(f.bytes) == 0 {
		return ok
	}
	f.failed, f.lost = f.write(f.bytes, f.at), f.at
	f.bytes, f.header = f.bytes[:0], false
	return f.failed
}
