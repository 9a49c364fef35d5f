package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// A trigger refuses to update or delete a row of the table audit.
const insertAudit Statement = `
insert into audit (request, at, actor, action, subject, account_kind, account_id, result, failure, reason, was,
	became)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// AppendAudit implements [lockstep.Audit].
func (s *Store) AppendAudit(ctx context.Context, entries ...lockstep.AuditEntry) error {
	for some := range slices.Chunk(entries, s.step(1)) {
		err := s.write(ctx, func(t *tx) error {
			for _, e := range some {
				t.queue(insertAudit, e.Request, t.now(), e.Actor, e.Action, e.Subject, e.Account.Kind, e.Account.ID, e.Result,
					e.Failure, e.Reason, e.Before, e.After)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("append to the audit log: %w", err)
		}
	}
	return nil
}
