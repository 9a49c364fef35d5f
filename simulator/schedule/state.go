package schedule

import (
	"container/heap"
	"maps"
	"slices"
	"time"
)

// State is the part of a world that is saved and loaded.
type State struct {
	Seed     uint64            `json:"seed"`
	Offset   time.Duration     `json:"offset_ns"`
	Counters map[string]uint64 `json:"counters"`
	Sequence uint64            `json:"sequence"`
	Timers   []Timer           `json:"timers"`
}

// State copies the world's state. Call it under the lock.
func (w *World) State() State {
	timers := slices.Clone([]Timer(w.timers))
	slices.SortFunc(timers, func(a, b Timer) int {
		if c := a.Due.Compare(b.Due); c != 0 {
			return c
		}
		return int(int64(a.Sequence) - int64(b.Sequence))
	})
	return State{Seed: w.seed, Offset: w.offset, Counters: maps.Clone(w.counters), Sequence: w.sequence, Timers: timers}
}

// Restore replaces the world's state, including the seed, so that new identifiers
// continue the series. Call it through Replace.
func (w *World) Restore(state State) {
	w.seed = state.Seed
	w.offset = state.Offset
	w.counters = maps.Clone(state.Counters)
	if w.counters == nil {
		w.counters = map[string]uint64{}
	}
	w.sequence = state.Sequence
	w.timers = slices.Clone(state.Timers)
	heap.Init(&w.timers)
}

// Replace runs f under the lock without running due timers first, because f
// discards the state that they belong to.
func (w *World) Replace(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	w.version++
	w.Wake()
}
