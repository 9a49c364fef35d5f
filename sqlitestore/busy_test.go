package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
)

// holding is a database that another connection locks until release is called.
func holding(t *testing.T, path string) (store lockstep.Store, release func()) {
	t.Helper()
	store = open(t, path)
	conn, err := raw(t, path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, conn)
	if _, err := conn.ExecContext(t.Context(), "begin immediate"); err != nil {
		t.Fatal(err)
	}
	return store, func() {
		if _, err := conn.ExecContext(context.Background(), "rollback"); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Error(err)
		}
	}
}

// A write that waits for another process ends with its context. In virtual time, time stands still
// while SQLite itself waits.
func TestABusyWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	mark := lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"}}
	gone := errors.New("the caller left")
	for name, c := range map[string]struct {
		within func(context.Context) (context.Context, context.CancelFunc)
		write  func(ctx context.Context, store lockstep.Store) error
		want   error
	}{
		"a mark with a deadline": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, 100*time.Millisecond)
			},
			func(ctx context.Context, store lockstep.Store) error { return store.Mark(ctx, mark) }, context.DeadlineExceeded},
		"a delivery with a deadline": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Second)
			},
			func(ctx context.Context, store lockstep.Store) error { return receive(ctx, store, "evt_1") },
			context.DeadlineExceeded},
		"a health check whose caller leaves": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(ctx)
				time.AfterFunc(300*time.Millisecond, func() { cancel(gone) })
				return ctx, func() { cancel(nil) }
			},
			func(ctx context.Context, store lockstep.Store) error { return store.Ping(ctx) }, gone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := sqlitetest.Path(t)
			synctest.Test(t, func(t *testing.T) {
				store, release := holding(t, path)
				defer release()
				ctx, cancel := c.within(t.Context())
				defer cancel()
				if err := c.write(ctx, store); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		})
	}
}

// A write waits a few seconds for another process, and continues when the database is free.
func TestABusyWaitEndsWhenTheDatabaseIsFree(t *testing.T) {
	t.Parallel()
	for held, wantErr := range map[time.Duration]bool{2 * time.Second: false, 4 * time.Second: false, time.Minute: true} {
		path := sqlitetest.Path(t)
		synctest.Test(t, func(t *testing.T) {
			store, release := holding(t, path)
			over := make(chan struct{})
			time.AfterFunc(held, func() { release(); close(over) })
			err := receive(t.Context(), store, "evt_1")
			if wantErr != (err != nil) || wantErr && !strings.Contains(err.Error(), "database is locked") {
				t.Errorf("held for %s: %v", held, err)
			}
			<-over
		})
	}
}
