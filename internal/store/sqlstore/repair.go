package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	selectReplayed Statement = `
select seq, source, id, type, coalesce(key, ''), status, reason from events where source = $1 and id = $2`

	// reopenEvent makes the event $1 pending again, unless it was processed. If the customer $2 is or was linked,
	// it moves to the account. Its key is marked in the same transaction, so the generation is the one of that mark.
	reopenEvent Statement = `
update events set status = 'pending', reason = '', key = landed.key,
	generation = (select generation from work where key = landed.key)
from (
	select coalesce((select kind || '/' || id from accounts where customer_id = $2),
		(select kind || '/' || id from former_customers where customer_id = $2), old.key) as key
	from events old where old.seq = $1) as landed
where seq = $1 and (status in ('pending', 'parked', 'failed') or status = 'done' and reason <> '')`

	// hasten makes a pending key that no run holds at the time $2 due, with all its attempts.
	hasten Statement = `
update work set run_at = case when run_at > $2 then $2 else run_at end, attempts = 0
where key = $1 and generation > done_generation and lease_until <= $2`

	// settleDropped settles up to $3 open events of a key. An event that is done with a reason was dropped: so the
	// indexes and the retention of settled events serve it too.
	settleDropped Statement = `
update events set status = 'done', reason = $2
where seq in (select seq from events where key = $1 and status in ('pending', 'parked', 'failed') limit $3 + 0)`

	dropWork Statement = `
update work set
	done_generation = generation,
	scope = 0, claimed_scope = 0, lease_token = '', gathers = 1,
	attempts = 0, disposition = 'dropped', reason = $2
where key = $1`

	// selectOpenTypes reads the types of $2 open events, and an empty one if there are more.
	selectOpenTypes Statement = `
select distinct type from (
	select type from events where key = $1 and status in ('pending', 'parked', 'failed') limit $2 + 0) as open
union all
select '' where exists (
	select 1 from events where key = $1 and status in ('pending', 'parked', 'failed') limit 1 offset $2 + 0)`

	selectActive Statement = `select count(*) from accounts where kind = $1 and id = $2 and state <> $3`
)

// Replay implements [lockstep.Repairs].
func (s *Store) Replay(ctx context.Context, request lockstep.ReplayRequest) (all []lockstep.Replayed, err error) {
	if len(request.Events) > lockstep.MostRepaired {
		return nil, fmt.Errorf("replay: %w: at most %d events at once", lockstep.ErrInvalid, lockstep.MostRepaired)
	}
	err = s.write(ctx, func(t *tx) error {
		all, err = t.replay(ctx, request)
		return err
	})
	return wrap(all, err, "replay %d events", len(request.Events))
}

func (t *tx) replay(ctx context.Context, request lockstep.ReplayRequest) ([]lockstep.Replayed, error) {
	found, err := t.replayed(ctx, request.Events)
	if err != nil {
		return nil, err
	}
	all := make([]lockstep.Replayed, len(found))
	var marks []lockstep.Mark
	for i, f := range found {
		all[i].Event = f.Event
		if f.Key.IsZero() {
			continue
		}
		if all[i].Key, err = t.land(ctx, f.Key); err != nil {
			return nil, err
		}
		all[i].Reopened = f.Status != lockstep.EventDone
		mark := lockstep.Mark{Key: f.Key, Scope: lockstep.ScopeAll, Priority: request.Priority}
		if request.Scope != nil {
			mark.Scope |= request.Scope(f.Event)
		}
		marks = append(marks, mark)
	}
	t.mark(marks...)
	for i, f := range found {
		if all[i].Reopened {
			t.queue(reopenEvent, f.seq, customerOf(f.Key))
		}
	}
	return all, nil
}

// stored is an event with its number, without its body.
type stored struct {
	lockstep.Event
	seq int64
}

// replayed reads the named events that exist, each once and ordered by number.
func (t *tx) replayed(ctx context.Context, refs []lockstep.EventRef) (found []stored, err error) {
	var answers []func() ([]stored, error)
	for _, ref := range refs {
		for _, source := range []lockstep.Source{lockstep.Stripe, lockstep.Clerk} {
			if ref.Source == "" || ref.Source == source {
				answers = append(answers, ask(ctx, t, scanStored, selectReplayed, source, ref.ID))
			}
		}
	}
	for _, answer := range answers {
		some, err := answer()
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, func(a, b stored) int { return int(a.seq - b.seq) })
	return slices.CompactFunc(found, func(a, b stored) bool { return a.seq == b.seq }), nil
}

