package sqlstore

import (
	"context"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// stepRows is about how many rows one transaction writes. A transaction blocks all other writers on
// SQLite and holds locks on PostgreSQL.
//
// An operation on more rows takes steps, each a transaction of its own. After an error or a crash
// some steps are committed; the caller repeats the call, which skips the rows that are done.
const stepRows = 1000

// step returns how many items one transaction writes if each of them writes cost rows.
func (d *Dialect) step(cost int) int {
	rows := d.StepRows
	if rows == 0 {
		rows = stepRows
	}
	return max(1, rows/cost)
}

func (s *Store) step(cost int) int { return s.dialect.step(cost) }

// head splits off the first n items; further steps do the rest.
func head[T any](all []T, n int) (first, rest []T) {
	n = min(n, len(all))
	return all[:n], all[n:]
}

// saveSteps makes a change fit into one transaction. It writes the notices that do not fit, returns
// the rest for Save to write, and a function that then writes the subscriptions and marks that do
// not fit.
//
// Notices may come first, because their delivery waits for the end of the run. Subscriptions that
// have not ended come before those that have, so an account never lacks access between two steps.
// The last subscriptions repeat the first marks, because those keys show what the subscriptions say.
func (s *Store) saveSteps(ctx context.Context, claim lockstep.Claim,
	change lockstep.AccountUpdate) (rest lockstep.AccountUpdate, after func() error, err error) {
	rest = change
	for len(rest.Notices) > s.step(6) { // a third of a transaction, as marks and subscriptions
		var some []lockstep.Notice
		some, rest.Notices = head(rest.Notices, s.step(6))
		if err := s.fenced(ctx, claim, func(t *tx) error { return t.saveNewNotices(ctx, claim, some) }); err != nil {
			return rest, nil, err
		}
	}
	var marks []lockstep.Mark
	rest.Marks, marks = head(change.Marks, s.step(3))
	subscriptions := s.subscriptionSteps(change.Record.Subscriptions)
	if len(subscriptions) > 1 {
		rest.Record.Subscriptions = subscriptions[0]
		subscriptions = subscriptions[1:]
	} else {
		subscriptions = nil
	}
	return rest, func() error {
		for i, some := range subscriptions {
			err := s.fenced(ctx, claim, func(t *tx) error {
				t.changed(change.Record.Account)
				if err := t.saveSubscriptions(change.Record.Account, some); err != nil {
					return err
				}
				if i == len(subscriptions)-1 {
					t.mark(rest.Marks...)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return s.inSteps(ctx, claim, marks)
	}, nil
}

// subscriptionSteps splits subscriptions into what one transaction writes.
func (s *Store) subscriptionSteps(all []lockstep.Subscription) (steps [][]lockstep.Subscription) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b lockstep.Subscription) int { return endedLast(a) - endedLast(b) })
	rows, most := 0, s.step(3)
	for _, sub := range all {
		cost := 1 + len(sub.Items)
		if rows += cost; len(steps) == 0 || rows > most {
			steps, rows = append(steps, nil), cost
		}
		steps[len(steps)-1] = append(steps[len(steps)-1], sub)
	}
	return steps
}

// inSteps marks keys within the claim.
func (s *Store) inSteps(ctx context.Context, claim lockstep.Claim, marks []lockstep.Mark) error {
	for some := range slices.Chunk(marks, s.step(1)) {
		err := s.fenced(ctx, claim, func(t *tx) error {
			t.mark(some...)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
