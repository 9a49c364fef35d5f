package ingest

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/lockstep-dev/lockstep"
)

const (
	// small is up to which size, in bytes, a body is read without asking for room: its
	// connection takes as much.
	small = 16 << 10
	// usual is the size, in bytes, of the buffers that are used again.
	usual = 8 << 10
	// mostLarge is the room, in bytes, for all larger bodies that are in hand at once.
	mostLarge = 32 << 20
)

// room is memory that several share.
type room struct {
	size int64
	used atomic.Int64
}

// take reports whether there was room for n bytes more.
func (r *room) take(n int) bool {
	if r.used.Add(int64(n)) <= r.size {
		return true
	}
	r.used.Add(-int64(n))
	return false
}

func (r *room) give(n int) { r.used.Add(-int64(n)) }

// buffers are those of bodies of the usual size, which are most of what a delivery needs
// of memory.
var buffers = sync.Pool{New: func() any { return new([usual]byte) }}

// reuse gives the buffer of a body back, of which nobody may hold a part any more.
func reuse(body []byte) {
	if cap(body) == usual {
		buffers.Put((*[usual]byte)(body[:usual]))
	}
}

// readBody reads the whole body of a request: [http.MaxBytesError] where it is larger
// than [MaxBody], [lockstep.ErrBusy] where there is no room for it. Memory grows with
// what has come, not with what was announced. held is the room that the body takes, to
// be given back. Of a body that is no longer needed by anybody, the buffer may be reused.
func readBody(w http.ResponseWriter, r *http.Request, large *room) (body []byte, held int, err error) {
	from := http.MaxBytesReader(w, r.Body, MaxBody)
	if 0 <= r.ContentLength && r.ContentLength < usual { // one is left, so that the end is seen without growing
		body = buffers.Get().(*[usual]byte)[:0]
	} else {
		body = make([]byte, 0, small)
	}
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, held, nil
		case err != nil:
			return nil, held, err
		case len(body) < cap(body):
			continue
		}
		if !large.take(cap(body)) {
			return nil, held, lockstep.ErrBusy
		}
		held += cap(body)
		grown := make([]byte, len(body), 2*cap(body))
		copy(grown, body)
		body = grown
	}
}
