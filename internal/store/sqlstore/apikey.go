package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	insertAPIKey Statement = `
insert into api_keys (hash, name, scopes, created_at) values ($1, $2, $3, $4)
on conflict (name) where revoked_at = 0 do nothing`

	revokeAPIKey Statement = `
update api_keys set revoked_at = $2 where name = $1 and revoked_at = 0
returning hash, name, scopes, created_at, revoked_at, used_at`

	selectValidAPIKeys Statement = `
select hash, name, scopes, created_at, revoked_at, used_at from api_keys where revoked_at = 0 order by name`

	selectRevokedAPIKeys Statement = `
select hash, name, scopes, created_at, revoked_at, used_at from api_keys where revoked_at > 0
order by revoked_at desc, hash limit $1 + 0`

	useAPIKey Statement = `update api_keys set used_at = $2 where hash = $1 and used_at < $2`
)

// CreateAPIKey implements [lockstep.APIKeys].
func (s *Store) CreateAPIKey(ctx context.Context, key lockstep.APIKey) (lockstep.APIKey, error) {
	err := s.write(ctx, func(t *tx) error {
		key.CreatedAt = moment(t.now())
		created, err := t.exec(ctx, insertAPIKey, key.Hash.String(), key.Name, key.Scopes.String(), t.now())
		if err == nil && created == 0 {
			err = lockstep.ErrInUse
		}
		return err
	})
	return wrap(key, err, "create API key %s", key.Name)
}

// RevokeAPIKey implements [lockstep.APIKeys].
func (s *Store) RevokeAPIKey(ctx context.Context, name string) (key lockstep.APIKey, err error) {
	err = s.write(ctx, func(t *tx) error {
		key, err = collectOne(ctx, t, scanAPIKey, revokeAPIKey, name, t.now())
		return err
	})
	return wrap(key, err, "revoke API key %s", name)
}

// ValidAPIKeys implements [lockstep.APIKeys].
func (s *Store) ValidAPIKeys(ctx context.Context) ([]lockstep.APIKey, error) {
	keys, err := all(ctx, s, scanAPIKey, selectValidAPIKeys)
	return wrap(keys, err, "read API keys")
}

// RevokedAPIKeys implements [lockstep.APIKeys].
func (s *Store) RevokedAPIKeys(ctx context.Context, limit int) ([]lockstep.APIKey, error) {
	keys, err := all(ctx, s, scanAPIKey, selectRevokedAPIKeys, limit)
	return wrap(keys, err, "read revoked API keys")
}

// UseAPIKey implements [lockstep.APIKeys].
func (s *Store) UseAPIKey(ctx context.Context, hash lockstep.APIKeyHash, at time.Time) error {
	err := s.write(ctx, func(t *tx) error {
		t.queue(useAPIKey, hash.String(), millis(at))
		return nil
	})
	if err != nil {
		return fmt.Errorf("record the use of an API key: %w", err)
	}
	return nil
}

// scanAPIKey ignores scopes that a newer program has added: the key does not get them here.
func scanAPIKey(row sqlrun.Scanner) (k lockstep.APIKey, err error) {
	var hash, scopes string
	var created, revoked, used int64
	if err := row.Scan(&hash, &k.Name, &scopes, &created, &revoked, &used); err != nil {
		return k, err
	}
	for name := range strings.SplitSeq(scopes, ",") {
		if scope, err := lockstep.ParseAPIScopes(name); err == nil {
			k.Scopes |= scope
		}
	}
	k.CreatedAt, k.RevokedAt, k.UsedAt = moment(created), moment(revoked), moment(used)
	k.Hash, err = lockstep.ParseAPIKeyHash(hash)
	return k, err
}
