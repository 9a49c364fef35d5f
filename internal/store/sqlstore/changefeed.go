package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

const (
	// countChange takes the next number for a transaction's changes. The row stays locked until
	// the commit, which puts the numbers in the order of the commits. Later statements of the
	// same transaction read its own number.
	countChange Statement = `
update change_count set seq = seq + 1 where id = 1`

	upsertChange Statement = `
insert into changes (kind, id, seq) values ($1, $2, (select seq from change_count where id = 1))
on conflict (kind, id) do update set seq = excluded.seq`

	// SelectLastChange reads the number. With several writers, a writing transaction locks it.
	SelectLastChange Statement = `select seq from change_count where id = 1`

	selectChanges Statement = `
select kind, id from changes where seq > $1 order by seq limit $2 + 0`
)

// changed notes that this transaction writes an account's record.
func (t *tx) changed(account lockstep.Account) {
	if !slices.Contains(t.changes, account) {
		t.changes = append(t.changes, account)
	}
}

// numberChanges numbers the changed accounts and wakes what waits for the new ones. It comes
// last in a transaction: a writer that waits for the number's row then holds nearly all other
// locks it needs, so two writers hardly ever deadlock.
func (t *tx) numberChanges(ctx context.Context) error {
	if len(t.changes) == 0 {
		return nil
	}
	t.queue(countChange)
	slices.SortFunc(t.changes, func(a, b lockstep.Account) int { return strings.Compare(a.String(), b.String()) })
	for _, a := range t.changes {
		t.queue(upsertChange, a.Kind, a.ID)
	}
	return t.wakeWaiting(ctx)
}

// ChangedSince implements [lockstep.ChangeFeed].
func (s *Store) ChangedSince(ctx context.Context, after int64, limit int) (lockstep.ChangedAccounts, error) {
	var c lockstep.ChangedAccounts
	err := s.read(ctx, func(t *tx) error {
		// The number comes first: a change that commits between the two statements is then
		// reported twice instead of never.
		var err error
		if c.Last, err = collectOne(ctx, t, scanNumber, SelectLastChange); err != nil {
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
	return wrap(c, err, "read what changed since %d", after)
}
