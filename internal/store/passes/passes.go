// Package passes stores the passes of the console: one-time links and the sessions of browsers. A row is
// deleted when someone takes it, or by the next insert after it expired.
package passes

import (
	"context"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// Passes implements [lockstep.ConsolePasses] beside a store.
type Passes struct {
	Read, Write func(ctx context.Context, do func(sqlstore.View) error) error // run a transaction
}

// The statements, the same for both databases.
const (
	Expire = `delete from console_passes where expires_at <= $1`
	Insert = `insert into console_passes (hash, once, name, role, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)`
	Select = `select hash, once, name, role, created_at, expires_at from console_passes where hash = $1`
	Take   = `delete from console_passes where hash = $1 returning hash, once, name, role, created_at, expires_at`
)

// CreateConsolePass implements [lockstep.ConsolePasses].
func (p Passes) CreateConsolePass(ctx context.Context, pass lockstep.ConsolePass) error {
	err := p.Write(ctx, func(v sqlstore.View) error {
		once := 0
		if pass.Once {
			once = 1
		}
		return v.Send(ctx, &sqlrun.Query{SQL: Expire, Args: []any{v.Now()}},
			&sqlrun.Query{SQL: Insert, Args: []any{pass.Hash, once, pass.Name, string(pass.Role), v.Now(),
				pass.ExpiresAt.UnixMilli()}})
	})
	if err != nil {
		return fmt.Errorf("create pass of the console: %w", err)
	}
	return nil
}

// ConsolePass implements [lockstep.ConsolePasses].
func (p Passes) ConsolePass(ctx context.Context, hash string) (lockstep.ConsolePass, error) {
	return one(ctx, p.Read, Select, hash)
}

// TakeConsolePass implements [lockstep.ConsolePasses].
func (p Passes) TakeConsolePass(ctx context.Context, hash string) (lockstep.ConsolePass, error) {
	return one(ctx, p.Write, Take, hash)
}

// one runs a statement that returns at most one pass.
func one(ctx context.Context, transact func(context.Context, func(sqlstore.View) error) error, statement,
	hash string) (pass lockstep.ConsolePass, err error) {
	var found []lockstep.ConsolePass
	err = transact(ctx, func(v sqlstore.View) error {
		found = nil
		err := v.Send(ctx, &sqlrun.Query{SQL: statement, Args: []any{hash}, Row: func(row sqlrun.Scanner) error {
			var once, created, expires int64
			p := lockstep.ConsolePass{}
			err := row.Scan(&p.Hash, &once, &p.Name, &p.Role, &created, &expires)
			p.Once, p.CreatedAt, p.ExpiresAt = once != 0, time.UnixMilli(created).UTC(), time.UnixMilli(expires).UTC()
			found = append(found, p)
			return err
		}})
		if err == nil && (len(found) == 0 || found[0].ExpiresAt.UnixMilli() <= v.Now()) {
			found = nil
		}
		return err
	})
	switch {
	case err != nil:
		return pass, fmt.Errorf("read pass of the console: %w", err)
	case found == nil:
		return pass, lockstep.ErrNotFound
	}
	return found[0], nil
}
