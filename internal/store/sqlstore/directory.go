package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	// SelectIdentity reads an identity, also a removed one. With several writers, a writing
	// transaction locks the row.
	SelectIdentity Statement = `
select kind, id, email, name, metadata, updated_at, removed_at
from roster where kind = $1 and id = $2`

	selectIdentities Statement = `
select kind, id, email, name, metadata, updated_at, removed_at
from roster where kind = $1 and id > $2 and removed_at = 0
order by id limit $3 + 0`

	upsertIdentity Statement = `
insert into roster (kind, id, email, name, metadata, updated_at)
values ($1, $2, $3, $4, '{}', $5)
on conflict (kind, id) do update set
	email = excluded.email, name = excluded.name, updated_at = excluded.updated_at, removed_at = 0`

	updateMetadata Statement = `update roster set metadata = $3 where kind = $1 and id = $2`

	removeIdentity Statement = `
update roster set email = '', name = '', metadata = '{}', updated_at = $3, removed_at = $3
where kind = $1 and id = $2`
)

// directoryPage is how many identities a page holds.
const directoryPage = 500

// localIdentity is an identity and when it was removed; 0: it was not.
type localIdentity struct {
	lockstep.Identity
	removedAt int64
}

func scanLocalIdentity(row sqlrun.Scanner) (localIdentity, error) {
	var r localIdentity
	var metadata string
	if err := row.Scan(&r.Account.Kind, &r.Account.ID, &r.Email, &r.Name, &metadata, &r.UpdatedAt,
		&r.removedAt); err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(metadata), &r.Metadata); err != nil {
		return r, fmt.Errorf("decode metadata of %s: %w", r.Account, err)
	}
	return r, nil
}

// localIdentity reads an identity. It returns ErrNotFound if there never was one.
func (t *tx) localIdentity(ctx context.Context, account lockstep.Account) (localIdentity, error) {
	return collectOne(ctx, t, scanLocalIdentity, SelectIdentity, account.Kind, account.ID)
}

// PutIdentity implements [lockstep.LocalDirectory].
func (s *Store) PutIdentity(ctx context.Context, i lockstep.Identity) (created bool, err error) {
	err = s.write(ctx, func(t *tx) error {
		known, err := t.localIdentity(ctx, i.Account)
		created = errors.Is(err, lockstep.ErrNotFound)
		switch {
		case err != nil && !created:
			return err
		case known.removedAt != 0:
			if err := t.spared(ctx, i.Account); err != nil {
				return err
			}
		case !created && known.Email == i.Email && known.Name == i.Name:
			return nil
		}
		at := max(t.now(), known.UpdatedAt+1) // a later time shows the change
		t.queue(upsertIdentity, i.Account.Kind, i.Account.ID, i.Email, i.Name, at)
		priority := lockstep.Normal
		if created {
			priority = lockstep.Interactive // a sign-up: a checkout may follow at once
		}
		t.mark(lockstep.Mark{Key: i.Account.Key(), Scope: lockstep.ScopeIdentity, Priority: priority})
		return nil
	})
	return wrap(created, err, "put identity %s", i.Account)
}

// spared returns ErrRemoved, unless an operator discarded the account's deletion: then the same id
// can be created again, as in Clerk.
func (t *tx) spared(ctx context.Context, account lockstep.Account) error {
	record, err := t.account(ctx, account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound), err == nil && record.Deletion != lockstep.DeletionDiscarded:
		return lockstep.ErrRemoved
	}
	return err
}

// RemoveIdentity implements [lockstep.LocalDirectory].
func (s *Store) RemoveIdentity(ctx context.Context, account lockstep.Account) error {
	err := s.write(ctx, func(t *tx) error {
		known, err := t.localIdentity(ctx, account)
		if err != nil || known.removedAt != 0 {
			return err
		}
		t.queue(removeIdentity, account.Kind, account.ID, max(t.now(), known.UpdatedAt+1))
		t.mark(lockstep.Mark{Key: account.Key(), Scope: lockstep.ScopeIdentity | lockstep.ScopeDeleted,
			Priority: lockstep.Normal})
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove identity %s: %w", account, err)
	}
	return nil
}

// Identity implements [lockstep.Directory] for the local directory.
func (s *Store) Identity(ctx context.Context, account lockstep.Account) (lockstep.Identity, error) {
	known, err := one(ctx, s, scanLocalIdentity, SelectIdentity, account.Kind, account.ID)
	if err == nil && known.removedAt != 0 {
		err = lockstep.ErrNotFound
	}
	if err != nil {
		return lockstep.Identity{}, fmt.Errorf("read identity %s: %w", account, err)
	}
	return known.Identity, nil
}

// MergeMetadata implements [lockstep.Directory] for the local directory, as Clerk does: objects
// merge at every level, other values are replaced, and nil removes a key.
func (s *Store) MergeMetadata(ctx context.Context, account lockstep.Account, metadata map[string]any) error {
	err := s.write(ctx, func(t *tx) error {
		known, err := t.localIdentity(ctx, account)
		if err != nil {
			return err
		}
		if known.removedAt != 0 {
			return lockstep.ErrNotFound
		}
		text, err := json.Marshal(mergeObjects(known.Metadata, metadata))
		if err != nil {
			return fmt.Errorf("encode: %w", err)
		}
		t.queue(updateMetadata, account.Kind, account.ID, string(text))
		return nil
	})
	if err != nil {
		return fmt.Errorf("merge metadata of %s: %w", account, err)
	}
	return nil
}

// mergeObjects returns into with the change merged.
func mergeObjects(into, change map[string]any) map[string]any {
	merged := make(map[string]any, len(into)+len(change))
	for key, value := range into {
		merged[key] = value
	}
	for key, value := range change {
		object, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(merged, key)
		case isObject:
			was, _ := merged[key].(map[string]any)
			merged[key] = mergeObjects(was, object)
		default:
			merged[key] = value
		}
	}
	return merged
}

// Identities implements [lockstep.Directory] for the local directory. The cursor is the last id of
// the previous page.
func (s *Store) Identities(ctx context.Context, kind lockstep.Kind,
	cursor string) (page []lockstep.Identity, next string, err error) {
	listed, err := all(ctx, s, scanLocalIdentity, selectIdentities, kind, cursor, directoryPage)
	if err != nil {
		return nil, "", fmt.Errorf("list identities: %w", err)
	}
	for _, r := range listed {
		page = append(page, r.Identity)
	}
	if len(page) == directoryPage {
		next = page[len(page)-1].Account.ID
	}
	return page, next, nil
}
