package sqlstore_test

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// searching is a database that calls search when a query looks for ids.
type searching struct {
	sqlrun.Database
	search func()
}

func (s *searching) Begin(ctx context.Context) (sqlrun.Transaction, error) {
	tx, err := s.Database.Begin(ctx)
	return &searchingTransaction{tx, s.search}, err
}

type searchingTransaction struct {
	sqlrun.Transaction
	search func()
}

func (t *searchingTransaction) Send(ctx context.Context, queries []*sqlrun.Query, commit bool) error {
	for _, q := range queries {
		if slices.Contains(q.Args, any(`["user_1"]`)) {
			t.search()
		}
	}
	return t.Transaction.Send(ctx, queries, commit)
}

// While Forget searches all ignored events, others can write, even with a single writer.
func TestWritersDoNotWaitForASearch(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	made, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	account := lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	if err := made.Mark(t.Context(), lockstep.Mark{Key: account.Key()}); err != nil {
		t.Fatal(err)
	}
	claims, err := made.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	if err != nil || len(claims) != 1 {
		t.Fatal(claims, err)
	}
	if err := made.Save(t.Context(), claims[0], lockstep.AccountUpdate{Record: lockstep.Record{Account: account,
		State: lockstep.AccountDeleted}}); err != nil {
		t.Fatal(err)
	}
	if _, err := made.Receive(t.Context(), []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Clerk, ID: "msg_1",
		Type: "session.created", Body: []byte(`{"user_id":"user_1"}`)}}}); err != nil {
		t.Fatal(err)
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	open := func() *sql.DB {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		return db
	}
	searched := 0
	var store *sqlstore.Store
	reader := &searching{sqlrun.NewSQL(open(), 1, true, never), func() {
		searched++
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := store.Mark(ctx, lockstep.Mark{Key: account.Key()}); err != nil {
			t.Errorf("during the search: %v", err)
		}
	}}
	store = sqlstore.New(sqlrun.NewSQL(open(), 1, false, never), reader, sqlstore.Dialect{})
	closeAfter(t, store)
	events, err := store.Forget(t.Context(), account)
	if err != nil || events != 1 || searched != 2 {
		t.Errorf("%d events were forgotten in %d searches, %v", events, searched, err)
	}
}