func scanStored(row sqlrun.Scanner) (e stored, err error) {
	var key string
	if err = row.Scan(&e.seq, &e.Source, &e.ID, &e.Type, &key, &e.Status, &e.Reason); err != nil {
		return e, err
	}
	if e.Status == lockstep.EventDone && e.Reason != "" {
		e.Status = lockstep.EventDropped
	}
	if key != "" {
		e.Key, err = lockstep.ParseKey(key)
	}
	return e, err
}

// Retry implements [lockstep.Repairs].
func (s *Store) Retry(ctx context.Context, marks ...lockstep.Mark) (before []lockstep.Work, err error) {
	if len(marks) > lockstep.MostRepaired {
		return nil, fmt.Errorf("retry: %w: at most %d keys at once", lockstep.ErrInvalid, lockstep.MostRepaired)
	}
	err = s.write(ctx, func(t *tx) error {
		before, err = t.retry(ctx, marks)
		return err
	})
	return wrap(before, err, "retry %d keys", len(marks))
}

func (t *tx) retry(ctx context.Context, marks []lockstep.Mark) (before []lockstep.Work, err error) {
	marks = slices.Clone(marks)
	for i, m := range marks {
		if marks[i].Key, err = t.land(ctx, m.Key); err != nil {
			return nil, err
		}
	}
	marks = merge(marks) // in the order in which writers lock keys
	var answers []func() ([]lockstep.Work, error)
	for _, m := range marks {
		answers = append(answers, ask(ctx, t, t.scanWork, SelectWork, m.Key.String()))
	}
	for i, answer := range answers {
		row, err := answer()
		if err != nil {
			return nil, err
		}
		if len(row) == 0 {
			continue // a key that never had work may be a typing error
		}
		before = append(before, row...)
		t.markPlaced(marks[i])
		t.queue(hasten, marks[i].Key.String(), t.now())
	}
	return before, nil
}

// Drop implements [lockstep.Repairs].
func (s *Store) Drop(ctx context.Context, drop lockstep.Drop) (before lockstep.Work, err error) {
	if drop.Key.Kind == lockstep.KeySweep || drop.Key.Kind == lockstep.KeyWake {
		return before, fmt.Errorf("drop: %w: %s repairs other keys, so it cannot be dropped", lockstep.ErrInvalid, drop.Key)
	}
	for ended := false; !ended && err == nil; {
		err = s.write(ctx, func(t *tx) error {
			before, ended, err = t.dropKey(ctx, drop)
			return err
		})
	}
	return wrap(before, err, "drop %s", drop.Key)
}

// dropKey locks the key first: an event that is being stored is either seen here, or marks the key again.
func (t *tx) dropKey(ctx context.Context, drop lockstep.Drop) (before lockstep.Work, ended bool, err error) {
	key := drop.Key.String()
	if before, err = collectOne(ctx, t, t.scanWork, SelectWork, key); err != nil {
		return before, false, err
	}
	if err := t.droppable(ctx, before, drop.Unless); err != nil {
		return before, false, err
	}
	most := t.dialect.step(1)
	settled, err := t.exec(ctx, settleDropped, key, drop.Reason, most)
	if err != nil || settled == int64(most) {
		return before, false, err
	}
	t.queue(deleteWaits, key)
	t.queue(dropWork, key, drop.Reason)
	return before, true, nil
}

// mostTypes is how many open events of a key a drop looks at.
const mostTypes = 10_000

// droppable returns why a key must not be dropped.
func (t *tx) droppable(ctx context.Context, w lockstep.Work, unless []string) error {
	switch {
	case !w.LeaseUntil.IsZero():
		return lockstep.ErrBusy
	case w.Status() == lockstep.WorkDone, w.Status() == lockstep.WorkDropped:
		return fmt.Errorf("nothing of %s is open: %w", w.Key, lockstep.ErrNotFound)
	}
	if account, is := w.Key.Account(); is {
		active, err := collectOne(ctx, t, scanNumber, selectActive, account.Kind, account.ID, lockstep.AccountDeleted)
		if err != nil {
			return err
		}
		if active > 0 {
			return lockstep.ErrInUse
		}
	}
	types, err := collect(ctx, t, text, selectOpenTypes, w.Key.String(), mostTypes)
	if err != nil {
		return err
	}
	paid := func(name string) bool { return slices.Contains(unless, name) || name == "" && len(unless) > 0 }
	if slices.ContainsFunc(types, paid) {
		return lockstep.ErrPaid
	}
	return nil
}
