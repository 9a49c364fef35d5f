package simtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// limited makes the simulators enforce the providers' rate limits.
func limited(c *simulator.Config) { c.RateLimits = true }

// writes returns the times of the metadata writes that reached Clerk since entry n of the history.
func (w *world) writes(n int, user string) []time.Time {
	var at []time.Time
	for _, e := range w.sim.History()[n:] {
		if e.Side == "clerk" && e.Method == http.MethodPatch && strings.HasSuffix(e.Path, user+"/metadata") {
			at = append(at, e.At)
		}
	}
	return at
}

// answered counts the answers with a status.
func (w *world) answered(status int) int {
	return w.sim.CountRequests(func(e simulator.Entry) bool { return e.Side != "delivery" && e.Status == status })
}

// TestRetryAfterOfClerkIsObeyed: Clerk refuses metadata writes for ten minutes. Lockstep does not call it meanwhile,
// everything else continues, and afterwards it writes each user's current state once.
func TestRetryAfterOfClerkIsObeyed(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		var users []string
		for i := range 6 {
			users = append(users, w.mustSignUp(fmt.Sprintf("u%d@example.com", i)))
		}
		time.Sleep(time.Minute)
		w.sim.AddFault(simulator.Fault{Side: "clerk", Method: http.MethodPatch, Path: "/v1/users/*/metadata", Status: 429,
			Header: http.Header{"Retry-After": {"600"}}})
		began, n := time.Now(), len(w.sim.History())
		for _, user := range users {
			w.mustBuy("user/"+user, "pro")
		}
		time.Sleep(5 * time.Minute)
		late := w.mustSignUp("late@example.com")
		time.Sleep(4 * time.Minute)
		if calls := w.writes(n, ""); len(calls) > 2 || len(calls) == 0 {
			t.Errorf("%d writes while Clerk refuses them; want the first, and one more that shows that all users are affected",
				len(calls))
		}
		for _, user := range append(users, late) {
			if has := w.ask("user/" + user).CustomerID; has == "" {
				t.Errorf("user %s has no customer: Clerk's refusal holds up other work", user)
			}
		}
		for _, s := range w.sim.Subscriptions()[:3] {
			if err := w.sim.CancelSubscription(s.ID, false); err != nil {
				t.Fatal(err)
			}
		}
		w.sim.ClearFaults()
		n = len(w.sim.History())
		time.Sleep(10*time.Minute - time.Since(began))
		time.Sleep(4 * time.Minute)
		for _, user := range append(users, late) {
			if calls := w.writes(n, user); len(calls) != 1 || calls[0].Sub(began) < 10*time.Minute {
				t.Errorf("%s: written at %v, want once and not before %s", user, calls, began.Add(10*time.Minute))
			}
		}
		var plans []string
		for _, u := range w.sim.Users() {
			plans = append(plans, fmt.Sprint(u.Public["plan"]))
		}
		if got := strings.Join(plans, " "); strings.Count(got, "pro") != 3 {
			t.Errorf("the plans are %s, want the three that are left", got)
		}
	})
}

// TestManyChangesOfOneUserCauseFewWrites: a hundred changes in a minute cause only as many writes as Clerk allows,
// and the last one is current.
func TestManyChangesOfOneUserCauseFewWrites(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		user := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+user, "pro")
		time.Sleep(time.Minute)
		n, s := len(w.sim.History()), w.sim.Subscriptions()[0].ID
		for i := range 101 {
			if i%2 == 0 {
				if err := w.sim.CancelSubscription(s, true); err != nil {
					t.Fatal(err)
				}
			} else if err := w.sim.ResumeSubscription(s); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(450+i*37%200) * time.Millisecond) // not in phase with the runs
		}
		time.Sleep(time.Minute)
		written := w.writes(n, user)
		for i := range len(written) {
			if i+10 < len(written) && written[i+10].Sub(written[i]) < 10*time.Second {
				t.Errorf("eleven writes within %s", written[i+10].Sub(written[i]))
			}
		}
		if len(written) < 5 || len(written) > 40 || w.answered(429) > 0 {
			t.Errorf("%d writes, %d refused", len(written), w.answered(429))
		}
		if last := written[len(written)-1]; time.Since(last) < 50*time.Second {
			t.Errorf("the last write came %s before the end", time.Since(last))
		}
		billing, _ := w.sim.Users()[0].Public["billing"].(map[string]any)
		if billing["ending"] != true {
			t.Errorf("the metadata is %v, but the last change was a cancellation", billing)
		}
	}, limited)
}

