package simtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// configured restarts the service with a changed configuration.
func (w *world) configured(change func(*server.Config)) {
	w.service.end(w.t)
	w.change = change
	w.service = w.boot()
}

// customer is the account's primary customer as Stripe has it.
func (w *world) customer(account string) simulator.Customer {
	w.t.Helper()
	id := w.ask(account).CustomerID
	for _, c := range w.sim.Customers() {
		if c.ID == id {
			return c
		}
	}
	w.t.Fatalf("%s has no customer", account)
	return simulator.Customer{}
}

// sync has an account looked at wholly, and waits until it was.
func (w *world) sync(account string) {
	w.t.Helper()
	status, err := w.call(w.t.Context(), http.MethodPost, "http://"+serviceHost+"/v1/accounts/"+account+"/sync", apiKey,
		nil, nil)
	if err != nil || status != http.StatusAccepted {
		w.t.Fatalf("sync %s: %d %v", account, status, err)
	}
	time.Sleep(time.Minute)
}

// has reports whether the account has a problem at a step.
func (a answer) has(step lockstep.Step) bool {
	for _, p := range a.Problems {
		if p.Step == string(step) {
			return true
		}
	}
	return false
}

// TestARenamedOrganizationKeepsTheAddressOfItsCustomer (C2): the name follows, and is all
// that is written; an address that was set at Stripe stays.
func TestARenamedOrganizationKeepsTheAddressOfItsCustomer(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		account := "organization/" + org.ID
		time.Sleep(time.Minute)
		w.mustBuy(account, "pro")
		time.Sleep(time.Minute)
		rename := func(name string) (writes []string) {
			t.Helper()
			began := len(w.sim.History())
			w.clerk(http.MethodPatch, "/v1/organizations/"+org.ID, map[string]any{"name": name})
			time.Sleep(time.Minute)
			reads := 0
			for _, e := range w.sim.History()[began:] {
				switch {
				case e.Side != "stripe" || !strings.HasPrefix(e.Path, "/v1/customers/"):
				case e.Method == http.MethodPost:
					writes = append(writes, e.Path)
				default:
					reads++
				}
			}
			if reads > 1 {
				t.Errorf("a rename took %d reads of the customer", reads)
			}
			return writes
		}
		w.dashboard("/v1/customers/"+w.customer(account).ID, url.Values{"email": {"billing@corp.example"}})
		rename("Motors")
		if c := w.customer(account); c.Name != "Motors" || c.Email != "billing@corp.example" {
			t.Errorf("after the rename: %q %q", c.Name, c.Email)
		}
		// What a human then wrote there stays, and costs nothing more.
		w.dashboard("/v1/customers/"+w.customer(account).ID, url.Values{"name": {"Motors GmbH"}})
		if writes := rename("Turbines"); len(writes) != 0 {
			t.Errorf("a name that somebody changed at Stripe was written over: %v", writes)
		}
		if c := w.customer(account); c.Name != "Motors GmbH" || c.Email != "billing@corp.example" {
			t.Errorf("after the second rename: %q %q", c.Name, c.Email)
		}
		// An organization always has a name at Clerk. A user may have none: see below.
		w.sync(account)
		if c := w.customer(account); c.Name != "Motors GmbH" || c.Email != "billing@corp.example" {
			t.Errorf("after a look: %q %q", c.Name, c.Email)
		}
	})
}

