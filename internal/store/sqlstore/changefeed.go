package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

const (
	// countChange numbers a transaction's changes. The row stays locked until the
	// commit, which is what puts the numbers in the order of the commits; what reads it
	// after that, in the same transaction, reads the transaction's own number.
	countChange Statement = `
update change_count set seq = seq + 1 where id = 1`

	upsertChange Statement = `
insert into changes (kind, id, seq) values ($1, $2, (select seq from change_count where id = 1))
on conflict (kind, id) do update set seq = excluded.seq`

	// SelectLastChange reads the number; in a writing transaction of a database that has
	// several it locks it.
	SelectLastChange Statement = `select seq from change_count where id = 1`

	selectChanges Statement = `
select kind, id from changes where seq > $1 order by seq limit $2`
)

// changed notes that an account's record is written in this transaction.
func (t *tx) changed(account lockstep.Account) {
	if !slices.Contains(t.changes, account) {
		t.changes = append(t.changes, account)
	}
}

// numberChanges gives what changed its number, and tells who waits for what is new. It
// is the last that a transaction does: whoever waits for the number's row holds
// nearly everything else that it needs, so that two writers hardly ever wait for each other.
func (t *tx) numberChanges(ctx context.Context) error {
	if len(t.changes) == 0 {
		return nil
	}
	if err := t.later(ctx, countChange); err != nil {
		return fmt.Errorf("number a change: %w", err)
	}
	slices.SortFunc(t.changes, func(a, b lockstep.Account) int { return strings.Compare(a.String(), b.String()) })
	for _, a := range t.changes {
		if err := t.later(ctx, upsertChange, a.Kind, a.ID); err != nil {
			return fmt.Errorf("note the change of %s: %w", a, err)
		}
	}
	return t.tellNews(ctx)
}

// ChangedSince implements [lockstep.ChangeFeed].
func (s *Store) ChangedSince(ctx context.Context, after int64, limit int) (lockstep.ChangedAccounts, error) {
	var c lockstep.ChangedAccounts
	err := s.read(ctx, func(t *tx) error {
		// The number first: what is committed between the two statements, on a database
		// where that shows, is then told twice instead of never.
		if err := t.row(ctx, SelectLastChange).Scan(&c.Last); err != nil {
			return err
		}
		if after < 0 || after > c.Last {
			c.Unknown = true
			return nil
		}
		if after == c.Last {
			return nil
		}
		accounts, err := collect(ctx, t, scanAccount, selectChanges, after, limit+1)
		if c.Unknown = len(accounts) > limit; !c.Unknown {
			c.Accounts = accounts
		}
		return err
	})
	if err != nil {
		return lockstep.ChangedAccounts{}, fmt.Errorf("read what changed since %d: %w", after, err)
	}
	return c, nil
}
