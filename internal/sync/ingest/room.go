package ingest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// room is the memory that large bodies share. A body can be verified only after all of it has arrived,
// so strangers can take room too, but they cannot keep it. When the room is full, the oldest slow body
// is cut off and the newcomer gets its place. A client holds at most its share; when the share is full,
// one of the client's own slow bodies is cut off.
type room struct {
	size  int           // bytes of all bodies
	share int           // bytes of one client
	slow  time.Duration // after this time, a body that is still arriving may be cut off

	mu      sync.Mutex
	used    int
	holders []*holder // oldest first
	freed   chan struct{}
}

// madeWithin is how long a newcomer waits for the room of a body that was cut off.
const madeWithin = time.Second

// holder is a body that may hold a part of a room.
type holder struct {
	room      *room
	client    string
	interrupt func() // ends a read of the body that is in progress

	// Guarded by the room's lock.
	since time.Time
	held  int
	read  bool // the whole body has arrived
	cut   bool
}

// take takes n more bytes. It reports false if there is no room, or the body was cut off.
func (h *holder) take(ctx context.Context, n int) bool {
	late := time.NewTimer(madeWithin)
	defer late.Stop()
	for {
		freed, done := h.try(n)
		if freed == nil {
			return done
		}
		select {
		case <-freed:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// try takes n more bytes. If freed is not nil, try again when it is closed.
func (h *holder) try(n int) (freed <-chan struct{}, done bool) {
	r := h.room
	r.mu.Lock()
	defer r.mu.Unlock()
	own, going := n, false
	for _, other := range r.holders {
		if other.client == h.client {
			own += other.held
		}
		going = going || other.cut
	}
	crowded := own > r.share
	switch {
	case h.cut || n > r.size:
		return nil, false
	case !crowded && r.used+n <= r.size:
		if h.held == 0 {
			h.since = time.Now()
			r.holders = append(r.holders, h)
		}
		h.held += n
		r.used += n
		return nil, true
	}
	for _, other := range r.holders {
		if other != h && !other.read && !other.cut && time.Since(other.since) >= r.slow &&
			(!crowded || other.client == h.client) {
			other.cut, going = true, true
			other.interrupt()
			break
		}
	}
	if !going {
		return nil, false
	}
	if r.freed == nil {
		r.freed = make(chan struct{})
	}
	return r.freed, false
}

// arrived notes that the whole body has arrived, so it is not cut off any more.
func (h *holder) arrived() {
	h.room.mu.Lock()
	defer h.room.mu.Unlock()
	h.read = true
}

// leave gives back all room that the body held.
func (h *holder) leave() {
	r := h.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if h.held == 0 {
		return
	}
	r.used -= h.held
	h.held = 0
	r.holders = slices.DeleteFunc(r.holders, func(other *holder) bool { return other == h })
	if r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}