// TestWhatTheCustomerSetInThePortalStays (C3), unless the directory is to be followed; and
// each field by itself.
func TestWhatTheCustomerSetInThePortalStays(t *testing.T) {
	for _, policy := range []lockstep.DetailsPolicy{"", lockstep.RespectDetails, lockstep.FollowDetails} {
		t.Run("policy "+string(policy), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) { c.Customers.Details = policy })
				ada := w.mustSignUp("ada@example.com")
				account := "user/" + ada
				time.Sleep(time.Minute)
				update := func(email, first, last string) {
					t.Helper()
					if err := w.sim.UpdateUser(ada, email, first, last); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Minute)
				}
				is := func(when, email, name string) {
					t.Helper()
					if c := w.customer(account); c.Email != email || c.Name != name {
						t.Errorf("%s: %q %q, want %q %q", when, c.Email, c.Name, email, name)
					}
				}
				update("ada@example.com", "Ada", "King")
				is("nobody else wrote", "ada@example.com", "Ada King")
				w.dashboard("/v1/customers/"+w.customer(account).ID, url.Values{"email": {"billing@corp.example"},
					"name": {"Corp GmbH"}})
				update("ada@example.com", "Ada", "Lovelace")
				if policy == lockstep.FollowDetails {
					is("a new name", "billing@corp.example", "Ada Lovelace") // the address did not change
					update("countess@example.com", "Ada", "Lovelace")
					is("a new address", "countess@example.com", "Ada Lovelace")
					return
				}
				is("a new name", "billing@corp.example", "Corp GmbH")
				update("countess@example.com", "Ada", "Lovelace")
				is("a new address", "billing@corp.example", "Corp GmbH")
				// The name is given back to the directory by setting it to what it says.
				w.dashboard("/v1/customers/"+w.customer(account).ID, url.Values{"name": {"Ada Lovelace"}})
				update("countess@example.com", "Ada", "Byron")
				is("a name that was given back", "billing@corp.example", "Ada Byron")
				w.clerk(http.MethodPatch, "/v1/users/"+ada, map[string]any{"first_name": "", "last_name": ""})
				time.Sleep(time.Minute)
				is("no name", "billing@corp.example", "Ada Byron")
			})
		})
	}
}

// TestANameIsCutAtStripesLimit (C16).
func TestANameIsCutAtStripesLimit(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		first, last := strings.Repeat("ä", 200), strings.Repeat("ö", 200)
		user, err := w.sim.SignUp(simulator.SignUp{Email: "ada@example.com", FirstName: first, LastName: last})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		want := first + " " + strings.Repeat("ö", 55)
		if c := w.customer("user/" + user.ID); c.Name != want {
			t.Errorf("a long name became one of %d characters: %q", len([]rune(c.Name)), c.Name)
		}
		// What is cut away changes: nothing to write.
		began := len(w.sim.History())
		if err := w.sim.UpdateUser(user.ID, "ada@example.com", first, last[:2*150]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for _, e := range w.sim.History()[began:] {
			if e.Side == "stripe" && e.Method == http.MethodPost {
				t.Errorf("%s %s", e.Method, e.Path)
			}
		}
		if err := w.sim.UpdateUser(user.ID, "ada@example.com", "Ada", "Lovelace"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if c := w.customer("user/" + user.ID); c.Name != "Ada Lovelace" {
			t.Errorf("after the change: %q", c.Name)
		}
	})
}

// refuse has Stripe refuse addresses as it refuses ada@gmile: with 400 email_invalid.
func (w *world) refuse(method, path string) {
	w.sim.AddFault(simulator.Fault{Side: "stripe", Method: method, Path: path, Times: 1, Status: http.StatusBadRequest,
		Code: "email_invalid"})
}

// TestAnAddressThatStripeRefusesStopsNothing (C10): the customer is created without it, the
// reason is shown, a purchase works, and another address is tried.
func TestAnAddressThatStripeRefusesStopsNothing(t *testing.T) {
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
			t.Errorf("not shown: %+v", a)
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
			t.Errorf("the same address was tried %d times more", n)
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
		// The buyer has filled in the missing address at checkout: it is theirs to change.
		if c := w.customer(account); c.Email != typed || len(w.ask(account).Problems) != 0 {
			t.Errorf("after the address was fixed: %q, %+v", c.Email, w.ask(account).Problems)
		}
	})
}

// problemsOf is what GET /v1/problems says, one text for each account.
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

// TestARefusedAddressAndThenAFailureOfClerk (C10b): the metadata is written all the same, and
// the refused step is not repeated by the retries.
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
			t.Errorf("the metadata says %v", w.sim.Users()[0].Public)
		}
		if !a.has(lockstep.StepCustomerEmail) || a.Problem != "" || w.customer(account).Email != "ada@example.com" {
			t.Errorf("%+v, %q", a, w.customer(account).Email)
		}
	})
}

// TestOneRefusedFieldDoesNotHoldTheOtherBack: address and name change together.
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

