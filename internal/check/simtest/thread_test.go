package simtest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// thread lists the event types that people who sync Stripe by hand agreed on, and what each is about. It does not use
// the service's table, so that a type dropped there fails this test.
var thread = []struct{ kind, about string }{
	{"checkout.session.completed", "checkout.session"},
	{"customer.subscription.created", "subscription"},
	{"customer.subscription.updated", "subscription"},
	{"customer.subscription.deleted", "subscription"},
	{"customer.subscription.paused", "subscription"},
	{"customer.subscription.resumed", "subscription"},
	{"customer.subscription.pending_update_applied", "subscription"},
	{"customer.subscription.pending_update_expired", "subscription"},
	{"customer.subscription.trial_will_end", "subscription"},
	{"invoice.paid", "invoice"},
	{"invoice.payment_failed", "invoice"},
	{"invoice.payment_action_required", "invoice"},
	{"invoice.upcoming", "invoice"},
	{"invoice.marked_uncollectible", "invoice"},
	{"invoice.payment_succeeded", "invoice"},
	{"payment_intent.succeeded", "payment_intent"},
	{"payment_intent.payment_failed", "payment_intent"},
	{"payment_intent.canceled", "payment_intent"},
}

// TestEveryEventOfTheThreadLeadsToASync delivers a stored payload of each type. The customer's account must be
// marked, and a run must read its current state from Stripe.
func TestEveryEventOfTheThreadLeadsToASync(t *testing.T) {
	if len(thread) != 18 {
		t.Fatalf("the list has %d types", len(thread))
	}
	objects := map[string]string{}
	for _, e := range thread {
		text, err := os.ReadFile(filepath.Join("testdata", "thread", e.about+".json"))
		if err != nil {
			t.Fatal(err)
		}
		objects[e.about] = string(text)
	}
	calm(t, func(t *testing.T, w *world) {
		account := lockstep.Account{Kind: lockstep.User, ID: w.mustSignUp("ada@example.com")}
		time.Sleep(time.Hour) // nothing else is in progress
		synctest.Wait()
		record, err := w.service.store.Account(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		for n, e := range thread {
			was, err := w.service.store.Work(t.Context(), account.Key())
			if err != nil {
				t.Fatal(err)
			}
			id, said := fmt.Sprintf("evt_thread_%d", n), len(w.sim.History())
			body := fmt.Sprintf(`{"id":%q,"object":"event","api_version":"2025-08-27.basil","created":%d,"livemode":false,"type":%q,"data":{"object":%s}}`,
				id, time.Now().Unix(), e.kind, strings.ReplaceAll(objects[e.about], "CUSTOMER", record.CustomerID))
			if status, err := w.deliver(lockstep.Stripe, id, []byte(body)); err != nil || status != http.StatusOK {
				t.Errorf("%s was answered with %d: %v", e.kind, status, err)
				continue
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			page, err := w.service.store.Events(context.Background(), lockstep.EventFilter{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			event := page.Events[0]
			if event.ID != id || event.Key != account.Key() || event.Status != lockstep.EventDone {
				t.Errorf("%s: the newest event is %s of %s, %s (%s)", e.kind, event.ID, event.Key, event.Status, event.Reason)
			}
			if now, err := w.service.store.Work(t.Context(), account.Key()); err != nil || now.Generation <= was.Generation ||
				now.Pending() || now.Disposition != lockstep.Done {
				t.Errorf("%s: the account was marked %d times and then %d; it is pending: %v: %v", e.kind, was.Generation,
					now.Generation, now.Pending(), err)
			}
			if !w.looked(said, record.CustomerID) {
				t.Errorf("%s: Lockstep did not read the customer's subscriptions", e.kind)
			}
		}
	})
}

// looked reports whether Lockstep read a customer's subscriptions since entry n of the history.
func (w *world) looked(n int, customerID string) bool {
	for _, e := range w.sim.History()[n:] {
		if e.Side == "stripe" && e.Method == http.MethodGet && strings.HasPrefix(e.Path, "/v1/subscriptions?") &&
			strings.Contains(e.Path, customerID) {
			return true
		}
	}
	return false
}
