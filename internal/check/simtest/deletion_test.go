package simtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// TestDeletionPolicies: what becomes of the billing of a user and of an organization
// under each policy, with a subscription that runs and one that waits for a payment.
func TestDeletionPolicies(t *testing.T) {
	for _, policy := range []server.DeletionPolicy{"", server.DeleteCustomer, server.CancelSubscriptions,
		server.EndSubscriptions, server.KeepBilling} {
		for _, kind := range []string{"user", "organization"} {
			t.Run(fmt.Sprintf("%s %s", policy, kind), func(t *testing.T) {
				calm(t, func(t *testing.T, w *world) {
					other := server.KeepBilling
					if policy == server.KeepBilling {
						other = server.DeleteCustomer
					}
					policies := server.Deletion{Users: policy, Organizations: other}
					if kind == "organization" {
						policies = server.Deletion{Users: other, Organizations: policy}
					}
					w.service.end(t)
					w.change = func(c *server.Config) { c.Deletion = policies }
					w.service = w.boot()
					ada := w.mustSignUp("ada@example.com")
					org, err := w.sim.CreateOrganization("Engines", ada)
					if err != nil {
						t.Fatal(err)
					}
					account, leave := "user/"+ada, func() error { return w.sim.DeleteUser(ada) }
					if kind == "organization" {
						account, leave = "organization/"+org.ID, func() error { return w.sim.DeleteOrganization(org.ID) }
					}
					time.Sleep(time.Minute)
					w.mustBuy(account, "pro")
					time.Sleep(time.Minute)
					if err := leave(); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Hour)
					want := map[server.DeletionPolicy]string{"": "canceled", server.DeleteCustomer: "canceled",
						server.CancelSubscriptions: "canceled",
						server.EndSubscriptions:    "active, ending", server.KeepBilling: "active"}[policy]
					gone := policy == "" || policy == server.DeleteCustomer
					w.billed(account, want, gone)
					time.Sleep(32 * 24 * time.Hour)
					if policy == server.EndSubscriptions {
						want = "canceled"
					}
					w.billed(account, want, gone)
					ends := w.sim.CountRequests(func(e simulator.Entry) bool {
						return e.Side == "stripe" && (e.Method == http.MethodPost || e.Method == http.MethodDelete) &&
							strings.HasPrefix(e.Path, "/v1/subscriptions/")
					})
					if most := map[bool]int{true: 0, false: 1}[gone || policy == server.KeepBilling]; ends != most {
						t.Errorf("the subscription was cancelled %d times", ends)
					}
					if a := w.ask(account); a.State != "deleted" || a.Access.Active || a.Pending ||
						a.Access.Reasons[0].Status != strings.TrimSuffix(want, ", ending") {
						t.Errorf("Lockstep says %+v", a)
					}
				})
			})
		}
	}
}

// billed compares the account's subscription and customer at Stripe with what they
// should be.
func (w *world) billed(account, want string, gone bool) {
	w.t.Helper()
	s := w.sim.Subscriptions()[0]
	got := s.Status
	if s.CancelAtPeriodEnd && s.EndedAt.IsZero() {
		got += ", ending"
	}
	for _, c := range w.sim.Customers() {
		if c.ID == s.Customer && c.Deleted != gone {
			w.t.Errorf("the customer of %s is deleted=%v, want %v", account, c.Deleted, gone)
		}
	}
	if got != want {
		w.t.Errorf("the subscription of %s is %s, want %s", account, got, want)
	}
}

// company signs so many users up, who all subscribe.
func (w *world) company(users int) (ids []string) {
	for n := range users {
		ids = append(ids, w.mustSignUp(fmt.Sprintf("u%d@example.com", n)))
	}
	time.Sleep(time.Minute)
	for _, id := range ids {
		w.mustBuy("user/"+id, "basic")
	}
	time.Sleep(time.Minute)
	return ids
}

// lost counts the customers of the company's users that are deleted.
func (w *world) lost() (n int) {
	for _, c := range w.sim.Customers() {
		if c.Deleted && strings.HasPrefix(c.Email, "u") {
			n++
		}
	}
	return n
}

func (w *world) decide(what string) {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/deletions/"+what, apiKey,
		map[string]any{"all": true}, nil)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("%s: %d %v", what, status, err)
	}
}

