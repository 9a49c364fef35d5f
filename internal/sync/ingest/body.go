package ingest

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// small is the size in bytes up to which a body is read without asking for room: its connection
	// takes as much memory.
	small = 16 << 10
	// usual is the size in bytes of the buffer for a body that announces a smaller length, as most do.
	usual = 8 << 10
	// mostLarge is the room in bytes for all larger bodies at once, and mostOfClient for those of one
	// client.
	mostLarge, mostOfClient = 32 << 20, 16 << 20
	// slowAfter is the time after which a body that is still arriving can be cut off to make room for
	// another.
	slowAfter = time.Second
	// bodyWithin is the time limit for a body. Senders of webhooks send the whole body at once.
	bodyWithin = 10 * time.Second
)

// readBody reads the whole body of a request. It returns [http.MaxBytesError] if the body is larger than
// [MaxBody], [lockstep.ErrBusy] if there is no room for it, and [os.ErrDeadlineExceeded] if it took too
// long. Memory grows with the bytes that arrive, not with the announced length. The holder has the room
// that the body takes, and gives it back.
func readBody(w http.ResponseWriter, r *http.Request, large *holder) (body []byte, err error) {
	from := http.MaxBytesReader(w, r.Body, MaxBody)
	size := small
	if 0 <= r.ContentLength && r.ContentLength < usual { // one byte is left, so the end is seen without growing
		size = usual
	}
	body = make([]byte, 0, size)
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
