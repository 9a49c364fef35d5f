package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const selectProblems Statement = `
select kind, id, problems from accounts where problems <> '' and (kind, id) > ($1, $2) order by kind, id limit $3 + 0`

// Troubled implements [lockstep.Accounts].
func (s *Store) Troubled(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Troubled, error) {
	found, err := all(ctx, s, scanTroubled, selectProblems, after.Kind, after.ID, limit)
	return wrap(found, err, "list accounts with problems")
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
