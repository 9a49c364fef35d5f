package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/backfill"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// defaultBackfillRate leaves room for what happens meanwhile.
const defaultBackfillRate = 0.6

// backfiller is the reconciler of the backfill's sweep.
func backfiller(c Config, billing *stripebilling.Client, id identity, owners *ownership.Resolver,
	book *pricebook.Book) *backfill.Reconciler {
	share := cmp.Or(c.BackfillRate, defaultBackfillRate)
	b := &backfill.Reconciler{Store: c.Store, Billing: billing, Directory: id.directory, Owners: owners,
		Catalog: c.Catalog, Book: book,
		CustomerKey: c.Projection.CustomerID, AdoptByEmail: c.AdoptByEmail, Entitled: c.Entitled, Log: c.Log,
		StripeRate: share * billing.Gate().PerSecond(), Then: sweep.Held()}
	if id.gate != nil {
		b.ClerkRate = share * id.gate.PerSecond()
	}
	return b
}

// firstStart begins the backfill if no service has run on the database before, and returns
// where the backfill stands.
func (s *Server) firstStart(ctx context.Context) (lockstep.Backfill, error) {
	if _, err := s.store.BeginBackfill(ctx, "", backfill.Encode(backfill.New(true, false)),
		true); err != nil {
		return lockstep.Backfill{}, err
	}
	return backfill.State(ctx, s.store)
}

// dryTries is how often a dry run retries a failing request before it gives up.
const dryTries = 6

// DryRun lists Stripe and the directory as the first start would, and returns what it would
// link. It writes nothing to Stripe or the directory. It keeps what it lists in the
// configuration's store, which must be an empty one that nobody else uses. It calls progress
// four times a second.
func DryRun(ctx context.Context, c Config, progress func(lockstep.Backfill)) (
	report lockstep.BackfillReport, err error) {
	s, err := New(c)
	if err != nil {
		return report, err
	}
	defer s.caller.Close()
	begun, err := c.Store.BeginBackfill(ctx, "", backfill.Encode(backfill.New(true, true)), true)
	if err != nil {
		return report, err
	}
	if !begun {
		return report, errors.New("dry run: the database is not empty")
	}
	key := lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.BackfillSweep}
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	// Only the backfill: at its end it releases the accounts and starts the sweeps, whose
	// runs would create customers and write metadata.
	go func() { ended <- s.runner.Only(key).Run(working) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
		s.leave(ctx)
	}()
	ticker := time.NewTicker(time.Second / 4)
	defer ticker.Stop()
	var said string
	for {
		at, err := backfill.State(ctx, c.Store)
		if err != nil {
			return report, err
		}
		progress(at)
		if at.Phase == lockstep.BackfillDone {
			return at.Report, nil
		}
		work, err := c.Store.Work(ctx, key)
		switch {
		case err != nil:
			return report, err
		case work.Disposition == lockstep.Failed, work.Disposition == lockstep.Retry && work.Attempts >= dryTries:
			return report, fmt.Errorf("dry run: %s", work.Reason)
		case work.Disposition == lockstep.Retry && work.Reason != said:
			said = work.Reason
			c.Log.Log(ctx, slog.LevelWarn, "a provider does not answer as it should; trying again", "error", said)
		}
		select {
		case <-ctx.Done():
			return report, ctx.Err()
		case <-ticker.C:
		}
	}
}
