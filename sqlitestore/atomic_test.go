package sqlitestore_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// A write whose last statement fails leaves nothing of the others behind.
func TestFailedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store, ctx := open(t, path), t.Context()
	if _, err := raw(t, path).Exec(`
create trigger no_work before insert on work when new.key = 'customer/bad' begin select raise(abort, 'no'); end;
create trigger no_run before insert on runs begin select raise(abort, 'no'); end;
create trigger no_notice before insert on notices begin select raise(abort, 'no'); end;`); err != nil {
		t.Fatal(err)
	}
	alice := lockstep.Account{Kind: lockstep.User, ID: "user_alice"}
	good, bad := lockstep.Mark{Key: alice.Key()}, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "bad"}}

	receipts, err := store.Receive(ctx, []lockstep.Delivery{
		{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1"}, Mark: &good},
		{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_2"}, Mark: &bad}})
	if err == nil || receipts != nil {
		t.Errorf("receive: receipts %v and error %v, want an error alone", receipts, err)
	}
	if err := store.Mark(ctx, bad, good); err == nil {
		t.Error("mark: want an error")
	}
	if page, err := store.Events(ctx, lockstep.EventFilter{}); err != nil || len(page.Events) > 0 {
		t.Errorf("stored %v, %v", page.Events, err)
	}
	if tally, err := store.EventTally(ctx); err != nil || len(tally) > 0 {
		t.Errorf("counted %v, %v", tally, err)
	}
	if backlog, err := store.Backlog(ctx, 10); err != nil || len(backlog) > 0 {
		t.Errorf("marked %v, %v", backlog, err)
	}

	if err := store.Mark(ctx, good); err != nil {
		t.Fatal(err)
	}
	claims, err := store.Claim(ctx, lockstep.ClaimRequest{Limit: 1, Lease: time.Minute, MaxPriority: lockstep.Background})
	if err != nil {
		t.Fatal(err)
	}
	err = store.Save(ctx, claims[0], lockstep.AccountUpdate{
		Record:  lockstep.Record{Account: alice, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{{ID: "sub_1"}}},
		Notices: []lockstep.Notice{lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_1", time.Now())},
	})
	if err == nil {
		t.Error("save: want an error")
	}
	if _, err := store.Account(ctx, alice); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("the account was saved: %v", err)
	}
	if _, err := store.AccountOfCustomer(ctx, "cus_1"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("the customer was linked: %v", err)
	}

	end := lockstep.Outcome{Disposition: lockstep.Done, Run: &lockstep.RunReport{}}
	if err := store.Finish(ctx, claims[0], end); err == nil {
		t.Error("finish: want an error")
	}
	if work, err := store.Work(ctx, alice.Key()); err != nil || !work.Pending() || work.LeaseUntil.IsZero() {
		t.Errorf("a run without its record ended: %+v, %v", work, err)
	}
}
