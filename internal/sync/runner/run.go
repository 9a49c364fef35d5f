package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// run runs one claim and finishes it.
func (r *Runner) run(ctx context.Context, claim lockstep.Claim) {
	log := r.log.With("key", claim.Key.String(), "attempt", claim.Attempt)
	began := time.Now()
	ctx, span := r.Tracer.Run(lockstep.WithRun(ctx, lockstep.NewRunID(claim.Key, began)), claim, began)
	outcome, runErr := r.outcome(ctx, claim, began)
	took := time.Since(began)
	if outcome.Run != nil {
		outcome.Run.Took = took
	}
	report(ctx, log, outcome, runErr, took)
	err := r.finish(ctx, claim, outcome, began.Add(r.config.Lease))
	if err != nil {
		log.ErrorContext(ctx, "run not finished; its lease will expire", "error", err)
	}
	span.Ended(outcome, err != nil)
	if r.Ended != nil {
		r.Ended(claim.Key.Kind, outcome, err != nil, took)
	}
}

// outcome runs the reconciler within the time limit of a run, and concludes. The error is for the log.
func (r *Runner) outcome(ctx context.Context, claim lockstep.Claim, began time.Time) (lockstep.Outcome, error) {
	timeout := fmt.Errorf("the run took longer than %s", r.config.Timeout)
	runCtx, cancel := context.WithTimeoutCause(ctx, r.config.Timeout, timeout)
	defer cancel()
	counting, calls := lockstep.WithCalls(runCtx)
	result, err := r.recovered(lockstep.WithPriority(counting, claim.Priority), claim)
	if err != nil && runCtx.Err() != nil {
		err = fmt.Errorf("%w (%w)", context.Cause(runCtx), err)
	}
	outcome := conclude(claim, result, err, time.Now())
	if result.Quiet != 0 {
		outcome.QuietUntil = claim.LeaseUntil.Add(result.Quiet - r.config.Lease)
	}
	if remembered(claim.Key.Kind, outcome.Disposition) {
		run := &lockstep.RunReport{Began: began, RunFacts: result.Facts}
		run.Calls = calls.Report(&run.RunFacts)
		outcome.Run = run
	}
	return outcome, err
}

// remembered reports whether a run leaves a record. Sweeps run all the time, and the deliveries of e-mails and
// webhooks have records of their own; their runs leave one only if something went wrong.
func remembered(kind lockstep.KeyKind, ended lockstep.Disposition) bool {
	switch kind {
	case lockstep.KeySweep, lockstep.KeyWake, lockstep.KeyNotice, lockstep.KeyEmail, lockstep.KeyBuyerEmail,
		lockstep.KeyWebhook:
		return ended != lockstep.Done
	}
	return true
}

// report logs how a run ended.
func report(ctx context.Context, log *slog.Logger, outcome lockstep.Outcome, err error, took time.Duration) {
	switch outcome.Disposition {
	case lockstep.Done:
		log.DebugContext(ctx, "in sync", "took", took)
	case lockstep.Parked:
		log.InfoContext(ctx, "parked", "reason", outcome.Reason)
	case lockstep.Retry:
		level := slog.LevelWarn
		if outcome.Untried { // the run only waits, and the cause has its own log line
			level = slog.LevelDebug
		}
		log.Log(ctx, level, "not in sync yet", "error", err, "again_at", outcome.At)
	case lockstep.Failed:
		log.ErrorContext(ctx, "failed; a retry will not help", "error", err)
	}
}

// finish gives the lease back, even if the run was cut off. While the database is away it
// retries until the lease expires, because no one else can run the key before.
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

// recovered runs the key's reconciler and turns a panic into an error.
func (r *Runner) recovered(ctx context.Context, claim lockstep.Claim) (result Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.ErrorContext(ctx, "run panicked", "key", claim.Key.String(), "panic", p, "stack", string(debug.Stack()))
			err = internalError{fmt.Errorf("panic: %v", p)}
		}
	}()
	reconciler, known := r.reconcilers[claim.Key.Kind]
	if !known {
		return Result{}, UnknownKey(claim.Key)
	}
	return reconciler.Reconcile(ctx, claim)
}

// UnknownKey returns the error that leaves a key to a newer version of this program. During a
// rollout both versions share the queue, and the older one must not finish the newer one's work.
func UnknownKey(key lockstep.Key) error {
	return &lockstep.DelayError{Reason: "this version does not know the key " + key.String() + "; a newer one runs it",
		After: 30 * time.Second}
}
