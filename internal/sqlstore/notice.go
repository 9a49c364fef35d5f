package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	insertNotice Statement = `
insert into notices (id, kind, account_kind, account_id, object, facts, account_generation, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (id) do nothing`

	selectNotices Statement = `
select id, kind, account_kind, account_id, object, facts, account_generation, created_at
from notices where account_kind = $1 and account_id = $2
order by created_at, id`

	selectNotice Statement = `
select id, kind, account_kind, account_id, object, facts, account_generation, created_at
from notices where id = $1`

	selectGeneration Statement = `select generation from work where key = $1`
)

// noticeDelay is how long a new notice waits at first: the run that comes before
// it takes about so long.
const noticeDelay = time.Second

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

// Notice implements [lockstep.Ledger].
func (s *Store) Notice(ctx context.Context, id string) (lockstep.Notice, error) {
	var n lockstep.Notice
	err := s.read(ctx, func(t *tx) (err error) {
		n, err = scanNotice(t.row(ctx, selectNotice, id))
		if errors.Is(err, sql.ErrNoRows) {
			return lockstep.ErrNotFound
		}
		return err
	})
	if err != nil {
		return lockstep.Notice{}, fmt.Errorf("read notice %s: %w", id, err)
	}
	return n, nil
}

func scanNotice(row scanner) (lockstep.Notice, error) {
	var n lockstep.Notice
	var createdAt int64
	var facts string
	err := row.Scan(&n.ID, &n.Kind, &n.Account.Kind, &n.Account.ID, &n.Object, &facts, &n.Generation, &createdAt)
	if err != nil {
		return n, err
	}
	n.CreatedAt = moment(createdAt)
	if err := json.Unmarshal([]byte(facts), &n.Facts); err != nil {
		return n, fmt.Errorf("decode facts of notice %s: %w", n.ID, err)
	}
	return n, nil
}

// saveNotices stores those that are new and marks their keys. Whoever records a
// notice holds or has just marked its account's key: the notice waits until that
// generation is done.
func (t *tx) saveNotices(ctx context.Context, claim lockstep.Claim, notices []lockstep.Notice) error {
	for _, n := range notices {
		generation := claim.Generation
		if claim.Key != n.Account.Key() {
			err := t.row(ctx, selectGeneration, n.Account.Key().String()).Scan(&generation)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("read generation of %s: %w", n.Account, err)
			}
		}
		createdAt := millis(n.CreatedAt)
		if createdAt == 0 {
			createdAt = t.now
		}
		facts, err := json.Marshal(n.Facts)
		if err != nil {
			return fmt.Errorf("encode facts of notice %s: %w", n.ID, err)
		}
		stored, err := t.exec(ctx, insertNotice, n.ID, n.Kind, n.Account.Kind, n.Account.ID, n.Object, string(facts), generation, createdAt)
		if err != nil {
			return fmt.Errorf("store notice %s: %w", n.ID, err)
		}
		if stored == 0 {
			continue
		}
		if _, err := t.markOne(ctx, lockstep.Mark{Key: n.Key(), Priority: lockstep.Normal, Delay: noticeDelay}); err != nil {
			return err
		}
	}
	return nil
}
