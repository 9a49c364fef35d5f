package sqlstore_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// skipping is a database that counts the queries that a transaction has sent and not run, and the long ones.
type skipping struct {
	sqlrun.Database
	skipped, long int
}

func (s *skipping) Begin(ctx context.Context) (sqlrun.Transaction, error) {
	tx, err := s.Database.Begin(ctx)
	return &skippingTransaction{tx, s}, err
}

type skippingTransaction struct {
	sqlrun.Transaction
	to *skipping
}

func (t *skippingTransaction) Send(ctx context.Context, queries []*sqlrun.Query, commit bool) error {
	err := t.Transaction.Send(ctx, queries, commit)
	for _, q := range queries {
		if q.Skip != nil && q.Skip() {
			t.to.skipped++
		}
		if q.Long {
			t.to.long++
		}
	}
	return err
}

// A read of an account that has only a subscription asks for no items of licenses or of sponsorships.
func TestItemsOfNothingAreNotRead(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	both := &skipping{Database: sqlrun.NewSQL(db, 1, false, never)}
	store := sqlstore.New(both, both, sqlstore.Dialect{})
	closeAfter(t, store)
	account := lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	if err := store.Mark(t.Context(), lockstep.Mark{Key: account.Key()}); err != nil {
		t.Fatal(err)
	}
	claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	if err != nil || len(claims) != 1 {
		t.Fatal(claims, err)
	}
	record := lockstep.Record{Account: account, State: lockstep.AccountActive, Subscriptions: []lockstep.Subscription{
		{ID: "sub_1", Items: []lockstep.Item{{ID: "si_1", PriceID: "price_1"}}}}}
	if err := store.Save(t.Context(), claims[0], lockstep.AccountUpdate{Record: record}); err != nil {
		t.Fatal(err)
	}
	both.skipped = 0
	read, err := store.Account(t.Context(), account)
	if err != nil || len(read.Subscriptions) != 1 || len(read.Subscriptions[0].Items) != 1 {
		t.Fatalf("read %+v, %v", read.Subscriptions, err)
	}
	if both.skipped != 2 {
		t.Errorf("%d queries were skipped, want the items of licenses and of subscriptions paid for others", both.skipped)
	}
	if both.long != 0 {
		t.Errorf("%d queries about one account can be interrupted, which costs goroutines", both.long)
	}
	if _, err := store.HeldPrices(t.Context(), 1); err != nil || both.long != 1 {
		t.Errorf("grouping all items by price cannot be interrupted (%v)", err)
	}
}
