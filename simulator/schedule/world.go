package schedule

import (
	"container/heap"
	"sync"
	"time"
)

// World is what the simulated providers share. Create it with New.
type World struct {
	mu       sync.Mutex
	seed     uint64
	offset   time.Duration
	standing time.Time // due time of the running timer, or zero
	counters map[string]uint64
	sequence uint64
	timers   timerHeap
	runners  map[string]func(id string)
	version  uint64
	wake     chan struct{}
}

// New returns a world. The seed determines all identifiers and random choices.
func New(seed uint64) *World {
	return &World{
		seed:     seed,
		counters: map[string]uint64{},
		runners:  map[string]func(string){},
		wake:     make(chan struct{}, 1),
	}
}

// Change runs f under the lock and raises the version. It runs due timers first.
func (w *World) Change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	f()
	w.version++
	w.Wake()
}

// View runs f under the lock. It runs due timers first. f must not change state.
func (w *World) View(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	f()
}

// Version returns a number that every change of state raises.
func (w *World) Version() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.version
}

// Burst returns a number that identifies the current change or timer. Call it
// under the lock.
func (w *World) Burst() uint64 { return w.version }

// Wake sends a value on Woken, so that the scheduler checks its queues again.
func (w *World) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Woken receives a value after a change. Several changes may share one value.
func (w *World) Woken() <-chan struct{} { return w.wake }

// Now returns the time of the billing clock, in UTC. Call it under the lock.
func (w *World) Now() time.Time {
	if !w.standing.IsZero() {
		return w.standing
	}
	return time.Now().Round(0).UTC().Add(w.offset)
}

// Offset returns how far the billing clock is ahead of time.Now. Call it under the
// lock.
func (w *World) Offset() time.Duration { return w.offset }

// Advance moves the billing clock forward by d and runs, in order, every timer
// that becomes due. It ignores a negative d, because the clock never goes back.
func (w *World) Advance(d time.Duration) {
	if d < 0 {
		return
	}
	w.Change(func() {
		w.offset += d
		w.catchUp()
	})
}

// Sequence returns the next number of the order that everything in the world
// shares. Call it under the lock.
func (w *World) Sequence() uint64 {
	w.sequence++
	return w.sequence
}

// catchUp runs the timers that are due, each with the clock at its due time.
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
