package simtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// writesTo counts the writes to customers since the nth entry of the history.
func (w *world) writesTo(from int) (n int) {
	for _, e := range w.sim.History()[from:] {
		if e.Side == "stripe" && e.Method == http.MethodPost && strings.HasPrefix(e.Path, "/v1/customers") {
			n++
		}
	}
	return n
}

// TestARenameKeepsTheCustomersAddress (C2): whoever set the address: the buyer, a person at Stripe before Lockstep,
// or the app's server.
func TestARenameKeepsTheCustomersAddress(t *testing.T) {
	for name, c := range map[string]struct {
		buy    func(w *world, org string)
		change map[string]any
		email  string
		name   string // the customer's name afterwards
		writes int
	}{
		"typed at checkout, then renamed": {func(w *world, org string) { w.mustBuy("organization/"+org, "pro") },
			map[string]any{"name": "Motors"}, typed, "Motors", 1},
		"typed at checkout, then another slug": {func(w *world, org string) { w.mustBuy("organization/"+org, "pro") },
			map[string]any{"slug": "motors"}, typed, "Engines", 0},
		"typed at checkout, then another limit of members": {func(w *world, org string) {
			w.mustBuy("organization/"+org,
				"pro")
		},
			map[string]any{"max_allowed_memberships": 50}, typed, "Engines", 0},
		"a customer from before, with its own name": {func(w *world, org string) {
			w.before("billing@corp.example", url.Values{"name": {"Corp GmbH"}, "metadata[clerkOrgId]": {org}})
		}, map[string]any{"name": "Motors"}, "billing@corp.example", "Corp GmbH", 0},
		"a customer from before, without a name": {func(w *world, org string) {
			w.before("billing@corp.example", url.Values{"metadata[clerkOrgId]": {org}})
		}, map[string]any{"name": "Motors"}, "billing@corp.example", "Motors", 1},
		"the application writes the address": {func(w *world, org string) {
			w.mustBuy("organization/"+org, "pro")
			time.Sleep(time.Minute)
			w.stripe("/v1/customers/"+w.ask("organization/"+org).CustomerID, url.Values{"email": {"billing@corp.example"}}, nil)
		}, map[string]any{"name": "Motors"}, "billing@corp.example", "Motors", 1},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				org, err := w.sim.CreateOrganization("Engines", w.mustSignUp("ada@example.com"))
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				c.buy(w, org.ID)
				time.Sleep(time.Minute)
				began := len(w.sim.History())
				w.clerk(http.MethodPatch, "/v1/organizations/"+org.ID, c.change)
				time.Sleep(time.Minute)
				if got := w.customer("organization/" + org.ID); got.Email != c.email || got.Name != c.name {
					t.Errorf("the customer is %q %q, want %q %q", got.Email, got.Name, c.email, c.name)
				}
				if n := w.writesTo(began); n != c.writes {
					t.Errorf("%d writes to the customer, want %d", n, c.writes)
				}
			})
		})
	}
}

// TestARemovedNameAtClerkStaysAtStripe (C3): Lockstep never writes an empty value over a full one.
func TestARemovedNameAtClerkStaysAtStripe(t *testing.T) {
	for name, change := range map[string]func(w *world, user simulator.ClerkUser){
		"the name": func(w *world, user simulator.ClerkUser) {
			w.clerk(http.MethodPatch, "/v1/users/"+user.ID, map[string]any{"first_name": "", "last_name": ""})
		},
		"the address, for a telephone number": func(w *world, user simulator.ClerkUser) {
			w.clerk(http.MethodDelete, "/v1/email_addresses/"+user.EmailID, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				user, err := w.sim.SignUp(simulator.SignUp{Email: "ada@example.com", Phone: "+15550100", FirstName: "Ada",
					LastName: "Lovelace"})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				began := len(w.sim.History())
				change(w, user)
				time.Sleep(time.Minute)
				if c := w.customer("user/" + user.ID); c.Email != "ada@example.com" || c.Name != "Ada Lovelace" ||
					w.writesTo(began) != 0 {
					t.Errorf("the customer is %q %q after %d writes", c.Email, c.Name, w.writesTo(began))
				}
			})
		})
	}
}

// TestAddressesThatOnlyStripeRefuses (C10): Clerk accepts these addresses, Stripe does not.
func TestAddressesThatOnlyStripeRefuses(t *testing.T) {
	for _, address := range []string{"ada@gmile", "jürgen@example.com", "ada@bücher.example", "ada@-example.com"} {
		t.Run(address, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				ada, bob := w.mustSignUp(address), w.mustSignUp("bob@example.com")
				time.Sleep(time.Minute)
				w.refusedAddress("user/"+ada, "")
				if err := w.sim.DeleteUser(ada); err != nil { // only one user may have the address
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if err := w.sim.UpdateUser(bob, address, "Bob", "King"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				w.refusedAddress("user/"+bob, "bob@example.com")
			})
		})
	}
}

