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
	beatEvery   = time.Second     // how often a replica that makes calls writes a heartbeat
	beatLife    = 5 * time.Second // how long a heartbeat counts; then the others divide a dead replica's share
	beatTimeout = 3 * time.Second // for the database
)

// Fleet divides what providers allow between the processes that use one database. A process takes a share, and writes
// heartbeats, only while it makes calls, so an idle installation writes nothing.
type Fleet struct {
	store lockstep.Replicas
	gates []*Gate
	id    string
	log   *slog.Logger

	mu      sync.Mutex
	last    time.Time // when the last heartbeat started
	heard   time.Time // when the last successful one ended
	again   bool      // an urgent one was wanted while another was running
	beating bool
	failing bool
	closed  bool
	running sync.WaitGroup
}

// NewFleet returns a fleet whose gates share limits through store.
func NewFleet(store lockstep.Replicas, log *slog.Logger, gates ...*Gate) *Fleet {
	f := &Fleet{store: store, gates: gates, id: rand.Text(), log: log}
	for _, g := range gates {
		g.called = f.touch
	}
	return f
}

// touch notes that a call is made. It starts a heartbeat if one is due or urgent, and reports whether the other
// replicas cannot know of this one yet.
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
		f.running.Go(func() { f.beat(joining) })
	}
	return joining
}

// beat writes heartbeats until no urgent one is wanted, and passes on to the gates what the store answers.
func (f *Fleet) beat(joining bool) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), beatTimeout)
		var pauses []lockstep.Pause
		for _, g := range f.gates {
			pauses = append(pauses, g.ownPauses(time.Now())...)
		}
		fleet, err := f.store.Beat(ctx, f.id, beatLife, pauses)
		cancel()
		f.note(err)
		if err == nil {
			for _, g := range f.gates {
				g.adopt(fleet, joining)
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

// note logs the first of several failures in a row. The last known shares stay in force meanwhile; without the store
// there is no work that makes calls, either.
func (f *Fleet) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil && !f.failing && !f.closed {
		f.log.Warn("heartbeat failed; rate limit shares stay as they were", "error", err)
	}
	f.failing = err != nil
}

// Close removes the replica from the store, so that the others get its share at once.
func (f *Fleet) Close(ctx context.Context) error {
	f.mu.Lock()
	wrote := !f.last.IsZero()
	f.closed = true
	f.mu.Unlock()
	f.running.Wait()
	if !wrote {
		return nil
	}
	return f.store.Leave(ctx, f.id)
}
