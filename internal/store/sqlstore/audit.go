package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

// A trigger refuses to update or delete a row of the table audit.
const (
	insertAudit Statement = `
insert into audit (request, at, actor, action, subject, account_kind, account_id, result, failure, reason, was,
	became)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

	// Both statements read a page: $1 is the upper bound of seq (exclusive), $2 the earliest time, $3 the
	// limit.
	selectAudit Statement = `
select seq, request, at, actor, action, subject, account_kind, account_id, result, failure, reason, was, became
from audit where seq < $1 and at >= $2 order by seq desc limit $3 + 0`

	selectAuditOfAccount Statement = `
select seq, request, at, actor, action, subject, account_kind, account_id, result, failure, reason, was, became
from audit where seq < $1 and at >= $2 and account_kind = $4 and account_kind <> '' and account_id = $5
order by seq desc limit $3 + 0`
)

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

// AuditEntries implements [lockstep.Audit].
func (s *Store) AuditEntries(ctx context.Context, filter lockstep.AuditFilter) (lockstep.AuditPage, error) {
	page, err := s.auditEntries(ctx, filter)
	return wrap(page, err, "read the audit log")
}

func (s *Store) auditEntries(ctx context.Context, f lockstep.AuditFilter) (page lockstep.AuditPage, err error) {
	limit, before, err := PageOf(f.Limit, f.Before)
	if err != nil {
		return page, err
	}
	statement, args := selectAudit, []any{before, millis(f.Since), limit + 1}
	if !f.Account.IsZero() {
		statement, args = selectAuditOfAccount, append(args, f.Account.Kind, f.Account.ID)
	}
	page.Entries, err = all(ctx, s, scanAudit, statement, args...)
	if len(page.Entries) > limit { // there is a next page
		page.Entries = page.Entries[:limit]
		page.Next = strconv.FormatInt(page.Entries[limit-1].Number, 10)
	}
	return page, err
}

func scanAudit(row sqlrun.Scanner) (e lockstep.AuditEntry, err error) {
	var at int64
	err = row.Scan(&e.Number, &e.Request, &at, &e.Actor, &e.Action, &e.Subject, &e.Account.Kind, &e.Account.ID, &e.Result,
		&e.Failure, &e.Reason, &e.Before, &e.After)
	e.At = moment(at)
	return e, err
}
