package main

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"go.opentelemetry.io/otel/trace"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// verified reads a delivery and reports whether its signature is valid.
func verified(r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<20))
	if err != nil {
		return nil, false
	}
	signed, given, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Stripe-Signature"), "t="), ",v1=")
	return body, hmac.Equal([]byte(signature(signed, body)), []byte(given))
}

// serveCeiling only verifies and answers. No handler can be faster.
func serveCeiling(ctx context.Context, listener net.Listener, _ []string) (map[string]float64, error) {
	return nil, serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := verified(r); !ok {
			http.Error(w, "not signed", http.StatusBadRequest)
			return
		}
		succeeded(w)
	}))
}

func succeeded(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"status":"success"}`+"\n")
}

// servePlain is what one would write by hand: it verifies, parses, and commits a row per request. Its arguments are
// "sqlite" and a file, or "postgres" and a URL.
func servePlain(ctx context.Context, listener net.Listener, args []string) (_ map[string]float64, err error) {
	db, err := openPlain(ctx, args[0], args[1])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	insert, err := db.PrepareContext(ctx, "insert into events (id, type, object, customer, body) values ($1, $2, $3, $4, $5) on conflict (id) do nothing")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	if err := serve(ctx, listener, plainHandler(insert)); err != nil {
		return nil, err
	}
	var stored float64
	err = db.QueryRowContext(context.WithoutCancel(ctx), "select count(*) from events").Scan(&stored)
	return map[string]float64{"stored": stored}, err
}

// openPlain opens a database and creates the table of the plain handler.
func openPlain(ctx context.Context, kind, at string) (*sql.DB, error) {
	driver, body, connections := "sqlite", "blob", 1
	if kind == "postgres" {
		driver, body, connections = "pgx", "bytea", 10
	} else {
		at = "file:" + at + "?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if _, err := db.ExecContext(ctx, "create table events (id text primary key, type text, object text, customer text, body "+body+")"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// plainHandler stores each event with one statement.
func plainHandler(insert *sql.Stmt) http.Handler {
	type event struct {
		ID   string `json:"id"`
		Type string `json:"type"`
		Data struct {
			Object struct {
				ID       string `json:"id"`
				Customer string `json:"customer"`
			} `json:"object"`
		} `json:"data"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := verified(r)
		var e event
		if !ok || json.Unmarshal(body, &e) != nil {
			http.Error(w, "not an event", http.StatusBadRequest)
			return
		}
		if _, err := insert.ExecContext(r.Context(), e.ID, e.Type, e.Data.Object.ID, e.Data.Object.Customer,
			body); err != nil {
			http.Error(w, "not stored", http.StatusServiceUnavailable)
			return
		}
		succeeded(w)
	})
}

// deliveries takes deliveries as `lockstep serve` does but runs no workers; other scenarios measure those. Its
// arguments are those of servePlain.
func (v variant) deliveries(ctx context.Context, listener net.Listener,
	args []string) (_ map[string]float64, err error) {
	open := func() (lockstep.Store, error) { return sqlitestore.Open(ctx, args[1]) }
	if args[0] == "postgres" {
		open = func() (lockstep.Store, error) { return pgstore.Open(ctx, args[1]) }
	}
	store, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	before, err := stored(ctx, args[0], args[1])
	if err != nil {
		return nil, err
	}
	traces, stop, err := v.provider(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	lock, err := newServer(store, traces)
	if err != nil {
		return nil, err
	}
	if err := serve(ctx, listener, lock.Handler()); err != nil {
		return nil, err
	}
	after, err := stored(context.WithoutCancel(ctx), args[0], args[1])
	return map[string]float64{"stored": after - before}, err
}

func newServer(store lockstep.Store, traces trace.TracerProvider) (*server.Server, error) {
	return server.New(server.Config{Store: store, Traces: traces, Identities: server.FromAPI,
		HTTP:   server.HTTP{APIKey: apiKey},
		Stripe: server.Stripe{Key: "sk_test_bench", WebhookSecrets: []lockstep.Secret{secret}},
		Log:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
}

// stored returns how many events a database holds.
func stored(ctx context.Context, kind, at string) (n float64, err error) {
	driver := "pgx"
	if kind == "sqlite" {
		driver = "sqlite"
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = db.QueryRowContext(ctx, "select count(*) from events").Scan(&n)
	return n, err
}
