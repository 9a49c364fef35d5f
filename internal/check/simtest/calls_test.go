package simtest

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestCallsToStartACheckout counts the reads of Stripe before the buyer pays: the price, and existing purchases,
// twice. TestCallsAfterAPayment counts the rest.
func TestCallsToStartACheckout(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		user := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		n := len(w.sim.History())
		w.begin("user/"+user, "pro")
		time.Sleep(time.Minute)
		if stripe, clerk, writes, _ := w.spent(n); stripe > 3 || clerk+writes > 0 {
			t.Errorf("starting a checkout took %d reads of Stripe and %d calls to Clerk; we promise at most 3 and none",
				stripe, clerk+writes)
		}
	})
}

// TestASyncWithoutChangesWritesNothing syncs accounts in full, as the full verify does, when everything already
// agrees.
func TestASyncWithoutChangesWritesNothing(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		nobody, ada := w.mustSignUp("nobody@example.com"), w.mustSignUp("ada@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		w.mustBuy("organization/"+org.ID, "pro")
		time.Sleep(time.Hour)
		kinds := map[string]lockstep.Kind{nobody: lockstep.User, ada: lockstep.User, org.ID: lockstep.Organization}
		state := func() (number int64, records map[lockstep.Account]lockstep.Record) {
			changed, err := w.service.store.ChangedSince(t.Context(), -1, 1)
			if err != nil {
				t.Fatal(err)
			}
			records = map[lockstep.Account]lockstep.Record{}
			for id, kind := range kinds {
				a := lockstep.Account{Kind: kind, ID: id}
				if records[a], err = w.service.store.Account(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			return changed.Last, records
		}
		number, before := state()
		began := len(w.sim.History())
		for id, kind := range kinds {
			sync := "http://" + serviceHost + "/v1/accounts/" + string(kind) + "/" + id + "/sync"
			if status, err := w.call(t.Context(), http.MethodPost, sync, apiKey, nil, nil); err != nil ||
				status != http.StatusAccepted {
				t.Fatalf("sync %s: %d %v", id, status, err)
			}
		}
		time.Sleep(time.Minute)
		reads := map[string]int{}
		for _, e := range w.sim.History()[began:] {
			if e.Method != http.MethodGet {
				t.Errorf("%s %s %s", e.Side, e.Method, e.Path)
			}
			reads[e.Side]++
		}
		// Of each the directory's word, and of each that has a customer the customer, its
		// subscriptions and its checkout sessions.
		if reads["clerk"] != 3 || reads["stripe"] < 3*2 || reads["stripe"] > 3*3 {
			t.Errorf("the syncs made %v calls", reads)
		}
		if now, after := state(); now != number || !reflect.DeepEqual(before, after) {
			t.Errorf("the newest change is %d, was %d; the records are\n%+v\nand were\n%+v", now, number, after, before)
		}
	})
}
