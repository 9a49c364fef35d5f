package ingest

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// small is up to which size, in bytes, a body is read without asking for room: its
	// connection takes as much.
	small = 16 << 10
	// usual is the size, in bytes, of the buffers that are used again.
	usual = 8 << 10
	// mostLarge is the room, in bytes, for all larger bodies that are in hand at once, and
	// mostOfClient for those of one client.
	mostLarge, mostOfClient = 32 << 20, 16 << 20
	// slowAfter is after how long a body that still arrives makes room for another.
	slowAfter = time.Second
	// bodyWithin is how long a body may take to arrive. Senders of webhooks have all of it.
	bodyWithin = 10 * time.Second
)

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
// than [MaxBody], [lockstep.ErrBusy] where there is no room for it, [os.ErrDeadlineExceeded]
// where it took too long. Memory grows with what has come, not with what was announced. The
// room that the body takes is the holder's, to be given back. Of a body that is no longer
// needed by anybody, the buffer may be reused.
func readBody(w http.ResponseWriter, r *http.Request, large *holder) (body []byte, err error) {
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
			large.arrived()
			return body, nil
		case err != nil:
			return nil, err
		case len(body) < cap(body):
			continue
		}
		if !large.take(r.Context(), cap(body)) {
			return nil, lockstep.ErrBusy
		}
		grown := make([]byte, len(body), 2*cap(body))
		copy(grown, body)
		body = grown
	}
}
