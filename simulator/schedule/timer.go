package schedule

import (
	"container/heap"
	"fmt"
	"time"
)

// Timer is one action that is due at a time of the billing clock. It is plain
// data, so it can be saved and loaded. Handle registers the action of each kind.
type Timer struct {
	Due      time.Time `json:"due"`
	Sequence uint64    `json:"sequence"`
	Kind     string    `json:"kind"`
	ID       string    `json:"id"`
}

// Handle registers the action of a kind of timer. It runs under the lock, with the
// id given to At, while the billing clock shows the due time. A timer cannot be
// canceled: the action checks whether its object still needs it.
func (w *World) Handle(kind string, run func(id string)) { w.runners[kind] = run }

// At sets a timer. Call it under the lock. It panics if the kind is not registered.
func (w *World) At(due time.Time, kind, id string) {
	if _, known := w.runners[kind]; !known {
		panic(fmt.Sprintf("schedule: timer of unregistered kind %q", kind))
	}
	heap.Push(&w.timers, Timer{Due: due, Sequence: w.Sequence(), Kind: kind, ID: id})
}

// NextTimer returns the real time at which the next timer is due. Call it under
// the lock.
func (w *World) NextTimer() (due time.Time, found bool) {
	if len(w.timers) == 0 {
		return time.Time{}, false
	}
	return w.timers[0].Due.Add(-w.offset), true
}

type timerHeap []Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if !h[i].Due.Equal(h[j].Due) {
		return h[i].Due.Before(h[j].Due)
	}
	return h[i].Sequence < h[j].Sequence
}

func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *timerHeap) Push(x any) { *h = append(*h, x.(Timer)) }

func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
