package simtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// TestAPaymentUnderAFormerIdFindsItsAccount: payments that were in progress when the business moved.
func TestAPaymentUnderAFormerIdFindsItsAccount(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(2)
		var session struct{ ID string }
		status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
			map[string]any{"account": "user/" + users[0], "lookup_key": "life", "success_url": "https://app.test/"}, &session)
		if err != nil || status != http.StatusOK {
			t.Fatalf("checkout: %d %v", status, err)
		}
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{})
		if err != nil {
			t.Fatal(err)
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		if w.accept(moved.Instance) != http.StatusOK {
			t.Fatal("the instance cannot be accepted")
		}
		time.Sleep(time.Minute)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		// A guest pays by a link created for the former id.
		w.stripe("/v1/checkout/sessions", map[string][]string{"mode": {"payment"},
			"line_items[0][price]": {w.prices["pass"]}, "line_items[0][quantity]": {"1"},
			"success_url": {"https://app.test/"}, "client_reference_id": {users[1]}}, &session)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		for n, kind := range []string{"user.updated", "user.deleted"} { // late events of the former instance
			body := fmt.Sprintf(`{"data":{"id":%q,"deleted":true},"object":"event","type":%q,"timestamp":1,"instance_id":"ins_1"}`, users[0], kind)
			if status, err := w.deliver(lockstep.Clerk, fmt.Sprint("late", n), []byte(body)); err != nil ||
				status != http.StatusOK {
				t.Fatalf("a late event: %d %v", status, err)
			}
			time.Sleep(10 * time.Minute)
			if parked := w.parked(); len(parked) != 0 {
				t.Errorf("after a late %s: %v", kind, parked)
			}
		}
		for n, old := range users {
			if a := w.ask("user/" + moved.Users[old]); len(a.Access.Reasons) != 2 || a.State != "active" {
				t.Errorf("user %d: %+v", n, a)
			}
		}
		if w.lost() != 0 || len(w.parked()) != 0 {
			t.Errorf("%d customers deleted, parked: %v", w.lost(), w.parked())
		}
	})
}

// TestAnOperatorMovesUsersWithoutExternalID: the former account keeps its billing, the user's new account gets no
// second customer, and lockstep link decides.
func TestAnOperatorMovesUsersWithoutExternalID(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(3)
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{Announce: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, old := range users[:2] {
			w.atClerk(http.MethodPatch, moved.Key, "/v1/users/"+moved.Users[old], map[string]any{"external_id": "legacy-" + old})
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		w.accept(moved.Instance)
		time.Sleep(3 * 24 * time.Hour)
		if w.lost() != 0 || w.holders() != 3 {
			t.Fatalf("%d customers deleted, %d alive", w.lost(), w.holders())
		}
		// Neither a late event of the former instance nor an event of Stripe takes anything away.
		body := fmt.Sprintf(`{"data":{"id":%q,"deleted":true},"object":"event","type":"user.deleted","timestamp":1,"instance_id":"ins_1"}`, users[0])
		if status, err := w.deliver(lockstep.Clerk, "late", []byte(body)); err != nil || status != http.StatusOK {
			t.Fatalf("a late event: %d %v", status, err)
		}
		for _, s := range w.sim.Subscriptions() {
			w.stripe("/v1/subscriptions/"+s.ID, url.Values{"cancel_at_period_end": {"true"}}, nil)
		}
		time.Sleep(time.Hour)
		for n, old := range users[:2] {
			former := w.ask("user/" + old)
			if former.State != "active" || !former.Access.Active || former.Problem != "" || former.Pending {
				t.Errorf("former account %d: %+v", n, former)
			}
			if a := w.ask("user/" + moved.Users[old]); a.Access.Active || a.CustomerID != "" {
				t.Errorf("candidate %d: %+v", n, a)
			}
		}
		var shown struct {
			Former []struct{ Account, Customer string }
		}
		if status, err := w.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/instance", apiKey, nil,
			&shown); err != nil || status != http.StatusOK || len(shown.Former) != 2 {
			t.Errorf("the list of problems: %d %v %+v", status, err, shown)
		}
		for object, account := range map[string]string{
			"user/" + users[0]:                   "user/" + moved.Users[users[0]],
			w.ask("user/" + users[1]).CustomerID: "user/" + moved.Users[users[1]],
		} {
			if status := w.link(object, account); status != http.StatusAccepted {
				t.Errorf("link %s: %d", object, status)
			}
		}
		if status := w.link("user/"+moved.Users[users[2]], "user/"+moved.Users[users[0]]); status != http.StatusConflict {
			t.Errorf("linking an account of the accepted instance: %d", status)
		}
		time.Sleep(10 * time.Minute)
		w.carriedOver(moved, users)
	})
}

// TestAMoveSurvivesKills: the process dies before or after each kind of call that moves accounts.
func TestAMoveSurvivesKills(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(12)
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{})
		if err != nil {
			t.Fatal(err)
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		w.accept(moved.Instance)
		w.service.kill()
		died := 0
		for range 4 {
			for _, at := range []struct{ method, path string }{{http.MethodPost, "/v1/customers/"},
				{http.MethodPatch, "/v1/users/"}, {http.MethodGet, "/v1/users"}} {
				for _, answered := range []bool{false, true} {
					w.doom = &doom{method: at.method, path: at.path, answered: answered, struck: make(chan struct{})}
					w.service = w.boot()
					select {
					case <-w.doom.struck:
						died++
					case <-time.After(10 * time.Minute): // longer than the leases of the dead processes
					}
					w.service.kill()
				}
			}
		}
		if died < 8 {
			t.Errorf("the process died only %d times", died)
		}
		w.doom = nil
		w.service = w.boot()
		time.Sleep(2 * time.Hour)
		w.carriedOver(moved, users)
	})
}

// TestAnOperatorMovesAnOrganization: Clerk gives organizations no external_id. The payer must be known under their
// new id.
func TestAnOperatorMovesAnOrganization(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(2)
		org, err := w.sim.CreateOrganization("Engines", users[1])
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var session struct{ ID string }
		status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
			map[string]any{"account": "organization/" + org.ID, "paid_by": users[1], "lookup_key": "pro",
				"success_url": "https://app.test/"}, &session)
		if err != nil || status != http.StatusOK {
			t.Fatalf("checkout: %d %v", status, err)
		}
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{})
		if err != nil {
			t.Fatal(err)
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		w.accept(moved.Instance)
		time.Sleep(2 * 24 * time.Hour)
		if a := w.ask("organization/" + org.ID); !a.Access.Active || a.State != "active" || a.Problem != "" {
			t.Errorf("the former organization: %+v", a)
		}
		if status := w.link("organization/"+org.ID, "user/"+moved.Users[users[0]]); status != http.StatusUnprocessableEntity {
			t.Errorf("to another kind of account: %d", status)
		}
		next := "organization/" + moved.Organizations[org.ID]
		if status := w.link("organization/"+org.ID, next); status != http.StatusAccepted {
			t.Fatalf("link: %d", status)
		}
		time.Sleep(10 * time.Minute)
		if a := w.ask(next); !a.Access.Active || a.Access.Plan != "pro" || a.CustomerID == "" || a.Problem != "" {
			t.Errorf("the organization: %+v", a)
		}
		payer, err := w.service.store.Account(t.Context(), lockstep.Account{Kind: lockstep.User, ID: moved.Users[users[1]]})
		if err != nil || len(payer.PaysFor) != 1 {
			t.Errorf("the payer: %+v %v", payer.PaysFor, err)
		}
		if w.lost() != 0 {
			t.Errorf("%d customers deleted", w.lost())
		}
	})
}
