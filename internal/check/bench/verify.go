package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// allowed is how many accounts a second the default limits allow: each account takes one request to each endpoint of
// Stripe, and Lockstep makes 90 % of the 25 a second that Stripe allows.
const allowed = 22.5

// verify measures full syncs of accounts, limited by the workers instead of by the providers' rate limits; a note
// compares the rate with what the default limits allow. It first syncs new accounts, so that everything is written,
// then unchanged ones, as nearly all accounts in a full verify are. Beside them it measures what the history and
// traces cost.
func verify(ctx context.Context, b *bench) error {
	for _, kind := range []string{"sqlite", "postgres"} {
		plain := target{"lockstep " + kind, "working", kind}
		targets := []target{plain, {plain.name + ", no history", "working-forgetful", kind},
			{plain.name + ", traces", "working-traced", kind}}
		targets = slices.DeleteFunc(targets, func(t target) bool { return !b.targets.MatchString(t.name) })
		for _, in := range []string{"new", "unchanged"} {
			if err := b.verifyAll(ctx, in, targets); err != nil {
				return err
			}
		}
	}
	return nil
}

// verifyAll measures targets alternately. The first is the baseline.
func (b *bench) verifyAll(ctx context.Context, in string, targets []target) error {
	rounds := make([][]Figures, len(targets))
	for range b.Rounds {
		for i, t := range targets {
			f, err := b.verifyOnce(ctx, t, in == "unchanged")
			if err != nil {
				return fmt.Errorf("%s, %s: %w", t.name, in, err)
			}
			rounds[i] = append(rounds[i], f)
		}
	}
	for i, t := range targets {
		r := Result{Scenario: "verify", Case: fmt.Sprintf("%d accounts, %s", b.Backlog, in), Target: t.name,
			Rounds: rounds[i]}
		if i == 0 {
			r.Notes = []string{fmt.Sprintf("90 %% of Stripe's 25 requests a second per endpoint allow %g accounts a second; "+
				"this rate is %.0f times that", allowed, medians(rounds[0]).Rate/allowed)}
		} else {
			r.compare(targets[0].name, rounds[0])
		}
		b.report.add(r)
	}
	return nil
}

func (b *bench) verifyOnce(ctx context.Context, t target, unchanged bool) (f Figures, err error) {
	whole := waiting{0, b.Backlog, lockstep.ScopeAll, lockstep.Background}
	if unchanged {
		whole.accounts = min(b.Backlog, b.mostLooks())
	}
	at, drop, err := b.populated(ctx, t.store, b.Backlog, whole)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	run, err := b.working(ctx, t, work{1e6, 1e6, b.Slots}, at)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, run.close()) }()
	if unchanged {
		if err := run.settle(ctx, whole.accounts); err != nil {
			return f, err
		}
		if err := mark(ctx, t.store, at, whole); err != nil {
			return f, err
		}
	}
	p, began := run.provider, run.provider.count("subscriptions")
	time.Sleep(b.Warmup)
	looks, calls, writes, cpu := p.count("subscriptions"), p.total(), p.count("metadata"), run.process.cpu()
	time.Sleep(b.For)
	looked := p.count("subscriptions") - looks
	if looked == 0 || looks-began+looked >= whole.accounts {
		return f, fmt.Errorf("%d of %d accounts were synced during the measurement, after %d before it; there must be some left", looked, whole.accounts,
			looks-began)
	}
	per := func(n float64) float64 { return n / float64(looked) }
	return Figures{Rate: float64(looked) / b.For.Seconds(), Memory: run.process.peak(),
		CPU: per(float64((run.process.cpu() - cpu).Microseconds())),
		More: map[string]float64{"calls per account": per(float64(p.total() - calls)),
			"metadata writes per account": per(float64(p.count("metadata") - writes))}}, nil
}

// mostLooks is more accounts than can be synced during the measurement: each sync takes three calls in a row, and
// half of the slots are for other work.
func (b *bench) mostLooks() int {
	slots := b.Slots
	if slots == 0 {
		slots = 32
	}
	return int(1.2*float64(slots-slots/2)*float64(b.Warmup+b.For)/float64(3*upstreamLatency)) + slots
}

// settle waits until the metadata of that many accounts is written. Until then, calls take no time.
func (r *running) settle(ctx context.Context, accounts int) error {
	r.provider.take(0)
	defer r.provider.take(upstreamLatency)
	for end := time.Now().Add(10 * time.Minute); r.provider.count("metadata") < accounts; time.Sleep(
		50 * time.Millisecond) {
		if ctx.Err() != nil || time.Now().After(end) {
			return errors.Join(ctx.Err(), fmt.Errorf("metadata of %d of %d accounts was written within ten minutes",
				r.provider.count("metadata"), accounts))
		}
	}
	return nil
}
