package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// verify measures how fast every account is looked at, with the workers as the limit
// instead of what the providers allow: the rate that the default limits leave is in the
// report's ratio.
func verify(ctx context.Context, b *bench) error {
	for _, kind := range []string{"sqlite", "postgres"} {
		t := target{"lockstep " + kind, "working", kind}
		if !b.targets.MatchString(t.name) {
			continue
		}
		var rounds []Figures
		for range b.Rounds {
			f, err := b.verifyOnce(ctx, t)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			rounds = append(rounds, f)
		}
		b.report.add(Result{Scenario: "verify", Case: fmt.Sprintf("%d accounts", b.Backlog), Target: t.name, Rounds: rounds,
			Notes: []string{"of the rate that Stripe's 25 requests a second to one endpoint allow, 20 accounts a second, it is " +
				fmt.Sprintf("%.0f times", medians(rounds).Rate/20)}})
	}
	return nil
}

func (b *bench) verifyOnce(ctx context.Context, t target) (f Figures, err error) {
	at, drop, err := b.populated(ctx, t.store, b.Backlog, waiting{0, b.Backlog, lockstep.ScopeAll, lockstep.Background})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	run, err := b.working(ctx, t, work{1e6, 1e6, b.Slots}, at)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, run.close()) }()
	time.Sleep(b.Warmup)
	before, cpu := run.provider.count("subscriptions"), run.process.cpu()
	time.Sleep(b.For)
	looked := run.provider.count("subscriptions") - before
	f = Figures{Rate: float64(looked) / b.For.Seconds(), Memory: run.process.peak()}
	if looked > 0 {
		f.CPU = float64((run.process.cpu() - cpu).Microseconds()) / float64(looked)
	}
	return f, nil
}
