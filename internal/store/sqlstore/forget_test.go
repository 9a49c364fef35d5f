package sqlstore_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// While all that was ignored is looked through for somebody who is to be forgotten, others
// write, also where there is one writer.
func TestWhoWritesDoesNotWaitForASearch(t *testing.T) {
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
	store = sqlstore.New(open(), open(), sqlstore.Dialect{Argument: func(a any) any {
		if a == `["user_1"]` { // what is looked for
			searched++
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := store.Mark(ctx, lockstep.Mark{Key: account.Key()}); err != nil {
				t.Errorf("during the search: %v", err)
			}
		}
		return a
	}})
	closeAfter(t, store)
	events, err := store.Forget(t.Context(), account)
	if err != nil || events != 1 || searched != 2 {
		t.Errorf("%d events were forgotten in %d searches, %v", events, searched, err)
	}
}
