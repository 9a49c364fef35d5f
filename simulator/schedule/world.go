package schedule

import (
	"container/heap"
	"sync"
	"time"
)

// World is the shared ground of the simulated providers. Make one with New.
type World struct {
	mu       sync.Mutex
	seed     uint64
	offset   time.Duration
	standing time.Time // the due time of the timer that runs, else zero
	counters map[string]uint64
	sequence uint64
	timers   timerHeap
	runners  map[string]func(id string)
	version  uint64
	wake     chan struct{}
}

// New returns a world whose identifiers and choices all follow from seed.
func New(seed uint64) *World {
	return &World{
		seed:     seed,
		counters: map[string]uint64{},
		runners:  map[string]func(string){},
		wake:     make(chan struct{}, 1),
	}
}

// Change runs f under the lock, after every due timer, and raises the version.
func (w *World) Change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	f()
	w.version++
	w.Wake()
}

// View runs f under the lock, after every due timer. f must not change state.
func (w *World) View(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	f()
}

// Version is raised by every change of state.
func (w *World) Version() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.version
}

// Burst numbers what is done at once: one change, or one timer. Call it under
// the lock.
func (w *World) Burst() uint64 { return w.version }

// Wake lets whoever waits on Woken look at the queues again.
func (w *World) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Woken receives a value after a change. It has one slot: a burst of changes is one value.
func (w *World) Woken() <-chan struct{} { return w.wake }

// Now is the billing clock, in UTC. Call it under the lock.
func (w *World) Now() time.Time {
	if !w.standing.IsZero() {
		return w.standing
	}
	return time.Now().Round(0).UTC().Add(w.offset)
}

// Offset is how far the billing clock is ahead of time.Now. Call it under the lock.
func (w *World) Offset() time.Duration { return w.offset }

// Advance moves the billing clock by d and runs, in order, every timer that
// becomes due. A negative d is ignored: time does not go back.
func (w *World) Advance(d time.Duration) {
	if d < 0 {
		return
	}
	w.Change(func() {
		w.offset += d
		w.catchUp()
	})
}

// Sequence returns the next number of the world's one order. Call it under the lock.
func (w *World) Sequence() uint64 {
	w.sequence++
	return w.sequence
}

// catchUp runs the timers that are due, each at its own due time.
func (w *World) catchUp() {
	if !w.standing.IsZero() {
		return
	}
	for len(w.timers) > 0 {
		next := w.timers[0]
		if next.Due.After(w.Now()) {
			return
		}
		heap.Pop(&w.timers)
		w.standing = next.Due
		w.runners[next.Kind](next.ID)
		w.standing = time.Time{}
		w.version++
	}
}
