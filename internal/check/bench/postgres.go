package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// clusterSettings are the settings of the throw-away server that differ from PostgreSQL's defaults.
var clusterSettings = []string{"shared_buffers=512MB", "max_wal_size=4GB"}

// databases creates databases on one server.
type databases struct {
	server  string // its URL
	cluster *pgtest.Cluster
}

// create creates an empty database, and returns its URL and how to drop it.
func (d *databases) create(ctx context.Context) (at string, drop func() error, err error) {
	if d.server == "" {
		if d.cluster, err = pgtest.New(); err != nil {
			return "", nil, err
		}
		if err := errors.Join(d.cluster.Init(), d.cluster.Start(clusterSettings...)); err != nil {
			return "", nil, err
		}
		d.server = d.cluster.URL("postgres")
	}
	name := "bench_" + strings.ToLower(rand.Text()[:10])
	if err := execute(ctx, d.server, "create database "+name+" template template0"); err != nil {
		return "", nil, err
	}
	u, err := url.Parse(d.server)
	if err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() error {
		return execute(context.WithoutCancel(ctx), d.server, "drop database "+name+" with (force)")
	}, nil
}

// version returns the server's version; empty before the first create.
func (d *databases) version(ctx context.Context) (v string, err error) {
	if d.server == "" {
		return "", nil
	}
	err = query(ctx, d.server, "show server_version", &v)
	return v, err
}

func (d *databases) close() error {
	if d.cluster == nil {
		return nil
	}
	return d.cluster.Remove()
}

func execute(ctx context.Context, at, statements string) error {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statements, pgx.QueryExecModeSimpleProtocol)
	return errors.Join(err, conn.Close(ctx))
}

func query(ctx context.Context, at, statement string, into any) error {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return err
	}
	err = conn.QueryRow(ctx, statement).Scan(into)
	return errors.Join(err, conn.Close(ctx))
}
