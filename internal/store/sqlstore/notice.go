package sqlstore

import (
	"context"
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
on conflict (id) do nothing
returning id`

	selectNotices Statement = `
select id, kind, account_kind, account_id, object, facts, account_generation, created_at
from notices where account_kind = $1 and account_id = $2
order by created_at, id`

	selectNotice Statement = `
select id, kind, account_kind, account_id, object, facts, account_generation, created_at
from notices where id = $1`

	selectGeneration Statement = `select generation from work where key = $1`
)

// noticeDelay is how long a new notice waits at first: about as long as the run before it takes.
const noticeDelay = time.Second

// Notices implements [lockstep.Accounts].
func (s *Store) Notices(ctx context.Context, account lockstep.Account) ([]lockstep.Notice, error) {
	notices, err := all(ctx, s, scanNotice, selectNotices, account.Kind, account.ID)
	return wrap(notices, err, "read notices of %s", account)
}

// Notice implements [lockstep.Accounts].
func (s *Store) Notice(ctx context.Context, id string) (lockstep.Notice, error) {
	n, err := one(ctx, s, scanNotice, selectNotice, id)
	return wrap(n, err, "read notice %s", id)
}

// SaveNotices implements [lockstep.Accounts].
func (s *Store) SaveNotices(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
	notices []lockstep.Notice) error {
	return s.fencedAccount(ctx, claim, account, func(t *tx, _ lockstep.Record, err error) error {
		if err != nil {
			return fmt.Errorf("account %s: %w", account, err)
		}
		return t.saveNotices(ctx, claim, notices)
	})
}

func scanNotice(row Scanner) (lockstep.Notice, error) {
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

// saveNotices stores the new ones of notices and marks their keys. The caller holds, or has just
// marked, the account's key: the notice waits until that generation is done.
func (t *tx) saveNotices(ctx context.Context, claim lockstep.Claim, notices []lockstep.Notice) error {
	var answers []func() ([]string, error)
	for _, n := range notices {
		stored, err := t.askInsert(ctx, claim, n)
		if err != nil {
			return fmt.Errorf("store notice %s: %w", n.ID, err)
		}
		answers = append(answers, stored)
	}
	var marks []lockstep.Mark
	for i, stored := range answers {
		stored, err := stored()
		if err != nil {
			return fmt.Errorf("store notice %s: %w", notices[i].ID, err)
		}
		if len(stored) > 0 {
			marks = append(marks, lockstep.Mark{Key: notices[i].Key(), Priority: lockstep.Normal, Delay: noticeDelay})
		}
	}
	t.mark(marks...)
	return nil
}

// askInsert stores a notice if it is new, and asks for its id then.
func (t *tx) askInsert(ctx context.Context, claim lockstep.Claim, n lockstep.Notice) (func() ([]string, error), error) {
	generation, err := t.noticeGeneration(ctx, claim, n.Account.Key())
	if err != nil {
		return nil, err
	}
	createdAt := millis(n.CreatedAt)
	if createdAt == 0 {
		createdAt = t.now()
	}
	facts, err := json.Marshal(n.Facts)
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	return ask(ctx, t, text, insertNotice, n.ID, n.Kind, n.Account.Kind, n.Account.ID, n.Object, string(facts),
		generation, createdAt), nil
}

// noticeGeneration returns the generation of the account's key that must be done before a notice is
// delivered.
func (t *tx) noticeGeneration(ctx context.Context, claim lockstep.Claim, key lockstep.Key) (int64, error) {
	if claim.Key == key {
		return claim.Generation, nil
	}
	generation, err := collectOne(ctx, t, scanNumber, selectGeneration, key.String())
	if errors.Is(err, lockstep.ErrNotFound) {
		return claim.Generation, nil
	}
	return generation, err
}
