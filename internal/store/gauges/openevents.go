package gauges

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

var _ lockstep.OpenEvents = (*Gauges)(nil)

// OpenEvents names open events of the key $1 up to the generation $2: $3 the most. These are the events that a run's
// record names.
const OpenEvents = `
select source, id from events
where key = $1 and status in ('pending', 'parked', 'failed') and generation <= $2
limit $3 + 0`

// OpenEvents implements [lockstep.OpenEvents].
func (g *Gauges) OpenEvents(ctx context.Context, claim lockstep.Claim,
	limit int) (names []lockstep.EventName, err error) {
	err = g.read(ctx, &sqlrun.Query{SQL: OpenEvents, Args: []any{claim.Key.String(), claim.Generation, int64(limit)},
		Row: func(row sqlrun.Scanner) error {
			var name lockstep.EventName
			err := row.Scan(&name.Source, &name.ID)
			names = append(names, name)
			return err
		}})
	if err != nil {
		return nil, fmt.Errorf("read the open events of %s: %w", claim.Key, err)
	}
	return names, nil
}
