package pgstore

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/lockstep-dev/lockstep"
)

// inspector implements [lockstep.Inspected].
type inspector struct{ reader *database }

var _ lockstep.Inspected = (*measured)(nil)

// Inspect implements [lockstep.Inspected].
func (i inspector) Inspect(ctx context.Context) (lockstep.DatabaseFacts, error) {
	facts := lockstep.DatabaseFacts{Engine: "PostgreSQL", Durability: map[string]string{}}
	var fsync, synchronous, pages string
	err := i.reader.pool.QueryRow(ctx, `
select current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
	current_setting('full_page_writes'), cast(current_setting('max_connections') as bigint),
	(select coalesce(sum(numbackends), 0) from pg_stat_database),
	case when pg_has_role(current_user, 'pg_monitor', 'usage')
		then (select count(*) from pg_stat_replication) else -1 end`).
		Scan(&facts.Version, &fsync, &synchronous, &pages, &facts.MostConnections, &facts.Connections, &facts.Standbys)
	if err != nil {
		return facts, fmt.Errorf("inspect the database: %w", err)
	}
	facts.Durability = map[string]string{"fsync": fsync, "synchronous_commit": synchronous, "full_page_writes": pages}
	if facts.Schema, err = schemaVersion(ctx, i.reader.pool); err != nil {
		return facts, fmt.Errorf("read schema version: %w", err)
	}
	facts.Program, err = newestMigration()
	return facts, err
}

// newestMigration is the version of the last migration that this program knows.
func newestMigration() (int64, error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(files[len(files)-1].Name())
}
