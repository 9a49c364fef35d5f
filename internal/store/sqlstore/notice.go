package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	insertNotice Statement = `
insert into notices (id, kind, account_kind, account_id, object, facts, account_generation, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (id) do nothing`

	selectStored Statement = `select id from notices where id = $1`

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
		return t.saveNewNotices(ctx, claim, notices)
	})
}

func scanNotice(row sqlrun.Scanner) (lockstep.Notice, error) {
	var n lockstep.Notice
	var createdAt int64
	var facts string
	err := row.Scan(&n.ID, &n.Kind, &n.Account.Kind, &n.Account.ID, &n.Object, &facts, &n.Generation, &createdAt)
	if err != nil {
		return n, err
	}
	n.CreatedAt = moment(createdAt)
	known := noted{}
	if err := json.Unmarshal([]byte(facts), &known); err != nil {
		return n, fmt.Errorf("decode facts of notice %s: %w", n.ID, err)
	}
	n.Facts, n.Run = known.Facts, known.Run
	return n, nil
}

// noted is the column facts of a notice.
type noted struct {
	lockstep.Facts
	Run lockstep.RunID `json:"run,omitempty"`
}

// storedNotices asks which of notices are stored.
func (t *tx) storedNotices(ctx context.Context, notices []lockstep.Notice) func() ([]string, error) {
	var rows [][]any
	for _, n := range notices {
		rows = append(rows, []any{n.ID})
	}
	return askEach(ctx, t, text, selectStored, rows)
}

// saveNewNotices looks which of notices are stored, and saves the others.
func (t *tx) saveNewNotices(ctx context.Context, claim lockstep.Claim, notices []lockstep.Notice) error {
	known, err := t.storedNotices(ctx, notices)()
	if err != nil {
		return fmt.Errorf("look for notices: %w", err)
	}
	return t.saveNotices(ctx, claim, notices, known)
}

// saveNotices stores the notices whose ids are not known and marks their keys. The caller holds, or has
// just marked, the account's key: a notice waits until that generation is done.
func (t *tx) saveNotices(ctx context.Context, claim lockstep.Claim, notices []lockstep.Notice, known []string) error {
	var marks []lockstep.Mark
	for _, n := range notices {
		if slices.Contains(known, n.ID) {
			continue
		}
		known = append(known, n.ID)
		if err := t.insertNotice(ctx, claim, n); err != nil {
			return fmt.Errorf("store notice %s: %w", n.ID, err)
		}
		marks = append(marks, lockstep.Mark{Key: n.Key(), Priority: lockstep.Normal, Delay: noticeDelay})
	}
	t.mark(marks...)
	return nil
}

// insertNotice stores a notice. Another run may have stored it meanwhile; then this does nothing.
func (t *tx) insertNotice(ctx context.Context, claim lockstep.Claim, n lockstep.Notice) error {
	generation, err := t.noticeGeneration(ctx, claim, n.Account.Key())
	if err != nil {
		return err
	}
	createdAt := millis(n.CreatedAt)
	if createdAt == 0 {
		createdAt = t.now()
	}
	facts, err := json.Marshal(noted{n.Facts, lockstep.RunOf(ctx)})
	if err != nil {
		return fmt.Errorf("encode facts: %w", err)
	}
	t.queue(insertNotice, n.ID, n.Kind, n.Account.Kind, n.Account.ID, n.Object, string(facts), generation, createdAt)
	return nil
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
