package listing

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// Pulse reads the highest number of each sequence, each by its index.
const Pulse = `
select coalesce((select max(seq) from events), 0), coalesce((select max(seq) from change_count), 0),
	coalesce((select max(seq) from runs), 0), coalesce((select max(seq) from audit), 0)`

// Pulse returns numbers that grow when something changes.
func (l *Lists) Pulse(ctx context.Context) (p lockstep.Pulse, err error) {
	err = l.View(ctx, func(v sqlstore.View) error {
		return v.Send(ctx, &sqlrun.Query{SQL: Pulse, Row: func(row sqlrun.Scanner) error {
			return row.Scan(&p.Events, &p.Records, &p.Runs, &p.Audited)
		}})
	})
	if err != nil {
		return p, fmt.Errorf("read pulse: %w", err)
	}
	return p, nil
}
