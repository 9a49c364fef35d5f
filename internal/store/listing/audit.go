package listing

import (
	"context"
	"fmt"
	"strconv"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// Both statements read a page of the audit log: $1 is the upper bound of seq (exclusive), $2 the earliest time, $3 the
// limit.
const (
	Audit = `
select seq, request, at, actor, action, subject, account_kind, account_id, result, failure, reason, was, became
from audit where seq < $1 and at >= $2 order by seq desc limit $3 + 0`

	AuditOfAccount = `
select seq, request, at, actor, action, subject, account_kind, account_id, result, failure, reason, was, became
from audit where seq < $1 and at >= $2 and account_kind = $4 and account_kind <> '' and account_id = $5
order by seq desc limit $3 + 0`
)

// AuditEntries implements [lockstep.Audit].
func (l *Lists) AuditEntries(ctx context.Context, f lockstep.AuditFilter) (page lockstep.AuditPage, err error) {
	limit, before, err := pageOf(f.Limit, f.Before)
	if err != nil {
		return page, fmt.Errorf("read the audit log: %w", err)
	}
	since := int64(0)
	if !f.Since.IsZero() {
		since = f.Since.UnixMilli()
	}
	statement, args := Audit, []any{before, since, int64(limit + 1)}
	if !f.Account.IsZero() {
		statement, args = AuditOfAccount, append(args, string(f.Account.Kind), f.Account.ID)
	}
	page.Entries, err = rows(ctx, l, scanAudit, statement, args...)
	if err != nil {
		return lockstep.AuditPage{}, fmt.Errorf("read the audit log: %w", err)
	}
	if len(page.Entries) > limit { // there is a next page
		page.Entries = page.Entries[:limit]
		page.Next = strconv.FormatInt(page.Entries[limit-1].Number, 10)
	}
	return page, nil
}

func scanAudit(row sqlrun.Scanner) (e lockstep.AuditEntry, err error) {
	var at int64
	err = row.Scan(&e.Number, &e.Request, &at, &e.Actor, &e.Action, &e.Subject, &e.Account.Kind, &e.Account.ID, &e.Result,
		&e.Failure, &e.Reason, &e.Before, &e.After)
	e.At = moment(at)
	return e, err
}

// rows reads the rows of one statement in a transaction of its own.
func rows[T any](ctx context.Context, l *Lists, scan func(sqlrun.Scanner) (T, error), statement string,
	args ...any) (found []T, err error) {
	err = l.View(ctx, func(v sqlstore.View) error {
		found = nil
		return v.Send(ctx, &sqlrun.Query{SQL: statement, Args: args, Row: func(row sqlrun.Scanner) error {
			one, err := scan(row)
			found = append(found, one)
			return err
		}})
	})
	return found, err
}
