package upstream

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// beatEvery is how often a replica that makes calls says so, and beatLife for how long
	// that counts: what a dead one had is the others' after so long.
	beatEvery = time.Second
	beatLife  = 5 * time.Second
	beatTime  = 3 * time.Second // for the database
)

// Fleet has the gates of a process share what providers allow with the other processes
// on the same database. Only who makes calls takes a share, and only then is anything
// written: an idle installation is quiet.
type Fleet struct {
	store lockstep.Replicas
	gates []*Gate
	id    string
	log   *slog.Logger

	mu      sync.Mutex
	last    time.Time // when the last beat began
	heard   time.Time // when the last one that succeeded ended
	again   bool      // something was to be told while a beat was under way
	beating bool
	failing bool
	closed  bool
	under   sync.WaitGroup
}

// NewFleet has gates share by way of a store.
func NewFleet(store lockstep.Replicas, log *slog.Logger, gates ...*Gate) *Fleet {
	f := &Fleet{store: store, gates: gates, id: rand.Text(), log: log}
	for _, g := range gates {
		g.called = f.touch
	}
	return f
}

// touch says that there are calls: if it is time, or urgent, the store is told. It
// reports whether the others cannot know of us yet.
func (f *Fleet) touch(urgent bool) (joining bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
	case f.beating:
		f.again = f.again || urgent
	case urgent || time.Since(f.last) >= beatEvery:
		joining = time.Since(f.heard) >= beatLife
		f.beating, f.last = true, time.Now()
		f.under.Go(func() { f.beat(joining) })
	}
	return joining
}

// beat tells the store, and the gates what others have told.
func (f *Fleet) beat(joining bool) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), beatTime)
		var pauses []lockstep.Pause
		for _, g := range f.gates {
			pauses = append(pauses, g.news(time.Now())...)
		}
		fleet, err := f.store.Beat(ctx, f.id, beatLife, pauses)
		cancel()
		f.note(err)
		if err == nil {
			for _, g := range f.gates {
				g.hear(fleet, joining)
			}
			joining = false
		}
		f.mu.Lock()
		if err == nil {
			f.heard = time.Now()
		}
		if !f.again || f.closed {
			f.beating = false
			f.mu.Unlock()
			return
		}
		f.again = false
		f.mu.Unlock()
	}
}

// note logs that the store does not answer, once until it does. The last share goes on
// to count meanwhile, and without the store nobody has work to make calls for.
func (f *Fleet) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil && !f.failing && !f.closed {
		f.log.Warn("replicas cannot tell each other of their calls; the last shares go on to count", "error", err)
	}
	f.failing = err != nil
}

// Close takes the replica off, so that the others have its share at once.
func (f *Fleet) Close(ctx context.Context) error {
	f.mu.Lock()
	wrote := !f.last.IsZero()
	f.closed = true
	f.mu.Unlock()
	f.under.Wait()
	if !wrote {
		return nil
	}
	return f.store.Leave(ctx, f.id)
}
