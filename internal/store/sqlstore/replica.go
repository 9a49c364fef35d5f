package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	upsertReplica Statement = `
insert into replicas (id, until) values ($1, $2)
on conflict (id) do update set until = excluded.until`

	pruneReplicas Statement = `delete from replicas where until <= $1`

	deleteReplica Statement = `delete from replicas where id = $1`

	countReplicas Statement = `select count(*) from replicas where until > $1`

	// upsertPause keeps the longest pause that any replica was given.
	upsertPause Statement = `
insert into upstream_pauses (endpoint, until) values ($1, $2)
on conflict (endpoint) do update set
	until = case when excluded.until > upstream_pauses.until then excluded.until else upstream_pauses.until end`

	prunePauses Statement = `delete from upstream_pauses where until <= $1`

	selectPauses Statement = `select endpoint, until from upstream_pauses where until > $1`
)

// Beat implements [lockstep.Replicas].
func (s *Store) Beat(ctx context.Context, replica string, ttl time.Duration, pauses []lockstep.Pause) (lockstep.Fleet,
	error) {
	var fleet lockstep.Fleet
	err := s.write(ctx, func(t *tx) error {
		t.queue(upsertReplica, replica, t.now()+ttl.Milliseconds())
		for _, p := range pauses {
			t.queue(upsertPause, p.Endpoint, t.now()+p.For.Milliseconds())
		}
		for _, prune := range []Statement{pruneReplicas, prunePauses} {
			t.queue(prune, t.now())
		}
		var err error
		fleet, err = t.fleet(ctx)
		return err
	})
	return wrap(fleet, err, "renew a replica's registration")
}

// Leave implements [lockstep.Replicas].
func (s *Store) Leave(ctx context.Context, replica string) error {
	err := s.write(ctx, func(t *tx) error {
		t.queue(deleteReplica, replica)
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove a replica: %w", err)
	}
	return nil
}

// Fleet implements [lockstep.Replicas].
func (s *Store) Fleet(ctx context.Context) (lockstep.Fleet, error) {
	var fleet lockstep.Fleet
	err := s.read(ctx, func(t *tx) (err error) {
		if err := t.flush(ctx); err != nil { // brings the time
			return err
		}
		fleet, err = t.fleet(ctx)
		return err
	})
	return wrap(fleet, err, "read the running replicas")
}

func (t *tx) fleet(ctx context.Context) (fleet lockstep.Fleet, err error) {
	replicas := askOne(ctx, t, scanNumber, countReplicas, t.now())
	pauses := ask(ctx, t, t.scanPause, selectPauses, t.now())
	if err := t.commit(ctx); err != nil {
		return fleet, err
	}
	n, err := replicas()
	if err != nil {
		return fleet, err
	}
	fleet.Replicas = int(n)
	fleet.Pauses, err = pauses()
	return fleet, err
}

func (t *tx) scanPause(row sqlrun.Scanner) (p lockstep.Pause, err error) {
	var until int64
	err = row.Scan(&p.Endpoint, &until)
	p.For = time.Duration(until-t.now()) * time.Millisecond
	return p, err
}
