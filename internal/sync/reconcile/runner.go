package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Result is how a run without an error ended. The zero Result is done.
type Result struct {
	After time.Duration  // look again then; 0: only when marked
	Scope lockstep.Scope // of that look
}

// Reconciler brings one key in step. It is given the claim for its writes. Its
// errors are treated as the package comment says; an error outranks the result.
type Reconciler interface {
	Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error)
}

// Config is how a runner works. The zero value of a field means its default.
type Config struct {
	Slots    int           // runs at once; default 32
	Reserved int           // of these, for interactive work only; default half
	Lease    time.Duration // default 60 s
	Timeout  time.Duration // of one run, shorter than the lease; default three quarters of it
	Poll     time.Duration // how long a mark by somebody else may go unseen; default 1 s
	Grace    time.Duration // for the runs in flight when the runner ends; default 5 s
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	if c.Slots == 0 {
		c.Slots = 32
	}
	if c.Reserved == 0 {
		c.Reserved = c.Slots / 2
	}
	set(&c.Lease, 60*time.Second)
	set(&c.Timeout, c.Lease*3/4)
	set(&c.Poll, time.Second)
	set(&c.Grace, 5*time.Second)
	return c
}

// Validate reports settings that break a promise.
func (c Config) Validate() error {
	c = c.withDefaults()
	var problems []error
	if c.Timeout <= 0 || c.Slots < 1 || c.Poll < 0 || c.Grace < 0 {
		problems = append(problems, errors.New("the times and the number of the workers must not be negative"))
	}
	if c.Timeout >= c.Lease {
		problems = append(problems, fmt.Errorf("a run's timeout (%s) must be shorter than its lease (%s)", c.Timeout,
			c.Lease))
	}
	if c.Reserved < 0 || c.Reserved >= c.Slots {
		problems = append(problems, fmt.Errorf("of %d slots, %d cannot be reserved", c.Slots, c.Reserved))
	}
	return errors.Join(problems...)
}

// Runner claims due keys and runs their reconcilers.
type Runner struct {
	queue       lockstep.Queue
	reconcilers map[lockstep.KeyKind]Reconciler
	config      Config
	log         *slog.Logger
	wake        chan struct{}
}

// NewRunner returns a runner of the given reconcilers.
func NewRunner(queue lockstep.Queue, reconcilers map[lockstep.KeyKind]Reconciler, config Config,
	log *slog.Logger) *Runner {
	return &Runner{queue: queue, reconcilers: reconcilers, config: config.withDefaults(), log: log,
		wake: make(chan struct{}, 1)}
}

// Wake makes the runner look for due work. Many calls are one look.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then waits for the runs in flight; those that are
// not done within the grace are cut off and left to be tried again.
func (r *Runner) Run(ctx context.Context) error {
	work, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	var running sync.WaitGroup
	general := make(chan struct{}, r.config.Slots-r.config.Reserved)
	reserved := make(chan struct{}, r.config.Reserved)

	for ctx.Err() == nil {
		lane, least := general, lockstep.Background
		if len(general) == cap(general) {
			lane, least = reserved, lockstep.Interactive
		}
		pause := r.fill(ctx, work, &running, lane, least)
		if pause == 0 {
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-r.wake: // something was marked, or a slot has become free
		case <-timer.C:
		}
		timer.Stop()
	}
	grace := time.AfterFunc(r.config.Grace, func() { cut(errors.New("shutting down")) })
	defer grace.Stop()
	running.Wait()
	return nil
}

// contended is how long to wait when somebody else has claimed what was due.
const contended = 10 * time.Millisecond

