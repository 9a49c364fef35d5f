package sqlstore

import (
	"context"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// SelectWork reads the row of a key. With several writers, a transaction that writes locks it.
	SelectWork Statement = `
select key, scope | claimed_scope, priority, generation, done_generation, run_at, lease_until, attempts,
	disposition, reason
from work where key = $1`

	selectWaiting Statement = `select key from work_waits where waits_for = $1 order by key`
)

// Work implements [lockstep.Queue]. Its Scope is what the current run took and what was marked
// since.
func (s *Store) Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error) {
	var w lockstep.Work
	err := s.read(ctx, func(t *tx) (err error) {
		work := askOne(ctx, t, t.scanWork, SelectWork, key.String())
		if err := t.commit(ctx); err != nil {
			return err
		}
		w, err = work()
		return err
	})
	return wrap(w, err, "read work %s", key)
}

// WaitingFor implements [lockstep.Queue].
func (s *Store) WaitingFor(ctx context.Context, key lockstep.Key) ([]lockstep.Key, error) {
	keys, err := all(ctx, s, scanKey, selectWaiting, key.String())
	return wrap(keys, err, "read what waits for %s", key)
}

func scanKey(row sqlrun.Scanner) (lockstep.Key, error) {
	s, err := text(row)
	if err != nil {
		return lockstep.Key{}, err
	}
	return lockstep.ParseKey(s)
}

func (t *tx) scanWork(row sqlrun.Scanner) (lockstep.Work, error) {
	var w lockstep.Work
	var key string
	var runAt, leaseUntil int64
	err := row.Scan(&key, &w.Scope, &w.Priority, &w.Generation, &w.DoneGeneration, &runAt, &leaseUntil,
		&w.Attempts, &w.Disposition, &w.Reason)
	if err != nil {
		return w, err
	}
	w.RunAt = moment(runAt)
	if leaseUntil > t.now() {
		w.LeaseUntil = moment(leaseUntil)
	}
	w.Key, err = lockstep.ParseKey(key)
	return w, err
}
