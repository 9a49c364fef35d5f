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

// refuse makes Stripe refuse addresses as it refuses ada@gmile: with 400 email_invalid.
func (w *world) refuse(method, path string) {
	w.sim.AddFault(simulator.Fault{Side: "stripe", Method: method, Path: path, Times: 1, Status: http.StatusBadRequest,
		Code: "email_invalid"})
}

// TestARefusedAddressStopsNothing (C10): Lockstep creates the customer without it and shows the reason, a purchase
// works, and a corrected address is written.
func TestARefusedAddressStopsNothing(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.refuse(http.MethodPost, "/v1/customers")
		ada := w.mustSignUp("ada@gmile")
		account := "user/" + ada
		time.Sleep(time.Minute)
		a := w.ask(account)
		if c := w.customer(account); c.Email != "" || c.Name != "Ada Lovelace" {
			t.Errorf("the customer is %q %q", c.Email, c.Name)
		}
		if !a.has(lockstep.StepCustomerEmail) || a.Problems[0].Code != "email_invalid" || a.Problem != "" || a.Pending {
			t.Errorf("the problem is not shown: %+v", a)
		}
		w.mustBuy(account, "pro")
		time.Sleep(time.Minute)
		if a := w.ask(account); !a.Access.Active || w.sim.Users()[0].Public["plan"] != "pro" {
			t.Errorf("after the purchase: %+v, %v", a, w.sim.Users()[0].Public)
		}
		posts := func(from int) (n int) {
			for _, e := range w.sim.History()[from:] {
				if e.Side == "stripe" && e.Method == http.MethodPost && strings.HasPrefix(e.Path, "/v1/customers") {
					n++
				}
			}
			return n
		}
		began := len(w.sim.History())
		w.sync(account)
		if n := posts(began); n != 0 {
			t.Errorf("the same address was tried %d more times", n)
		}
		for _, name := range w.problemsOf() {
			if strings.Contains(name, "gmile") {
				t.Errorf("the list of problems names an address: %s", name)
			}
		}
		if err := w.sim.UpdateUser(ada, "ada@gmail.example", "Ada", "Lovelace"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		// The buyer filled in the missing address at checkout, so only they change it.
		if c := w.customer(account); c.Email != typed || len(w.ask(account).Problems) != 0 {
			t.Errorf("after the address was fixed: %q, %+v", c.Email, w.ask(account).Problems)
		}
	})
}

// problemsOf returns GET /v1/problems as one string for each account.
func (w *world) problemsOf() (all []string) {
	w.t.Helper()
	var list struct{ Data []map[string]any }
	status, err := w.call(w.t.Context(), http.MethodGet, "http://"+serviceHost+"/v1/problems", apiKey, nil, &list)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("problems: %d %v", status, err)
	}
	for _, d := range list.Data {
		all = append(all, fmt.Sprint(d))
	}
	return all
}

// TestARefusedAddressAndThenAFailureOfClerk (C10b): the metadata is still written, and retries do not repeat the
// refused step.
func TestARefusedAddressAndThenAFailureOfClerk(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		account := "user/" + ada
		time.Sleep(time.Minute)
		w.refuse(http.MethodPost, "/v1/customers/*")
		w.sim.AddFault(simulator.Fault{Side: "clerk", Method: http.MethodPatch, Path: "/v1/users/*/metadata", Times: 2,
			Status: http.StatusInternalServerError})
		began := len(w.sim.History())
		if err := w.sim.UpdateUser(ada, "ada@gmile", "Ada", "Lovelace"); err != nil {
			t.Fatal(err)
		}
		w.mustBuy(account, "pro")
		time.Sleep(time.Minute)
		updates := 0
		for _, e := range w.sim.History()[began:] {
			if e.Side == "stripe" && e.Method == http.MethodPost && strings.HasPrefix(e.Path, "/v1/customers/") {
				updates++
			}
		}
		if updates != 1 {
			t.Errorf("the address was tried %d times", updates)
		}
		a := w.ask(account)
		if w.sim.Users()[0].Public["subscriptionStatus"] != "active" || w.sim.Users()[0].Public["plan"] != "pro" {
			t.Errorf("the metadata is %v", w.sim.Users()[0].Public)
		}
		if !a.has(lockstep.StepCustomerEmail) || a.Problem != "" || w.customer(account).Email != "ada@example.com" {
			t.Errorf("%+v, %q", a, w.customer(account).Email)
		}
	})
}

// TestOneRefusedFieldDoesNotHoldTheOtherBack: address and name change at the same time.
func TestOneRefusedFieldDoesNotHoldTheOtherBack(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.sim.AddFault(simulator.Fault{Side: "stripe", Method: http.MethodPost, Path: "/v1/customers/*", Nth: 1,
			Status: http.StatusBadRequest, Code: "email_invalid"})
		w.sim.AddFault(simulator.Fault{Side: "stripe", Method: http.MethodPost, Path: "/v1/customers/*", Nth: 2,
			Status: http.StatusBadRequest, Code: "email_invalid"})
		if err := w.sim.UpdateUser(ada, "ada@gmile", "Ada", "King"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if c := w.customer("user/" + ada); c.Name != "Ada King" || c.Email != "ada@example.com" ||
			!w.ask("user/"+ada).has(lockstep.StepCustomerEmail) {
			t.Errorf("%q %q %+v", c.Name, c.Email, w.ask("user/"+ada).Problems)
		}
	})
}

// TestACustomerThatStripeRefusesToCreate: Lockstep does not blame the address, shows the work as failed, and tries
// again at the next sync.
func TestACustomerThatStripeRefusesToCreate(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.sim.AddFault(simulator.Fault{Side: "stripe", Method: http.MethodPost, Path: "/v1/customers", Times: 8,
			Status: http.StatusBadRequest, Code: "account_invalid"})
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		a := w.ask("user/" + ada)
		if !a.has(lockstep.StepCustomer) || a.has(lockstep.StepCustomerEmail) || a.has(lockstep.StepCustomerName) ||
			!strings.Contains(a.Problem, "account_invalid") {
			t.Errorf("%+v", a)
		}
		if got := w.sim.Users()[0].Public["subscriptionStatus"]; got != "inactive" {
			t.Errorf("the metadata was not written: %v", w.sim.Users()[0].Public)
		}
		w.sync("user/" + ada)
		if c := w.customer("user/" + ada); c.Email != "ada@example.com" || len(w.ask("user/"+ada).Problems) != 0 {
			t.Errorf("after another sync: %q %+v", c.Email, w.ask("user/"+ada).Problems)
		}
	})
}
