package simulator

import (
	"context"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

// Run runs timers when they become due and sends webhooks. It blocks until ctx
// ends, waits for the goroutines that it started, and returns nil. Undelivered
// webhooks stay queued for the next Run. Call at most one Run at a time.
func (s *Simulator) Run(ctx context.Context) error {
	var attempts sync.WaitGroup
	defer attempts.Wait()
	for ctx.Err() == nil {
		attempt, next := s.next()
		if attempt == nil {
			s.sleep(ctx, next)
			continue
		}
		answered := make(chan struct{})
		attempts.Go(func() {
			defer close(answered)
			s.outbox.Make(ctx, attempt)
		})
		if !attempt.Unordered {
			await(ctx, answered)
		}
	}
	return nil
}

// patience is how long an attempt may delay the next one. So an endpoint that
// answers promptly receives webhooks in causal order, and an endpoint that hangs
// does not hold up the others.
const patience = 10 * time.Millisecond

func await(ctx context.Context, answered <-chan struct{}) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-answered:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// next returns the next delivery that is due, or the time to look again.
func (s *Simulator) next() (attempt *delivery.Attempt, next time.Time) {
	s.world.View(func() { // runs due timers first
		attempt, next = s.outbox.Start()
		if due, found := s.world.NextTimer(); found && (next.IsZero() || due.Before(next)) {
			next = due
		}
	})
	return attempt, next
}

// sleep waits until the given time, a change, or the end of ctx. The zero time
// means no time limit.
func (s *Simulator) sleep(ctx context.Context, until time.Time) {
	var alarm <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-alarm:
	case <-s.world.Woken():
	case <-ctx.Done():
	}
}
