package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
)

// queries is a connection or a database.
type queries interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// contents returns the version of the schema, and the number of rows of each table. It refuses a database that
// is not ours.
func contents(ctx context.Context, db queries) (schema int64, rows map[string]int64, err error) {
	tables, err := texts(ctx, db, "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
	if err != nil {
		return 0, nil, err
	}
	rows = map[string]int64{}
	for _, table := range tables {
		var n int64
		if err := db.QueryRowContext(ctx, "select count(*) from "+quoted(table)).Scan(&n); err != nil {
			return 0, nil, fmt.Errorf("count the rows of %s: %w", table, err)
		}
		rows[table] = n
	}
	if rows["goose_db_version"] == 0 {
		return 0, nil, errors.New("it is not a database of Lockstep; check the path")
	}
	err = db.QueryRowContext(ctx, "select max(version_id) from goose_db_version where is_applied").Scan(&schema)
	return schema, rows, err
}

// checkBackup checks a copy in full: its pages, its indexes against their tables, and that it has the rows that
// the snapshot had. Nothing writes to it, so it is opened as immutable, without a log beside it.
func checkBackup(ctx context.Context, path string, want BackupReport) (err error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{"immutable": {"1"}, "_pragma": {"query_only(1)"}}))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	verdict, err := texts(ctx, db, "pragma integrity_check(3)")
	if err != nil {
		return fmt.Errorf("check for damage: %w", err)
	}
	if len(verdict) != 1 || verdict[0] != "ok" {
		return fmt.Errorf("the database is damaged; restore an older backup: %s", strings.Join(verdict, "; "))
	}
	schema, rows, err := contents(ctx, db)
	switch {
	case err != nil:
		return err
	case schema != want.Schema:
		return fmt.Errorf("its schema is version %d, want %d", schema, want.Schema)
	case !maps.Equal(rows, want.Rows):
		return fmt.Errorf("it has the rows %v, want %v", rows, want.Rows)
	}
	return nil
}

func texts(ctx context.Context, db queries, query string) (all []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
