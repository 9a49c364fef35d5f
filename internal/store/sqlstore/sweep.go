package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	selectCursor Statement = `select value from cursors where sweep = $1`
	upsertCursor Statement = `
insert into cursors (sweep, value) values ($1, $2)
on conflict (sweep) do update set value = excluded.value`
)

// Cursor implements [lockstep.SweepStore].
func (s *Store) Cursor(ctx context.Context, sweep string) (string, error) {
	cursor, err := one(ctx, s, text, selectCursor, sweep)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", fmt.Errorf("read cursor of %s: %w", sweep, err)
	}
	return cursor, nil
}

// SaveCursor implements [lockstep.SweepStore].
func (s *Store) SaveCursor(ctx context.Context, claim lockstep.Claim, sweep, cursor string,
	marks []lockstep.Mark) error {
	first, last := head(marks, (max(len(marks), 1)-1)/s.step(1)*s.step(1))
	err := s.inSteps(ctx, claim, first)
	if err == nil {
		err = s.fenced(ctx, claim, func(t *tx) error {
			t.queue(upsertCursor, sweep, cursor)
			t.mark(last...)
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("save cursor of %s: %w", sweep, err)
	}
	return nil
}
