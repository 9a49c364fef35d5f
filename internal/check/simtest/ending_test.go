package simtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// scheduled puts a subscription under a schedule that changes it to basic after this period,
// as the portal does for a downgrade.
func (w *world) scheduled(subscription string) (id string) {
	w.t.Helper()
	var made struct {
		ID     string
		Phases []struct {
			Start int64 `json:"start_date"`
			End   int64 `json:"end_date"`
		}
	}
	w.stripe("/v1/subscription_schedules", url.Values{"from_subscription": {subscription}}, &made)
	w.stripe("/v1/subscription_schedules/"+made.ID, url.Values{"end_behavior": {"release"},
		"phases[0][items][0][price]": {w.prices["pro"]}, "phases[0][start_date]": {fmt.Sprint(made.Phases[0].Start)},
		"phases[0][end_date]":        {fmt.Sprint(made.Phases[0].End)},
		"phases[1][items][0][price]": {w.prices["basic"]}, "phases[1][iterations]": {"6"}}, nil)
	return made.ID
}

// schedule has a subscription change its plan after this period, as the portal does for a
// downgrade, or gives one back that was scheduled.
func (w *world) schedule() {
	s, ok := w.subscribed("active", "trialing")
	if !ok {
		return
	}
	if s.Schedule != "" {
		w.dashboard("/v1/subscription_schedules/"+s.Schedule+"/release", nil)
		return
	}
	var made struct {
		ID     string
		Phases []struct {
			Start int64 `json:"start_date"`
			End   int64 `json:"end_date"`
		}
	}
	if status, err := w.post("/v1/subscription_schedules", url.Values{"from_subscription": {s.ID}}, &made); err != nil ||
		status != http.StatusOK {
		w.say("no schedule for %s: %d %v", s.ID, status, err)
		return
	}
	next, _ := pick(w, []string{"basic", "pro"})
	w.replanned[s.ID] = true
	phase, first := made.Phases[0], s.Items[0]
	w.dashboard("/v1/subscription_schedules/"+made.ID, url.Values{"end_behavior": {"release"},
		"phases[0][items][0][price]": {first.Price}, "phases[0][items][0][quantity]": {fmt.Sprint(first.Quantity)},
		"phases[0][start_date]": {fmt.Sprint(phase.Start)}, "phases[0][end_date]": {fmt.Sprint(phase.End)},
		"phases[1][items][0][price]": {w.prices[next]}, "phases[1][items][0][quantity]": {fmt.Sprint(first.Quantity)},
		"phases[1][duration][interval]": {"month"}, "phases[1][duration][interval_count]": {"2"}})
	w.say("%s is scheduled to become %s", s.ID, next)
}

// paidInvoices counts the invoices that were paid.
func (w *world) paidInvoices() (n int) {
	for _, i := range w.sim.Invoices() {
		if i.Status == "paid" {
			n++
		}
	}
	return n
}

// TestAScheduledSubscriptionEndsWithItsUser (C4): under each policy that ends billing, with
// Stripe refusing to change what a schedule owns.
func TestAScheduledSubscriptionEndsWithItsUser(t *testing.T) {
	for _, policy := range []server.DeletionPolicy{server.DeleteCustomer, server.CancelSubscriptions,
		server.EndSubscriptions} {
		t.Run(string(policy), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) { c.Deletion = server.Deletion{Users: policy} })
				ada := w.mustSignUp("ada@example.com")
				account := "user/" + ada
				time.Sleep(time.Minute)
				w.mustBuy(account, "pro")
				time.Sleep(time.Minute)
				w.scheduled(w.newest())
				time.Sleep(24 * time.Hour)
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				s := w.sim.Subscriptions()[0]
				if ended := s.Status == "canceled"; ended != (policy != server.EndSubscriptions) || !ended && !s.CancelAtPeriodEnd {
					t.Errorf("the subscription is %s, ending with its period: %v", s.Status, s.CancelAtPeriodEnd)
				}
				time.Sleep(66 * 24 * time.Hour)
				if s := w.sim.Subscriptions()[0]; s.Status != "canceled" || w.paidInvoices() != 1 {
					t.Errorf("after 66 days it is %s, and %d invoices were paid", s.Status, w.paidInvoices())
				}
				if a := w.ask(account); len(a.Problems) != 0 || a.Problem != "" {
					t.Errorf("%+v", a)
				}
			})
		})
	}
}

// TestAScheduleThatHasNotStartedIsCanceled: it would begin to bill a deleted user later.
func TestAScheduleThatHasNotStartedIsCanceled(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.configured(func(c *server.Config) { c.Deletion = server.Deletion{Users: server.EndSubscriptions} })
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Minute)
		w.stripe("/v1/subscription_schedules", url.Values{"customer": {w.customer("user/" + ada).ID},
			"start_date":                 {fmt.Sprint(time.Now().Add(40 * 24 * time.Hour).Unix())},
			"phases[0][items][0][price]": {w.prices["pro"]}, "phases[0][iterations]": {"3"}}, nil)
		if err := w.sim.DeleteUser(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(80 * 24 * time.Hour)
		if n := len(w.sim.Subscriptions()); n != 1 || w.paidInvoices() != 1 {
			t.Errorf("%d subscriptions, %d paid invoices", n, w.paidInvoices())
		}
	})
}