// fill claims as many keys as the lane has free slots and starts their runs. It
// returns how long nothing will be due, as far as is known: 0 if it has started
// any. It looks before it claims, because a claim takes the database's writer.
func (r *Runner) fill(ctx, work context.Context, running *sync.WaitGroup, lane chan struct{},
	least lockstep.Priority) time.Duration {
	free := cap(lane) - len(lane)
	if free == 0 {
		return r.config.Poll
	}
	// Not cut off by the end: a claim that is being committed then would hold its keys, and
	// nobody would know. Nor waited for without end: a database may fall silent.
	asking, done := context.WithTimeout(context.WithoutCancel(ctx), min(r.config.Lease-r.config.Timeout, 10*time.Second))
	defer done()
	next, pending, err := r.queue.NextDue(asking, least)
	if wait := time.Until(next); err == nil && (!pending || wait > 0) {
		if !pending {
			return r.config.Poll
		}
		return min(wait, r.config.Poll)
	}
	var claims []lockstep.Claim
	if err == nil {
		claims, err = r.queue.Claim(asking, lockstep.ClaimRequest{Limit: free, Lease: r.config.Lease, MaxPriority: least})
	}
	if err != nil {
		r.log.Error("cannot claim work", "error", err)
		return min(time.Second, r.config.Poll)
	}
	for _, claim := range claims {
		lane <- struct{}{}
		running.Go(func() {
			defer r.Wake()
			defer func() { <-lane }()
			r.run(work, claim)
		})
	}
	if len(claims) == 0 {
		return contended
	}
	return 0
}

// run runs one claim and finishes it.
func (r *Runner) run(ctx context.Context, claim lockstep.Claim) {
	log := r.log.With("key", claim.Key.String(), "run", claim.Token[:min(8, len(claim.Token))], "attempt", claim.Attempt)
	timeout := fmt.Errorf("the run took longer than %s", r.config.Timeout)
	runCtx, cancel := context.WithTimeoutCause(ctx, r.config.Timeout, timeout)
	defer cancel()
	began := time.Now()
	result, err := r.guarded(lockstep.WithPriority(runCtx, claim.Priority), claim)
	if err != nil && runCtx.Err() != nil {
		err = fmt.Errorf("%w (%w)", context.Cause(runCtx), err)
	}
	outcome := conclude(claim, result, err, time.Now())

	switch outcome.Disposition {
	case lockstep.Done:
		log.Debug("in step", "took", time.Since(began))
	case lockstep.Parked:
		log.Info("parked", "reason", outcome.Reason)
	case lockstep.Retry:
		level := slog.LevelWarn
		if outcome.Untried { // it waits, and whatever it waits for has said so
			level = slog.LevelDebug
		}
		log.Log(ctx, level, "not in step yet", "error", err, "again_at", outcome.At)
	case lockstep.Failed:
		log.Error("failed; trying again will not help", "error", err)
	}
	if err := r.finish(ctx, claim, outcome, began.Add(r.config.Lease)); err != nil {
		log.Error("run not finished; its lease will expire", "error", err)
	}
}

// finish gives the lease back, even when the run was cut off. While the database is away
// it tries again, as long as the lease counts: nobody else can run the key before.
func (r *Runner) finish(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome, until time.Time) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		try, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		err := r.queue.Finish(try, claim, outcome)
		done()
		if err == nil || errors.Is(err, lockstep.ErrLeaseLost) || time.Now().Add(pause).After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// guarded runs the key's reconciler and turns a panic into an error.
func (r *Runner) guarded(ctx context.Context, claim lockstep.Claim) (result Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("a run panicked", "key", claim.Key.String(), "panic", p, "stack", string(debug.Stack()))
			err = internalError{fmt.Errorf("panic: %v", p)}
		}
	}()
	reconciler, known := r.reconcilers[claim.Key.Kind]
	if !known {
		return Result{}, unknown(claim.Key)
	}
	return reconciler.Reconcile(ctx, claim)
}

// unknown leaves a key to a newer version, which runs beside this one while it is rolled
// out, or did: who knows nothing of it must not end its work.
func unknown(key lockstep.Key) error {
	return &lockstep.DelayError{Reason: "this version knows no " + string(key.Kind) + " such as " + key.String() +
		"; a newer one does it", After: 30 * time.Second}
}