// refusedAddress checks that an account works although Stripe refused its address.
func (w *world) refusedAddress(account, has string) {
	w.t.Helper()
	if c := w.customer(account); c.Email != has || c.Name == "" {
		w.t.Errorf("the customer is %q %q", c.Email, c.Name)
	}
	if a := w.ask(account); !a.has(lockstep.StepCustomerEmail) || a.Problem != "" || a.Pending {
		w.t.Errorf("%+v", a)
	}
	w.mustBuy(account, "pro")
	time.Sleep(time.Minute)
	a := w.ask(account)
	if p := w.public(strings.TrimPrefix(account, "user/")); !a.Access.Active || p["plan"] != "pro" ||
		p["subscriptionStatus"] != "active" {
		w.t.Errorf("after a purchase: %+v, %v", a, p)
	}
}

// TestANameThatStripeRefuses (C10): the name is left out and the address kept.
func TestANameThatStripeRefuses(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.sim.AddFault(simulator.Fault{Side: "stripe", Method: http.MethodPost, Path: "/v1/customers", Times: 2,
			Status: http.StatusBadRequest, Code: "parameter_invalid"})
		account := "user/" + w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		if c, a := w.customer(account), w.ask(account); c.Email != "ada@example.com" || c.Name != "" ||
			!a.has(lockstep.StepCustomerName) || a.has(lockstep.StepCustomerEmail) || a.Problem != "" {
			t.Errorf("the customer is %q %q: %+v", c.Email, c.Name, a)
		}
		w.mustBuy(account, "pro")
		time.Sleep(time.Minute)
		if a := w.ask(account); !a.Access.Active {
			t.Errorf("after a purchase: %+v", a)
		}
	})
}

// TestALongNameIsCutHoweverItComes (C16): with characters outside the basic plane, with a space at the limit, or set
// after the customer was created.
func TestALongNameIsCutHoweverItComes(t *testing.T) {
	for name, c := range map[string]struct{ first, last, later, want string }{
		"emoji":                {first: strings.Repeat("🦊", 300), want: strings.Repeat("🦊", 256)},
		"a space at the limit": {first: strings.Repeat("a", 255), last: "Lovelace", want: strings.Repeat("a", 255)},
		"a later change": {first: "Ada", last: "Lovelace", later: strings.Repeat("é", 300),
			want: "Ada " + strings.Repeat("é", 252)},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				user, err := w.sim.SignUp(simulator.SignUp{Email: "ada@example.com", FirstName: c.first, LastName: c.last})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if c.later != "" {
					if err := w.sim.UpdateUser(user.ID, "", "", c.later); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Minute)
				}
				got, a := w.customer("user/"+user.ID), w.ask("user/"+user.ID)
				if got.Name != c.want || got.Email != "ada@example.com" || len(a.Problems) != 0 {
					t.Errorf("the name has %d characters, the address is %q: %+v", len([]rune(got.Name)), got.Email, a.Problems)
				}
			})
		})
	}
}

// TestFullMetadataOfAnOrganizationTakesTheEssentials (C7): the organization's own metadata, and the buyer's.
func TestFullMetadataOfAnOrganizationTakesTheEssentials(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for path, theirs := range map[string]any{
			"/v1/organizations/" + org.ID: strings.Repeat("x", 8110-len(`{"theirs":""}`)),
			// nested
			"/v1/users/" + ada: []any{map[string]any{"many": strings.Repeat("y",
				8000-len(`{"theirs":[{"many":""}]}`))}},
		} {
			w.clerk(http.MethodPatch, path+"/metadata", map[string]any{"public_metadata": map[string]any{"theirs": theirs,
				"subscriptionStatus": nil, "stripeCustomerId": nil, "billing": nil}})
		}
		time.Sleep(time.Minute)
		account := "organization/" + org.ID
		w.mustBuyAs(account, "pro", ada)
		time.Sleep(time.Minute)
		if p := w.publicOf(org.ID); p["plan"] != "pro" || p["subscriptionStatus"] != "active" || p["billing"] != nil {
			t.Errorf("the organization's metadata lacks the essentials, or is not full: %v", lacking(p))
		}
		if p := w.public(ada); p["subscriptionStatus"] != "active" {
			t.Errorf("the buyer's metadata: %v", lacking(p))
		}
		if a := w.ask(account); !a.has(lockstep.StepMetadata) || !a.Access.Active {
			t.Errorf("%+v", a)
		}
		if !w.wasMailed(account, "subscription.started") {
			t.Error("the e-mail was not sent")
		}
	})
}

// lacking returns metadata without the app's own keys.
func lacking(p map[string]any) map[string]any {
	ours := map[string]any{}
	for key, value := range p {
		if key != "theirs" {
			ours[key] = value
		}
	}
	return ours
}