// TestADateAfterThePeriodDoesNotEndWithIt: a subscription that ends in a year is billed until
// then, so it is made to end with its period.
func TestADateAfterThePeriodDoesNotEndWithIt(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.configured(func(c *server.Config) { c.Deletion = server.Deletion{Users: server.EndSubscriptions} })
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Minute)
		w.dashboard("/v1/subscriptions/"+w.newest(), url.Values{
			"cancel_at": {fmt.Sprint(time.Now().Add(200 * 24 * time.Hour).Unix())}})
		if err := w.sim.DeleteUser(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(66 * 24 * time.Hour)
		if s := w.sim.Subscriptions()[0]; s.Status != "canceled" || w.paidInvoices() != 1 {
			t.Errorf("after 66 days it is %s, and %d invoices were paid", s.Status, w.paidInvoices())
		}
	})
}

// TestADeletionThatStripeRefusesIsHeldVisibly: Lockstep tries the next weaker way, the deletion is
// listed and counted, and the deletion goes on when Stripe agrees.
func TestADeletionThatStripeRefusesIsHeldVisibly(t *testing.T) {
	refuse := func(w *world, method, path string) {
		w.sim.AddFault(simulator.Fault{Side: "stripe", Method: method, Path: path, Status: http.StatusBadRequest,
			Code: "action_not_allowed"})
	}
	for name, c := range map[string]struct {
		policy   server.DeletionPolicy
		customer bool // Stripe refuses to delete it
		cancel   bool // Stripe refuses to cancel subscriptions
		update   bool // Stripe refuses to change subscriptions
		status   string
		ending   bool
	}{
		"the customer stays":                  {server.DeleteCustomer, true, false, false, "canceled", false},
		"the subscription runs out":           {server.DeleteCustomer, true, true, false, "active", true},
		"nothing works":                       {server.DeleteCustomer, true, true, true, "active", false},
		"a cancellation becomes an end":       {server.CancelSubscriptions, false, true, false, "active", true},
		"an end does not become more than it": {server.EndSubscriptions, false, false, true, "active", false},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(s *server.Config) {
					s.Deletion = server.Deletion{Users: c.policy}
					s.Sync.Intervals.Accounts = 24 * time.Hour
				})
				ada := w.mustSignUp("ada@example.com")
				account := "user/" + ada
				time.Sleep(time.Minute)
				w.mustBuy(account, "pro")
				time.Sleep(time.Minute)
				if c.customer {
					refuse(w, http.MethodDelete, "/v1/customers/*")
				}
				if c.cancel {
					refuse(w, http.MethodDelete, "/v1/subscriptions/*")
				}
				if c.update {
					refuse(w, http.MethodPost, "/v1/subscriptions/*")
				}
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if s := w.sim.Subscriptions()[0]; s.Status != c.status || (s.CancelAtPeriodEnd && s.EndedAt.IsZero()) != c.ending {
					t.Errorf("the subscription is %s, ending %v", s.Status, s.CancelAtPeriodEnd)
				}
				a := w.ask(account)
				if a.State != "deleted" || !a.has(lockstep.StepDeletion) || !strings.Contains(a.Problem, "action_not_allowed") {
					t.Errorf("%+v", a)
				}
				tally, err := w.service.store.DeletionTally(t.Context())
				if held := w.deletions("refused"); err != nil || len(held) != 1 || held[0] != account ||
					tally[lockstep.DeletionRefused] != 1 {
					t.Errorf("listed are %v, counted %v, %v", held, tally, err)
				}
				w.sim.ClearFaults()
				w.approve(account)
				time.Sleep(time.Minute)
				want := map[server.DeletionPolicy]string{server.DeleteCustomer: "canceled", server.CancelSubscriptions: "canceled",
					server.EndSubscriptions: "active"}[c.policy]
				if s := w.sim.Subscriptions()[0]; s.Status != want || want == "active" && !s.CancelAtPeriodEnd {
					t.Errorf("once Stripe agrees: %s, ending %v", s.Status, s.CancelAtPeriodEnd)
				}
				if a := w.ask(account); len(a.Problems) != 0 || a.Problem != "" || len(w.deletions("refused")) != 0 {
					t.Errorf("once Stripe agrees: %+v", a)
				}
			})
		})
	}
}

// deletions are the accounts that are listed in a state.
func (w *world) deletions(state string) (accounts []string) {
	w.t.Helper()
	var list struct{ Data []struct{ Account string } }
	status, err := w.call(w.t.Context(), http.MethodGet, "http://"+serviceHost+"/v1/deletions?state="+state, apiKey, nil,
		&list)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("deletions: %d %v", status, err)
	}
	for _, d := range list.Data {
		accounts = append(accounts, d.Account)
	}
	return accounts
}

// approve approves the deletion of one account.
func (w *world) approve(account string) {
	w.t.Helper()
	status, err := w.call(w.t.Context(), http.MethodPost, "http://"+serviceHost+"/v1/deletions/approve", apiKey,
		map[string]any{"accounts": []string{account}}, nil)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("approve: %d %v", status, err)
	}
}
