package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// customers is how many customers the events name, unless a scenario says otherwise.
const customers = 20_000

// target is a server to measure.
type target struct {
	name  string
	role  string
	store string // "sqlite", "postgres" or empty
}

var (
	ceiling          = target{"ceiling", "ceiling", ""}
	plainSQLite      = target{"plain sqlite", "plain", "sqlite"}
	plainPostgres    = target{"plain postgres", "plain", "postgres"}
	lockstepSQLite   = target{"lockstep sqlite", "lockstep", "sqlite"}
	lockstepPostgres = target{"lockstep postgres", "lockstep", "postgres"}
	tracedSQLite     = target{"lockstep sqlite, traces", "lockstep-traced", "sqlite"}
	tracedPostgres   = target{"lockstep postgres, traces", "lockstep-traced", "postgres"}
)

// ingest measures deliveries in a closed loop.
func ingest(ctx context.Context, b *bench) error {
	for _, senders := range b.Senders {
		l := b.load(senders)
		if err := b.compare(ctx, "ingest", fmt.Sprintf("c=%d", senders), l, ceiling, plainSQLite, lockstepSQLite,
			plainPostgres, lockstepPostgres); err != nil {
			return err
		}
	}
	l := b.load(64)
	if l.duplicates = b.Duplicates; l.duplicates != 0 {
		if err := b.compare(ctx, "ingest", fmt.Sprintf("c=64, %.0f%% duplicates", 100*l.duplicates), l, ceiling,
			lockstepSQLite, lockstepPostgres); err != nil {
			return err
		}
	}
	return b.ingestTraced(ctx)
}

// ingestTraced measures what traces cost deliveries: every delivery is sampled.
func (b *bench) ingestTraced(ctx context.Context) error {
	for _, pair := range [][2]target{{lockstepSQLite, tracedSQLite}, {lockstepPostgres, tracedPostgres}} {
		if !b.targets.MatchString(pair[1].name) {
			continue
		}
		if err := b.compare(ctx, "ingest", "c=64, cost of traces", b.load(64), pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// ingestOpen measures deliveries in an open loop. It has more connections than a target that keeps up ever uses at
// once.
func ingestOpen(ctx context.Context, b *bench) error {
	l := b.load(128)
	l.rate, l.duplicates = b.Rate, b.Duplicates
	return b.compare(ctx, "ingest-open", fmt.Sprintf("%.0f/s due", l.rate), l, ceiling, plainSQLite, lockstepSQLite,
		plainPostgres, lockstepPostgres)
}

func (b *bench) load(senders int) load {
	return load{senders: senders, warmup: b.Warmup, measured: b.For}
}

// compare measures the chosen targets alternately. The first target is the baseline.
func (b *bench) compare(ctx context.Context, scenario, in string, l load, targets ...target) error {
	targets = slices.DeleteFunc(targets, func(t target) bool { return t != targets[0] && !b.targets.MatchString(t.name) })
	rounds := make([][]Figures, len(targets))
	for range b.Rounds {
		for i, t := range targets {
			f, err := b.fresh(ctx, t, l, customers)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", in, t.name, err)
			}
			rounds[i] = append(rounds[i], f)
		}
	}
	for i, t := range targets {
		r := Result{Scenario: scenario, Case: in, Target: t.name, Rounds: rounds[i]}
		if i > 0 {
			r.compare(targets[0].name, rounds[0])
		}
		b.report.add(r)
	}
	return nil
}

// fresh measures a target once, with a new process and an empty database.
func (b *bench) fresh(ctx context.Context, t target, l load, customers int) (f Figures, err error) {
	database := ""
	if t.store != "" {
		var drop func() error
		if database, drop, err = b.database(ctx, t.store); err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, drop()) }()
	}
	return b.delivered(ctx, t, database, l, customers)
}

// database creates an empty database, and returns where it is and how to drop it.
func (b *bench) database(ctx context.Context, store string) (at string, drop func() error, err error) {
	if store == "sqlite" {
		dir, err := os.MkdirTemp(b.dir, "sqlite-")
		return filepath.Join(dir, "bench.db"), func() error { return os.RemoveAll(dir) }, err
	}
	if b.report.Machine.PostgreSQL, err = b.databases.version(ctx); err != nil {
		return "", nil, err
	}
	return b.databases.create(ctx)
}

// delivered measures deliveries to a target once, on an existing database, and checks that the target holds every
// event that it answered with 200.
func (b *bench) delivered(ctx context.Context, t target, database string, l load,
	customers int) (f Figures, err error) {
	e, err := newEvents(rand.Uint64(), customers)
	if err != nil {
		return f, err
	}
	f, tally, more, err := b.once(ctx, t, database, l, e)
	if err != nil {
		return f, err
	}
	if has, keeps := more["stored"]; keeps && int(has) != tally.stored() {
		return f, fmt.Errorf("the target answered %d events with 200 but stored %d", tally.stored(), int(has))
	}
	return f, nil
}

// once measures a target once, on an existing database. more is what the target reported when it stopped.
func (b *bench) once(ctx context.Context, t target, database string, l load,
	q questions) (f Figures, total *tally, more map[string]float64, err error) {
	p, err := b.start(ctx, t.role, t.store, database)
	if err != nil {
		return f, nil, nil, err
	}
	if first, has := q.(warming); has {
		if err := first.warm(ctx, at(p.address)); err != nil {
			p.kill()
			return f, nil, nil, err
		}
	}
	before, own := p.cpu(), cpuOf(os.Getpid())
	total, err = l.run(ctx, at(p.address), q, func() { before, own = p.cpu(), cpuOf(os.Getpid()) })
	if err != nil {
		p.kill()
		return f, nil, nil, err
	}
	f = total.figures()
	f.Memory = p.peak()
	if n := len(total.latencies); n > 0 {
		f.CPU = float64((p.cpu() - before).Microseconds()) / float64(n)
		f.Sending = float64((cpuOf(os.Getpid()) - own).Microseconds()) / float64(n)
	}
	more, err = p.stop()
	return f, total, more, err
}
