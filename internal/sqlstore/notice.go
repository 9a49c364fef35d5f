package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

const (
	insertNotice Statement = `
insert into notices (id, kind, account_kind, account_id, object, created_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (id) do nothing`

	selectNotices Statement = `
select id, kind, account_kind, account_id, object, created_at
from notices where account_kind = $1 and account_id = $2
order by created_at, id`
)

// Notices implements [lockstep.Ledger].
func (s *Store) Notices(ctx context.Context, account lockstep.Account) ([]lockstep.Notice, error) {
	var notices []lockstep.Notice
	err := s.read(ctx, func(t *tx) (err error) {
		notices, err = collect(ctx, t, scanNotice, selectNotices, account.Kind, account.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read notices of %s: %w", account, err)
	}
	return notices, nil
}

func scanNotice(row scanner) (lockstep.Notice, error) {
	var n lockstep.Notice
	var createdAt int64
	err := row.Scan(&n.ID, &n.Kind, &n.Account.Kind, &n.Account.ID, &n.Object, &createdAt)
	n.CreatedAt = moment(createdAt)
	return n, err
}

// saveNotices stores those that are new.
func (t *tx) saveNotices(ctx context.Context, notices []lockstep.Notice) error {
	for _, n := range notices {
		createdAt := millis(n.CreatedAt)
		if createdAt == 0 {
			createdAt = t.now
		}
		if _, err := t.exec(ctx, insertNotice, n.ID, n.Kind, n.Account.Kind, n.Account.ID, n.Object, createdAt); err != nil {
			return fmt.Errorf("store notice %s: %w", n.ID, err)
		}
	}
	return nil
}
