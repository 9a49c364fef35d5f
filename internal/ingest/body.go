package ingest

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/lockstep-dev/lockstep"
)

const (
	// small is up to which size, in bytes, a body is read without asking for room: its
	// connection takes as much.
	small = 16 << 10
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

// readBody reads the whole body of a request: [http.MaxBytesError] where it is larger
// than [MaxBody], [lockstep.ErrBusy] where there is no room for it. Memory grows with
// what has come, not with what was announced. held is the room that the body takes, to
// be given back.
func readBody(w http.ResponseWriter, r *http.Request, large *room) (body []byte, held int, err error) {
	from := http.MaxBytesReader(w, r.Body, MaxBody)
	size := small
	if r.ContentLength >= 0 && r.ContentLength < small {
		size = int(r.ContentLength) + 1 // one more, so that the end is seen without growing
	}
	body = make([]byte, 0, size)
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
