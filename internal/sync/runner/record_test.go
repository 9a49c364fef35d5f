package runner

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestARunReportsItself(t *testing.T) {
	failure := error(nil)
	inBubble(t, Config{}, func(ctx context.Context, claim lockstep.Claim) (result Result, err error) {
		if want := lockstep.NewRunID(claim.Key, time.Now()); lockstep.RunOf(ctx) != want {
			return result, lockstep.Terminal(errors.New("the context lacks the run"))
		}
		calls := lockstep.CallsOf(ctx)
		calls.Made("stripe")
		calls.Made("stripe")
		calls.Wrote("stripe", "POST /v1/customers")
		time.Sleep(3 * time.Second)
		result.Facts.Write("database", "account", 1)
		return result, failure
	}, func(t *testing.T, store lockstep.Store, runner *Runner) {
		began := time.Now()
		mark(t, store, runner, lockstep.Mark{Key: userKey(1), Priority: lockstep.Interactive})
		pass(time.Minute)
		failure = lockstep.Terminal(errors.New("refused"))
		mark(t, store, runner, lockstep.Mark{Key: userKey(1)})
		pass(time.Minute)
		page, err := store.Runs(t.Context(), lockstep.RunFilter{Key: userKey(1)})
		if err != nil || len(page.Runs) != 2 {
			t.Fatalf("got %+v, %v", page, err)
		}
		failed, done := page.Runs[0], page.Runs[1]
		if done.Took != 3*time.Second || !done.Began.Equal(began) || done.Calls["stripe"] != 2 || len(done.Wrote) != 2 ||
			done.ID() != lockstep.NewRunID(userKey(1), began) ||
			done.Priority != lockstep.Interactive || done.Disposition != lockstep.Done {
			t.Errorf("done: %+v", done)
		}
		if failed.Disposition != lockstep.Failed || failed.Reason != "refused" || len(failed.Wrote) != 2 {
			t.Errorf("failed: %+v", failed)
		}
	})
}

func TestDeliveriesAndSweepsLeaveARecordOnlyIfTheyDoNotEndWell(t *testing.T) {
	t.Parallel()
	for kind, always := range map[lockstep.KeyKind]bool{lockstep.KeyUser: true, lockstep.KeyOrganization: true,
		lockstep.KeyCustomer: true, lockstep.KeyCheckout: true, lockstep.KeyPayment: true, lockstep.KeyObject: true,
		lockstep.KeySweep: false, lockstep.KeyWake: false, lockstep.KeyNotice: false, lockstep.KeyEmail: false,
		lockstep.KeyBuyerEmail: false, lockstep.KeyWebhook: false} {
		if remembered(kind, lockstep.Done) != always || !remembered(kind, lockstep.Retry) ||
			!remembered(kind, lockstep.Failed) || !remembered(kind, lockstep.Parked) {
			t.Errorf("%s: want a record of a run that is done: %v, and of others", kind, always)
		}
	}
}
