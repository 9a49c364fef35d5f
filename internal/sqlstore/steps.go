package sqlstore

import (
	"context"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// stepRows is about how many rows one transaction writes. On SQLite nobody else writes meanwhile, and
// on PostgreSQL it holds locks.
//
// What an operation does to more rows it does in steps, each a transaction of its own. After an
// error or a crash some steps are done; to repeat the call does the rest, since no step does
// again what is done already.
const stepRows = 1000

// step is how many rows one transaction writes where each of them costs so many.
func (d Dialect) step(cost int) int {
	rows := d.StepRows
	if rows == 0 {
		rows = stepRows
	}
	return max(1, rows/cost)
}

func (s *Store) step(cost int) int { return s.writer.dialect.step(cost) }

// head splits off the first n; the rest is what further steps do.
func head[T any](all []T, n int) (first, rest []T) {
	n = min(n, len(all))
	return all[:n], all[n:]
}

// saveSteps writes the part of a change that is too large for one transaction, and returns the rest of
// it: Save writes that, and then what after does.
//
// Notices may come first, because they wait for the run. Subscriptions and marks follow the account. Those
// subscriptions that have not ended are the first, so that no access is missing in between.
// The first marks are said again with the last subscriptions: they are of keys that show those.
func (s *Store) saveSteps(ctx context.Context, claim lockstep.Claim, change lockstep.Change) (rest lockstep.Change, after func() error, err error) {
	rest = change
	for len(rest.Notices) > s.step(2) {
		var some []lockstep.Notice
		some, rest.Notices = head(rest.Notices, s.step(2))
		if err := s.fenced(ctx, claim, func(t *tx) error { return t.saveNotices(ctx, claim, some) }); err != nil {
			return rest, nil, err
		}
	}
	var marks []lockstep.Mark
	rest.Marks, marks = head(change.Marks, s.step(1))
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
				for _, sub := range some {
					if err := t.saveSubscription(ctx, change.Record.Account, sub); err != nil {
						return err
					}
				}
				if i == len(subscriptions)-1 {
					return t.mark(ctx, rest.Marks)
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
	rows, most := 0, s.step(1)
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
		if err := s.fenced(ctx, claim, func(t *tx) error { return t.mark(ctx, some) }); err != nil {
			return err
		}
	}
	return nil
}
