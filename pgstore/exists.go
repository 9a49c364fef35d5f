package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Exists reports whether the database that a URL names has a schema of ours, of any version. It changes nothing.
func Exists(ctx context.Context, url string) (exists bool, err error) {
	config, err := parse(url)
	if err != nil {
		return false, fmt.Errorf("open PostgreSQL database: %w", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return false, failedToOpen(config, err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	version, err := schemaVersion(ctx, conn)
	return version > 0, err
}
