package simtest

import (
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

// customer returns the account's primary customer at Stripe.
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

// sync requests a full sync of an account and waits for it.
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

// TestARenamedOrganizationKeepsItsCustomersAddress (C2): only the name is written, and an address set at Stripe
// stays.
func TestARenamedOrganizationKeepsItsCustomersAddress(t *testing.T) {
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
		// A later edit by a person stays and causes no more calls.
		w.dashboard("/v1/customers/"+w.customer(account).ID, url.Values{"name": {"Motors GmbH"}})
		if writes := rename("Turbines"); len(writes) != 0 {
			t.Errorf("a name that someone changed at Stripe was overwritten: %v", writes)
		}
		if c := w.customer(account); c.Name != "Motors GmbH" || c.Email != "billing@corp.example" {
			t.Errorf("after the second rename: %q %q", c.Name, c.Email)
		}
		// At Clerk an organization always has a name; a user may have none.
		w.sync(account)
		if c := w.customer(account); c.Name != "Motors GmbH" || c.Email != "billing@corp.example" {
			t.Errorf("after a sync: %q %q", c.Name, c.Email)
		}
	})
}

// TestWhatTheCustomerSetInThePortalStays (C3): each field by itself, unless the directory is to be followed.
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
				// Setting the name to the directory's gives it back to the directory.
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

// TestANameIsCutAtStripesLimit (C16) checks the length, and that a change beyond the limit writes nothing.
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
			t.Errorf("a long name has %d characters: %q", len([]rune(c.Name)), c.Name)
		}
		// A change in the part that is cut off writes nothing.
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

// TestFullMetadataTakesTheEssentials (C7): the app's own metadata leaves room for nothing, for status and plan, or
// for ids too. E-mails and webhooks are still sent.
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
						t.Errorf("metadata key %s: present %v, want %v", key, held, !held)
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
					t.Error("the e-mail was not sent")
				}
				// Lockstep does not keep trying, and writes everything once there is room.
				began := len(w.sim.History())
				time.Sleep(2 * listEvery)
				writes := 0
				for _, e := range w.sim.History()[began:] {
					if e.Side == "clerk" && e.Method == http.MethodPatch {
						writes++
					}
				}
				if writes > 1 {
					t.Errorf("%d writes in a day without changes", writes)
				}
				if heard := w.heard(account); !heard.Access.Active || heard.Access.Plan != "pro" {
					t.Errorf("the webhook was not sent: %+v", heard)
				}
				w.sync(account)
				began = len(w.sim.History())
				w.sync(account)
				for _, e := range w.sim.History()[began:] {
					if e.Side == "clerk" && e.Method == http.MethodPatch {
						t.Errorf("a refused write was repeated: %s", e.Path)
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