// TestTheBrakeHoldsDeletionsInBulk: until an operator says so, also over a restart;
// and who is held goes on as before.
func TestTheBrakeHoldsDeletionsInBulk(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(12) // of whom five percent are five
		for _, id := range users[:9] {
			if err := w.sim.DeleteUser(id); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		w.service.kill()
		w.service = w.boot()
		time.Sleep(26 * time.Hour) // the list of the directory says it again, and the window is long over
		if w.lost() != 5 {
			t.Fatalf("%d customers were deleted, the brake allows 5", w.lost())
		}
		var held string
		for _, id := range users[:9] {
			if a := w.ask("user/" + id); a.State == "active" {
				held = id
				if !a.Access.Active || a.Pending || a.Problem != "" {
					t.Errorf("who is held: %+v", a)
				}
			}
		}
		// What Stripe says of them still counts.
		for _, s := range w.sim.Subscriptions() {
			if s.Metadata["clerkUserId"] == held {
				if err := w.sim.CancelSubscription(s.ID, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(time.Minute)
		if a := w.ask("user/" + held); a.Access.Active || a.Access.Reasons[0].Status != "canceled" || a.Pending ||
			a.Problem != "" {
			t.Errorf("after the cancellation: %+v", a)
		}
		// One more while the brake is on.
		if err := w.sim.DeleteUser(users[9]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if w.lost() != 5 {
			t.Errorf("%d customers were deleted while the brake was on", w.lost())
		}
		w.decide("approve")
		time.Sleep(time.Minute)
		if w.lost() != 10 {
			t.Errorf("after the approval %d customers are deleted, want 10", w.lost())
		}
		if err := w.sim.DeleteUser(users[10]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if w.lost() != 11 || !w.ask("user/"+users[11]).Access.Active {
			t.Errorf("the brake is not released: %d", w.lost())
		}
	})
}

// TestAnotherInstancesKeyTakesNothingAway: the directory lists users, but not ours.
func TestAnotherInstancesKeyTakesNothingAway(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(12)
		stranger, err := simulator.New(simulator.Config{ClerkKey: clerkKey, ClerkURL: "http://" + clerkHost, Seed: 9,
			StripeURL: "http://" + stripeHost})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stranger.SignUp(simulator.SignUp{Email: "somebody@example.com"}); err != nil {
			t.Fatal(err)
		}
		other := stranger.ClerkHandler()
		w.clerkIs.Store(&other)
		time.Sleep(26 * time.Hour)
		if w.lost() != 0 {
			t.Errorf("%d customers were deleted", w.lost())
		}
		w.clerkIs.Store(nil)
		time.Sleep(26 * time.Hour)
		active := 0
		for _, id := range users {
			if w.ask("user/" + id).Access.Active {
				active++
			}
		}
		if active != 12 || w.lost() != 0 {
			t.Errorf("%d still have access, %d customers are deleted", active, w.lost())
		}
		// They are known again: who leaves now is deleted.
		for _, id := range users {
			if !w.ask("user/" + id).Access.Active {
				continue
			}
			if err := w.sim.DeleteUser(id); err != nil {
				t.Fatal(err)
			}
			break
		}
		time.Sleep(time.Minute)
		if w.lost() != 1 {
			t.Errorf("who has left since is not deleted: %d", w.lost())
		}
	})
}

// telling counts the stored events whose bodies hold a text.
func (w *world) telling(text string) (n int) {
	w.t.Helper()
	page, err := w.service.store.Events(w.t.Context(), lockstep.EventFilter{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range page.Events {
		if strings.Contains(string(e.Body), text) {
			n++
		}
	}
	return n
}

// TestADeletedUsersDataIsForgotten: after thirty days, and at once when somebody asks;
// what comes later is forgotten too, and others are not.
func TestADeletedUsersDataIsForgotten(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		const adas, eves = "ada@example.com", "eve@example.com"
		ada, eve := w.mustSignUp(adas), w.mustSignUp(eves)
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "life")
		time.Sleep(time.Minute) // until then its payment is under way
		w.mustBuy("user/"+ada, "pro")
		w.mustBuy("user/"+eve, "pro")
		time.Sleep(time.Minute)
		forget := func() (status int) {
			status, err := w.call(context.Background(), http.MethodPost,
				"http://"+serviceHost+"/v1/accounts/user/"+ada+"/forget", apiKey, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			return status
		}
		if status := forget(); status != http.StatusConflict || w.telling(adas) < 5 {
			t.Errorf("who is there: %d, %d events tell of them", status, w.telling(adas))
		}
		if err := w.sim.DeleteUser(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * 24 * time.Hour)
		if w.telling(adas) < 5 {
			t.Error("it is forgotten too early")
		}
		time.Sleep(2 * 24 * time.Hour)
		if n := w.telling(adas); n != 0 {
			t.Errorf("%d events still tell of who was deleted", n)
		}
		if w.telling(eves) < 3 {
			t.Error("somebody else is forgotten")
		}
		body := []byte(fmt.Sprintf(`{"data":{"id":%q,"email_addresses":[{"email_address":%q}]},"object":"event","type":"user.updated","timestamp":1,"instance_id":"ins_1"}`, ada, adas))
		if status, err := w.deliver(lockstep.Clerk, "late", body); err != nil || status != http.StatusOK {
			t.Fatalf("a late event: %d %v", status, err)
		}
		time.Sleep(time.Minute)
		if n := w.telling(adas); n != 0 {
			t.Errorf("a late event is kept: %d", n)
		}
		if status := forget(); status != http.StatusOK {
			t.Errorf("once more: %d", status)
		}
	})
}
