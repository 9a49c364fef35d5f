package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/backfill"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
)

// defaultBackfillRate is as much as the rate gate gives to background calls. The gate serves live
// traffic first, so a backfill slows down while there is any.
const defaultBackfillRate = 0.9

// backfiller links the customers of an existing business.
func (p *parts) backfiller(owners *ownership.Resolver) *backfill.Reconciler {
	c := p.config
	share := cmp.Or(c.Sync.BackfillRate, defaultBackfillRate)
	b := &backfill.Reconciler{Store: c.Store, Billing: p.billing, Directory: p.id.directory, Owners: owners,
		Catalog: c.Catalog, Book: p.book,
		CustomerKey: c.Access.Projection.CustomerID, AdoptByEmail: c.Customers.AdoptByEmail,
		Entitled: c.Access.Entitlements, Log: c.Log,
		StripeRate: share * p.billing.Gate().PerSecond(), Generation: p.guard.Generation,
		Then: sweep.Held()}
	if p.id.gate != nil {
		b.ClerkRate = share * p.id.gate.PerSecond()
	}
	return b
}

// firstStart starts the backfill if no service has run on the database before, and returns the
// state of the backfill.
func (s *Server) firstStart(ctx context.Context) (lockstep.Backfill, error) {
	if _, err := s.store.BeginBackfill(ctx, "", backfill.Encode(backfill.New(true, false)),
		true); err != nil {
		return lockstep.Backfill{}, err
	}
	return backfill.State(ctx, s.store)
}

// dryTries is how often a dry run retries a failing request before it gives up.
const dryTries = 6

var dryRunKey = lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.BackfillSweep}

// DryRun lists Stripe and the directory as the first start would, and returns what it would
// link. It writes nothing to Stripe or the directory. It keeps what it lists in the
// configuration's store, which must be empty and unused by others. It calls progress four times
// a second.
func DryRun(ctx context.Context, c Config, progress func(lockstep.Backfill)) (
	report lockstep.BackfillReport, err error) {
	s, err := New(c)
	if err != nil {
		return report, err
	}
	defer s.caller.Close()
	started, err := s.store.BeginBackfill(ctx, "", backfill.Encode(backfill.New(true, true)), true)
	if err != nil {
		return report, err
	}
	if !started {
		return report, errors.New("dry run: the database is not empty; use a new one")
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	// Only the backfill runs. When it ends, it releases the accounts and starts the sweeps, whose
	// runs would create customers and write metadata.
	go func() { ended <- s.runner.Only(dryRunKey).Run(working) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
		s.leave(ctx)
	}()
	return s.followDryRun(ctx, progress)
}

// followDryRun reports progress until the backfill is done or fails too often.
func (s *Server) followDryRun(ctx context.Context, progress func(lockstep.Backfill)) (lockstep.BackfillReport, error) {
	ticker := time.NewTicker(time.Second / 4)
	defer ticker.Stop()
	var logged string
	for {
		at, err := backfill.State(ctx, s.store)
		if err != nil {
			return lockstep.BackfillReport{}, err
		}
		progress(at)
		if at.Phase == lockstep.BackfillDone {
			return at.Report, nil
		}
		if logged, err = s.checkDryRun(ctx, logged); err != nil {
			return lockstep.BackfillReport{}, err
		}
		select {
		case <-ctx.Done():
			return lockstep.BackfillReport{}, ctx.Err()
		case <-ticker.C:
		}
	}
}

// checkDryRun returns an error once the backfill has failed too often. It logs each new reason
// for a retry, and returns the last one that was logged.
func (s *Server) checkDryRun(ctx context.Context, logged string) (string, error) {
	work, err := s.store.Work(ctx, dryRunKey)
	switch {
	case err != nil:
		return logged, err
	case work.Disposition == lockstep.Failed, work.Disposition == lockstep.Retry && work.Attempts >= dryTries:
		return logged, fmt.Errorf("dry run: %s", work.Reason)
	case work.Disposition == lockstep.Retry && work.Reason != logged:
		s.log.WarnContext(ctx, "provider request failed; retrying", "error", work.Reason)
		return work.Reason, nil
	}
	return logged, nil
}
