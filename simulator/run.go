package simulator

import (
	"context"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

// Run lets time pass: it runs what the billing clock makes due and sends the
// webhooks. It blocks until ctx ends and then returns nil, when the last
// goroutine it started has ended. What was not delivered stays queued; a later
// Run goes on with it. At most one Run at a time.
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

// patience is how long one attempt may keep the next from starting. It is what
// makes an endpoint that answers promptly see the causal order, while one that
// hangs cannot hold the others up.
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

// next takes the next delivery that is due, or says when to look again.
func (s *Simulator) next() (attempt *delivery.Attempt, next time.Time) {
	s.world.View(func() { // runs the timers that are due
		attempt, next = s.outbox.Start()
		if due, found := s.world.NextTimer(); found && (next.IsZero() || due.Before(next)) {
			next = due
		}
	})
	return attempt, next
}

// sleep waits until a time (the zero time: for ever), a change, or the end.
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
