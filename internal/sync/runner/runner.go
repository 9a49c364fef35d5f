package runner

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/tracing"
)

// Runner claims due keys and runs their reconcilers.
type Runner struct {
	queue       lockstep.Queue
	reconcilers map[lockstep.KeyKind]Reconciler
	config      Config
	log         *slog.Logger
	wake        chan struct{}
	// Ended is called after each run, with how it ended; lost means that the outcome could not be recorded. It
	// may be nil.
	Ended func(kind lockstep.KeyKind, outcome lockstep.Outcome, lost bool, took time.Duration)
	// Tracer records the runs; nil records none.
	Tracer *tracing.Tracer
}

// New returns a runner of the given reconcilers.
func New(queue lockstep.Queue, reconcilers map[lockstep.KeyKind]Reconciler, config Config,
	log *slog.Logger) *Runner {
	return &Runner{queue: queue, reconcilers: reconcilers, config: config.withDefaults(), log: log,
		wake: make(chan struct{}, 1)}
}

// Wake makes the runner look for due work. Calls that come before it looks count as one.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// slots are the free and taken slots of a running runner.
type slots struct {
	general  lane
	reserved lane // for interactive work only
	running  sync.WaitGroup
}

// lane is a share of the slots, for work of priorities up to least.
type lane struct {
	taken chan struct{}
	least lockstep.Priority
	more  bool // the last claim got all that it asked for, so more is probably due
}

func (l *lane) free() int { return cap(l.taken) - len(l.taken) }

// next returns the slots to fill: the general ones, or the reserved ones if those are taken.
func (s *slots) next() *lane {
	if s.general.free() == 0 {
		return &s.reserved
	}
	return &s.general
}

// Run works until ctx ends, then waits for the runs in flight. It cuts off runs that outlast
// the grace period; the queue retries those.
func (r *Runner) Run(ctx context.Context) error {
	work, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	s := &slots{
		general:  lane{taken: make(chan struct{}, r.config.Slots-r.config.Reserved), least: lockstep.Background},
		reserved: lane{taken: make(chan struct{}, r.config.Reserved), least: lockstep.Interactive}}
	for ctx.Err() == nil {
		if pause := r.fill(ctx, work, s); pause > 0 {
			r.rest(ctx, pause)
		}
	}
	grace := time.AfterFunc(r.config.Grace, func() { cut(errors.New("shutting down")) })
	defer grace.Stop()
	s.running.Wait()
	return nil
}

// rest waits until the time has passed, or until a mark or a free slot ends the pause early.
func (r *Runner) rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-r.wake:
	case <-timer.C:
	}
}

// contended is how long to wait after another process has claimed the keys that were due.
const contended = 10 * time.Millisecond

// fill starts as many runs as there are free slots. It returns how long to wait before the
// next look; 0 if it started any run.
func (r *Runner) fill(ctx, work context.Context, s *slots) time.Duration {
	lane := s.next()
	if lane.free() == 0 {
		return r.config.Poll
	}
	claims, pause, err := r.claim(ctx, lane)
	switch {
	case err != nil:
		r.log.Error("cannot claim work", "error", err)
		return min(time.Second, r.config.Poll)
	case pause > 0:
		return pause
	case len(claims) == 0:
		return contended
	}
	for _, claim := range claims {
		lane.taken <- struct{}{}
		s.running.Go(func() {
			defer r.Wake()
			defer func() { <-lane.taken }()
			r.run(work, claim)
		})
	}
	return 0
}

// claim claims a key for each free slot of a lane. It returns a pause instead if none is due. It looks
// before it claims, because a claim needs the database's only writer, unless more is probably due.
//
// The end of ctx does not cancel it: a claim whose commit was in flight would hold its keys
// without anyone knowing. A timeout bounds it, because a database may stop answering.
func (r *Runner) claim(ctx context.Context, lane *lane) ([]lockstep.Claim, time.Duration, error) {
	within := min(r.config.Lease-r.config.Timeout, 10*time.Second)
	asking, done := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer done()
	if lane.more {
		if claims, err := r.take(asking, lane); len(claims) > 0 || err != nil {
			return claims, 0, err
		}
	}
	next, pending, err := r.queue.NextDue(asking, lane.least)
	switch {
	case err != nil:
		return nil, 0, err
	case !pending:
		return nil, r.config.Poll, nil
	}
	if wait := time.Until(next); wait > 0 {
		return nil, min(wait, r.config.Poll), nil
	}
	claims, err := r.take(asking, lane)
	return claims, 0, err
}

// take claims what is due for the free slots of a lane.
func (r *Runner) take(ctx context.Context, lane *lane) ([]lockstep.Claim, error) {
	limit := lane.free()
	claims, err := r.queue.Claim(ctx,
		lockstep.ClaimRequest{Limit: limit, Lease: r.config.Lease, MaxPriority: lane.least})
	lane.more = len(claims) == limit
	return claims, err
}
