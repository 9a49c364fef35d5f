package simtest

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestCallsPerCheckout counts the upstream calls of a subscription checkout. Its twelve or so events must cause one
// change.
func TestCallsPerCheckout(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		user := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		began := len(w.sim.History())
		w.mustBuy("user/"+user, "pro")
		time.Sleep(time.Minute)
		reads, writes, events := 0, 0, 0
		for _, e := range w.sim.History()[began:] {
			switch {
			case e.Side == "delivery":
				events++
			case e.Side == "stripe" && e.Method == http.MethodGet:
				reads++
			case e.Side == "clerk" && strings.HasSuffix(e.Path, "/metadata"):
				writes++
			}
			t.Log(e.Side, e.Method, e.Path, e.EventType, e.Status)
		}
		if events < 12 {
			t.Errorf("only %d deliveries, which is not a whole checkout", events)
		}
		// Reads: the price; existing purchases, twice; the subscriptions after the payment; and the
		// address that the buyer typed, for the e-mail.
		if reads > 5 || writes != 1 {
			t.Errorf("a checkout took %d reads of Stripe and %d metadata writes; we promise at most 5 and exactly 1", reads,
				writes)
		}
		if plan := w.sim.Users()[0].Public["plan"]; plan != "pro" {
			t.Errorf("the plan in the metadata is %v", plan)
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
