package listing

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// EventTally counts the open events by status.
	EventTally = `
select status, count(*) from events where status in ('pending', 'parked', 'failed') group by status`

	// DeletionTally counts deletions by state, without those that Stripe refused.
	DeletionTally = `
select deletion, count(*) from accounts where deletion <> '' and deletion_refused = 0 group by deletion`

	// RefusedDeletions counts deletions that Stripe refused.
	RefusedDeletions = `
select 'refused', count(*) from accounts where deletion_refused = 1 and deletion_refused <> 0`

	// Troubled reads accounts with problems: those after the account $1, $2, at most $3.
	Troubled = `
select kind, id, problems from accounts where problems <> '' and (kind, id) > ($1, $2) order by kind, id limit $3 + 0`
)

// EventTally implements [lockstep.Inbox].
func (l *Lists) EventTally(ctx context.Context) (map[lockstep.EventStatus]int64, error) {
	tally, err := tallyOf[lockstep.EventStatus](ctx, l, EventTally)
	if err != nil {
		return nil, fmt.Errorf("count events: %w", err)
	}
	return tally, nil
}

// DeletionTally implements [lockstep.Deletions].
func (l *Lists) DeletionTally(ctx context.Context) (map[lockstep.DeletionState]int64, error) {
	tally, err := tallyOf[lockstep.DeletionState](ctx, l, DeletionTally)
	if err != nil {
		return nil, fmt.Errorf("count deletions: %w", err)
	}
	refused, err := tallyOf[lockstep.DeletionState](ctx, l, RefusedDeletions)
	if err != nil {
		return nil, fmt.Errorf("count refused deletions: %w", err)
	}
	if n := refused[lockstep.DeletionRefused]; n > 0 {
		tally[lockstep.DeletionRefused] = n
	}
	return tally, nil
}

// tallyOf reads counts by state.
func tallyOf[S ~string](ctx context.Context, l *Lists, statement string) (map[S]int64, error) {
	type count struct {
		state S
		n     int64
	}
	counts, err := rows(ctx, l, func(row sqlrun.Scanner) (c count, err error) {
		err = row.Scan(&c.state, &c.n)
		return c, err
	}, statement)
	tally := map[S]int64{}
	for _, c := range counts {
		tally[c.state] = c.n
	}
	return tally, err
}

// Troubled implements [lockstep.Accounts].
func (l *Lists) Troubled(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Troubled, error) {
	found, err := rows(ctx, l, scanTroubled, Troubled, string(after.Kind), after.ID, int64(limit))
	if err != nil {
		return nil, fmt.Errorf("list accounts with problems: %w", err)
	}
	return found, nil
}

func scanTroubled(row sqlrun.Scanner) (f lockstep.Troubled, err error) {
	var problems string
	if err := row.Scan(&f.Account.Kind, &f.Account.ID, &problems); err != nil {
		return f, err
	}
	if err := json.Unmarshal([]byte(problems), &f.Problems); err != nil {
		return f, fmt.Errorf("decode problems of %s: %w", f.Account, err)
	}
	return f, nil
}