// TestACustomerThatStripeRefusesAltogether: the address is not blamed, the work is shown as
// failed, and the next look tries again.
func TestACustomerThatStripeRefusesAltogether(t *testing.T) {
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
			t.Errorf("the metadata was withheld: %v", w.sim.Users()[0].Public)
		}
		w.sync("user/" + ada)
		if c := w.customer("user/" + ada); c.Email != "ada@example.com" || len(w.ask("user/"+ada).Problems) != 0 {
			t.Errorf("after another look: %q %+v", c.Email, w.ask("user/"+ada).Problems)
		}
	})
}

// TestFullMetadataTakesTheEssentials (C7): with so much of the application's own that there
// is room for nothing, for status and plan, or for ids too. Emails and webhooks go out.
func TestFullMetadataTakesTheEssentials(t *testing.T) {
	for name, c := range map[string]struct {
		theirs int
		held   []string
	}{
		"no room":         {8170, nil},
		"status and plan": {8110, []string{"subscriptionStatus", "plan"}},
		"and ids":         {7980, []string{"subscriptionStatus", "plan", "stripeSubscriptionId", "stripeCustomerId"}},
		"all but features": {7950, []string{"subscriptionStatus", "plan", "stripeSubscriptionId", "stripeCustomerId",
			"billing"}},
		"room for all of it": {7000, []string{"subscriptionStatus", "plan", "stripeSubscriptionId", "stripeCustomerId",
			"billing"}},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				ada := w.mustSignUp("ada@example.com")
				account := "user/" + ada
				time.Sleep(time.Minute)
				full := map[string]any{"public_metadata": map[string]any{"theirs": strings.Repeat("x",
					c.theirs-len(`{"theirs":""}`)),
					"stripeCustomerId": nil, "subscriptionStatus": nil}}
				w.clerk(http.MethodPatch, "/v1/users/"+ada+"/metadata", full)
				time.Sleep(time.Minute)
				w.mustBuy(account, "pro")
				time.Sleep(time.Minute)
				public := w.sim.Users()[0].Public
				for _, key := range []string{"subscriptionStatus", "plan", "stripeSubscriptionId", "stripeCustomerId", "billing"} {
					if _, held := public[key]; held != slices.Contains(c.held, key) {
						t.Errorf("%s is held: %v", key, held)
					}
				}
				if public["plan"] != nil && (public["plan"] != "pro" || public["subscriptionStatus"] != "active") {
					t.Errorf("plan %v, status %v", public["plan"], public["subscriptionStatus"])
				}
				a := w.ask(account)
				if a.has(lockstep.StepMetadata) == (name == "room for all of it") || !a.Access.Active {
					t.Errorf("%+v", a)
				}
				if !w.wasMailed(account, "subscription.started") {
					t.Error("the e-mail is withheld")
				}
				// It is not tried over and over, and everything is written when there is room.
				began := len(w.sim.History())
				time.Sleep(2 * listEvery)
				writes := 0
				for _, e := range w.sim.History()[began:] {
					if e.Side == "clerk" && e.Method == http.MethodPatch {
						writes++
					}
				}
				if writes > 1 {
					t.Errorf("%d writes in a day in which nothing happened", writes)
				}
				if heard := w.heard(account); !heard.Access.Active || heard.Access.Plan != "pro" {
					t.Errorf("the webhook is withheld: %+v", heard)
				}
				w.sync(account)
				began = len(w.sim.History())
				w.sync(account)
				for _, e := range w.sim.History()[began:] {
					if e.Side == "clerk" && e.Method == http.MethodPatch {
						t.Errorf("what was refused was tried again: %s", e.Path)
					}
				}
				w.clerk(http.MethodPatch, "/v1/users/"+ada+"/metadata",
					map[string]any{"public_metadata": map[string]any{"theirs": nil}})
				time.Sleep(time.Minute)
				if b, _ := w.sim.Users()[0].Public["billing"].(map[string]any); b["features"] == nil ||
					len(w.ask(account).Problems) != 0 {
					t.Errorf("with room: %v, %+v", w.sim.Users()[0].Public, w.ask(account).Problems)
				}
			})
		})
	}
}

// wasMailed reports whether an account's notice of a kind was mailed.
func (w *world) wasMailed(account, kind string) bool {
	for _, n := range w.ask(account).Notices {
		if n.Kind != kind {
			continue
		}
		mail, err := w.service.store.EmailDelivery(w.t.Context(), n.ID, lockstep.ToAccount)
		return err == nil && mail.State == lockstep.EmailSent
	}
	return false
}