// TestTemporaryRefusalsOfStripe: for each kind of temporary refusal, the customer is still created once, under one
// idempotency key, without calling Stripe again and again.
func TestTemporaryRefusalsOfStripe(t *testing.T) {
	because := func(reason string) http.Header { return http.Header{"Stripe-Rate-Limited-Reason": {reason}} }
	for name, fault := range map[string]simulator.Fault{
		"global-rate":          {Status: 429, Code: "rate_limit", Header: because("global-rate")},
		"endpoint-rate":        {Status: 429, Code: "rate_limit", Header: because("endpoint-rate")},
		"global-concurrency":   {Status: 429, Code: "rate_limit", Header: because("global-concurrency")},
		"endpoint-concurrency": {Status: 429, Code: "rate_limit", Header: because("endpoint-concurrency")},
		"resource-specific":    {Status: 429, Code: "rate_limit", Header: because("resource-specific")},
		"a lock":               {Status: 429, Code: "lock_timeout"},
		"a proxy":              {Status: 429, Body: "<html>slow down</html>"},
		"the key is in use":    {Status: 409, Code: "idempotency_key_in_use"},
		"500":                  {Status: 500},
		"500 of a proxy":       {Status: 500, Body: "<html>oops</html>"},
		"503":                  {Status: 503, Body: "<html>oops</html>"},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				fault.Side, fault.Method, fault.Path, fault.Times = "stripe", http.MethodPost, "/v1/customers", 6
				w.sim.AddFault(fault)
				n := len(w.sim.History())
				user := w.mustSignUp("ada@example.com")
				time.Sleep(3 * time.Minute)
				calls, keys := []time.Time{}, map[string]bool{}
				for _, e := range w.sim.History()[n:] {
					if e.Side == "stripe" && e.Method == http.MethodPost && e.Path == "/v1/customers" {
						calls, keys[e.IdempotencyKey] = append(calls, e.At), true
					}
				}
				if len(calls) != 7 || len(keys) != 1 || len(w.sim.Customers()) != 1 || w.ask("user/"+user).CustomerID == "" {
					t.Errorf("%d calls under %d keys created %d customers", len(calls), len(keys), len(w.sim.Customers()))
				}
				for i := 1; i < len(calls); i++ {
					if pause := calls[i].Sub(calls[i-1]); pause < 200*time.Millisecond<<i/2 {
						t.Errorf("call %d came %s after the previous one", i+1, pause)
					}
				}
			})
		})
	}
}

// TestAUserForWhomClerkHangsHoldsUpNoOther: Clerk hangs for one user, and no other notices.
func TestAUserForWhomClerkHangsHoldsUpNoOther(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		slow := w.mustSignUp("slow@example.com")
		time.Sleep(time.Minute)
		w.sim.AddFault(simulator.Fault{Side: "clerk", Path: "/v1/users/" + slow + "/*", Hang: 30 * time.Second})
		w.mustBuy("user/"+slow, "pro")
		time.Sleep(2 * time.Second) // the call hangs now
		for i := range 10 {
			user := w.mustSignUp(fmt.Sprintf("u%d@example.com", i))
			time.Sleep(time.Second)
			w.mustBuy("user/"+user, "pro")
			time.Sleep(time.Second)
			if a := w.ask("user/" + user); a.Access.Plan != "pro" {
				t.Errorf("user %d has no access after a second: %+v", i, a)
			}
			if calls := w.writes(0, user); len(calls) != 2 {
				t.Errorf("user %d: %d metadata writes, want one for the sign-up and one for the purchase", i, len(calls))
			}
		}
		w.sim.ClearFaults()
		time.Sleep(5 * time.Minute)
		if a := w.ask("user/" + slow); a.Pending {
			t.Errorf("the user for whom Clerk hung is not up to date: %+v", a)
		}
	})
}

// TestACrowdIsServedWithinTheLimits: a crowd signs up and buys at once, twice as fast as both providers' limits
// allow. Lockstep keeps the limits, serves buyers first, and brings all users up to date.
func TestACrowdIsServedWithinTheLimits(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		buyer := w.mustSignUp("buyer@example.com")
		time.Sleep(time.Minute)
		var marks []lockstep.Mark
		for i := range 150 {
			w.mustSignUp(fmt.Sprintf("u%d@example.com", i))
		}
		for _, u := range w.sim.Users() { // as the first sweep over an existing business would
			key := lockstep.Account{Kind: lockstep.User, ID: u.ID}.Key()
			marks = append(marks, lockstep.Mark{Key: key, Scope: lockstep.ScopeAll, Priority: lockstep.Background})
		}
		if err := w.service.store.Mark(t.Context(), marks...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		began := time.Now()
		w.mustBuy("user/"+buyer, "pro")
		for planOf(w, buyer) != "pro" {
			if time.Sleep(50 * time.Millisecond); time.Since(began) > time.Minute {
				t.Fatal("a buyer waits behind sign-ups")
			}
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("buyers were up to date only after %s", took)
		}
		time.Sleep(10 * time.Minute)
		if n := w.answered(429); n > 0 {
			t.Errorf("%d calls were answered with 429", n)
		}
		for _, u := range w.sim.Users() {
			if u.Public["stripeCustomerId"] == nil {
				t.Errorf("%s is not up to date", u.ID)
			}
		}
	}, limited)
}

func planOf(w *world, user string) any {
	for _, u := range w.sim.Users() {
		if u.ID == user {
			return u.Public["plan"]
		}
	}
	return nil
}
