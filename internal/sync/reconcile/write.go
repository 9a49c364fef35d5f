package reconcile

import (
	"context"
	"time"
)

// write carries out what a run has decided. The order is fixed:
//
//  1. the database, which is the permanent record
//  2. the directory, which the app's interface reads
//  3. the notices of access; notices of billing were stored with the record
//
// If a step fails, the later ones wait for the retry, and the earlier ones stay. If a provider
// refuses a step, that is recorded, and the later ones continue.
func (as *Accounts) write(ctx context.Context, d *draft, plan decided) (Result, error) {
	defer as.reportWrites(ctx, d)
	if err := as.commit(ctx, d, plan); err != nil {
		return Result{}, err
	}
	if err := as.effects(ctx, d, plan); err != nil {
		return plan.look, err
	}
	switch again, err := as.released(ctx, d); {
	case err != nil:
		return Result{}, err
	case again:
		return Result{After: time.Millisecond}, nil
	}
	return plan.look, nil
}

// released reports whether the backfill ended during the run. At its end it marks every account, but
// this one's mark may have come before the run read that it was held.
func (as *Accounts) released(ctx context.Context, d *draft) (bool, error) {
	if !d.incomplete {
		return false, nil
	}
	incomplete, err := as.Hold.Incomplete(ctx)
	return !incomplete, err
}

// effects writes what follows from the saved record elsewhere.
func (as *Accounts) effects(ctx context.Context, d *draft, plan decided) error {
	if plan.metadata != nil {
		if err := as.metadata().write(ctx, d, plan.metadata); err != nil {
			return err
		}
		as.noteMetadata(d, plan.metadata)
	}
	if plan.quiet {
		return nil
	}
	if err := as.memberLimits().set(ctx, d, plan.limit); err != nil {
		return err
	}
	return d.queued(as.notifier().notify(ctx, d.claim, d.now, plan.at))
}

// commit saves what was decided. If nothing has changed, it writes nothing. But a run that will
// write to the directory always saves, because that is how it learns that it has lost its lease. (A
// write of metadata changes the record's pace.)
func (s drafts) commit(ctx context.Context, d *draft, plan decided) error {
	d.now = plan.record
	d.now.Standing = s.standing(d.now, plan.at)
	d.observe(d.now)
	quiet := plan.limit == 0 && len(plan.notices) == 0 && len(d.marks) == 0
	if !d.stored || !quiet || !unchanged(d.was, d.now) {
		if err := s.save(ctx, d, plan.notices, plan.at); err != nil {
			return err
		}
	}
	d.decide(s.catalog, plan.at)
	return nil
}
