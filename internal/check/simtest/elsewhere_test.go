package simtest

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// elsewhere pays for a price without Lockstep, and returns the customer; empty: a guest paid.
// buyer is the address typed on the page; empty: the session has one.
func (w *world) elsewhere(key, buyer string, form url.Values) (customer string) {
	w.t.Helper()
	mode := map[string]string{"pro": "subscription", "basic": "subscription", "life": "payment"}[key]
	all := url.Values{"mode": {mode}, "line_items[0][price]": {w.prices[key]}, "line_items[0][quantity]": {"1"},
		"success_url": {"https://app.test/"}}
	for name, values := range form {
		all[name] = values
	}
	var session struct{ ID string }
	w.stripe("/v1/checkout/sessions", all, &session)
	return w.paid(session.ID, buyer)
}

// byLink pays through a payment link, opened with a query.
func (w *world) byLink(key, buyer, query string) (customer string) {
	w.t.Helper()
	var link struct{ ID string }
	w.stripe("/v1/payment_links", url.Values{"line_items[0][price]": {w.prices[key]}, "line_items[0][quantity]": {"1"}},
		&link)
	session, err := w.sim.VisitPaymentLink(link.ID, query)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.paid(session, buyer)
}

func (w *world) paid(session, buyer string) (customer string) {
	w.t.Helper()
	if err := w.sim.PayCheckoutAs(session, "4242424242424242", simulator.Contact{Email: buyer}); err != nil {
		w.t.Fatal(err)
	}
	for _, s := range w.sim.CheckoutSessions() {
		if s.ID == session {
			customer = s.Customer
		}
	}
	return customer
}

// order asks Lockstep for a checkout, and returns the status of the answer.
func (w *world) order(account, key string) int {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
		map[string]any{"account": account, "lookup_key": key, "success_url": "https://app.test/"}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// TestWhatIsBoughtBesideLockstepCounts (C5, C5b): each user has signed up, and so has an empty
// customer of ours, before they buy in another way. They have access, the same is not sold to
// them again, and no event is parked.
func TestWhatIsBoughtBesideLockstepCounts(t *testing.T) {
	const own, other = "own@example.com", "other@example.com"
	for name, c := range map[string]struct {
		buy     func(w *world, user string) (customer string)
		key     string
		primary bool // the customer takes the place of the empty one
	}{
		"a payment link, with the user's address": {func(w *world, user string) string {
			return w.byLink("pro", own, "client_reference_id="+user)
		}, "pro", true},
		"a payment link, with another address": {func(w *world, user string) string {
			return w.byLink("pro", other, "client_reference_id="+user)
		}, "pro", false},
		"a payment link for a license, as a guest": {func(w *world, user string) string {
			return w.byLink("life", other, "client_reference_id="+user)
		}, "life", false},
		"a pricing table": {func(w *world, user string) string {
			return w.elsewhere("pro", "", url.Values{"client_reference_id": {user}, "customer_email": {own}})
		}, "pro", true},
		"the app's own session": {func(w *world, user string) string {
			return w.elsewhere("pro", other, url.Values{"metadata[clerkUserId]": {user}})
		}, "pro", true},
		"the app's own session, named on the subscription": {func(w *world, user string) string {
			return w.elsewhere("pro", other, url.Values{"subscription_data[metadata][userId]": {user}})
		}, "pro", true},
		"the app's own session for a license": {func(w *world, user string) string {
			return w.elsewhere("life", other, url.Values{"metadata[userId]": {user}, "customer_creation": {"always"}})
		}, "life", true},
		"the app spells it in its own way": {func(w *world, user string) string {
			return w.elsewhere("pro", other, url.Values{"metadata[clerk_user_id]": {user}})
		}, "pro", true},
		"the app's own id beside the reference": {func(w *world, user string) string {
			return w.elsewhere("pro", "", url.Values{"metadata[userId]": {"8231"}, "metadata[orgId]": {"17"},
				"client_reference_id": {user}, "customer_email": {own}})
		}, "pro", true},
		"the app's own id beside the reference, for a license": {func(w *world, user string) string {
			return w.elsewhere("life", other, url.Values{"metadata[userId]": {"ckz1x"}, "client_reference_id": {user}})
		}, "life", false},
		"the app's own id on the subscription": {func(w *world, user string) string {
			return w.elsewhere("pro", "", url.Values{"subscription_data[metadata][userId]": {"8231"},
				"client_reference_id": {user}, "customer_email": {own}})
		}, "pro", true},
		"a customer of the app's, with its own id of the team": {func(w *world, user string) string {
			var customer struct{ ID string }
			w.stripe("/v1/customers", url.Values{"email": {other}, "metadata[orgId]": {"17"}, "metadata[userId]": {user}},
				&customer)
			return w.elsewhere("life", "", url.Values{"customer": {customer.ID}})
		}, "life", true},
		"a salesperson at the dashboard": {func(w *world, user string) string {
			return w.before(other, url.Values{"metadata[userId]": {user}})
		}, "pro", true},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				account := "user/" + w.mustSignUp(own)
				time.Sleep(time.Minute)
				empty := w.ask(account).CustomerID
				customer := c.buy(w, strings.TrimPrefix(account, "user/"))
				time.Sleep(time.Minute)
				a := w.ask(account)
				if !a.Access.Active || a.Access.Plan != c.key || empty == "" {
					t.Errorf("%+v", a)
				}
				if want := map[bool]string{true: customer, false: empty}[c.primary]; a.CustomerID != want {
					t.Errorf("the primary customer is %s, want %s; the empty one was %s", a.CustomerID, want, empty)
				}
				if p := w.sim.Users()[0].Public; p["plan"] != c.key || p["stripeCustomerId"] != a.CustomerID {
					t.Errorf("the metadata says %v", p)
				}
				if reasons := w.parked(); len(reasons) != 0 {
					t.Errorf("parked: %v", reasons)
				}
				if status := w.order(account, c.key); status != http.StatusConflict {
					t.Errorf("the same is sold again: %d", status)
				}
				if customer == "" {
					return
				}
				if status := w.link(customer, account); status != http.StatusAccepted {
					t.Errorf("an operator links it: %d", status)
				}
			})
		})
	}
}

// TestAnOrganizationPaysByAReference (C17, C18): a payment link names it by its id or its
// slug, and the founder, another admin or somebody else pays. All give it access.
func TestAnOrganizationPaysByAReference(t *testing.T) {
	for name, c := range map[string]struct {
		key    string
		slug   bool
		payer  string // the address
		proven bool   // the customer becomes the organization's own
	}{
		"the founder, by the id":                {"pro", false, "founder@example.com", true},
		"the founder, by the slug":              {"pro", true, "founder@example.com", true},
		"another admin, by the id":              {"pro", false, "admin@example.com", true},
		"another admin, by the slug":            {"pro", true, "admin@example.com", true},
		"another admin's second address":        {"pro", false, "second@example.com", true},
		"a member":                              {"pro", true, "member@example.com", false},
		"an admin who was made a member":        {"pro", false, "demoted@example.com", false},
		"an admin who left":                     {"pro", true, "left@example.com", false},
		"a stranger":                            {"pro", true, "stranger@example.com", false},
		"a license, by the slug, from an admin": {"life", true, "admin@example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				users := map[string]string{}
				for _, who := range []string{"founder", "admin", "member", "demoted", "left"} {
					users[who] = w.mustSignUp(who + "@example.com")
				}
				w.clerk(http.MethodPost, "/v1/email_addresses",
					map[string]any{"user_id": users["admin"], "email_address": "second@example.com", "verified": true})
				org, err := w.sim.CreateOrganization("Nike", users["founder"])
				if err != nil {
					t.Fatal(err)
				}
				for who, role := range map[string]string{"admin": "org:admin", "member": "org:member", "demoted": "org:admin",
					"left": "org:admin"} {
					if err := w.sim.AddMember(org.ID, users[who], role); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Minute)
				if err := w.sim.SetRole(org.ID, users["demoted"], "org:member"); err != nil {
					t.Fatal(err)
				}
				if err := w.sim.RemoveMember(org.ID, users["left"]); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				reference := map[bool]string{true: "nike", false: org.ID}[c.slug]
				customer := w.byLink(c.key, c.payer, "client_reference_id="+reference)
				time.Sleep(time.Minute)
				account := "organization/" + org.ID
				a := w.ask(account)
				if !a.Access.Active || a.Access.Plan != c.key {
					t.Errorf("%+v", a)
				}
				if want := map[bool]string{true: customer, false: ""}[c.proven]; a.CustomerID != want {
					t.Errorf("its own customer is %q, want %q", a.CustomerID, want)
				}
				if p := w.publicOf(org.ID); p["plan"] != c.key || c.proven != (p["stripeCustomerId"] == customer) {
					t.Errorf("the metadata says %v", p)
				}
				if reasons := w.parked(); len(reasons) != 0 {
					t.Errorf("parked: %v", reasons)
				}
			})
		})
	}
}

// TestWhoPaidForAnOrganizationIsFound (C18): the metadata names them, or has an id of the app's
// own database, or nothing, so that the buyer's address decides.
func TestWhoPaidForAnOrganizationIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		key, id string // of the metadata; bob's id if empty
		address bool   // it decides, and it is ada's
	}{
		"named":                           {key: "clerkUserId"},
		"named in another spelling":       {key: "user_id"},
		"an id of the app's own database": {key: "userId", id: "8231", address: true},
		"nothing":                         {key: "cart", id: "17", address: true},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				ada, bob := w.mustSignUp("ada@example.com"), w.mustSignUp("bob@example.com")
				org, err := w.sim.CreateOrganization("Engines", ada)
				if err != nil {
					t.Fatal(err)
				}
				if err := w.sim.AddMember(org.ID, bob, "org:admin"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				customer := w.elsewhere("pro", "", url.Values{"customer_email": {"ada@example.com"},
					"subscription_data[metadata][clerkOrgId]": {org.ID}, "subscription_data[metadata][" + c.key +
						"]": {cmp.Or(c.id, bob)}})
				time.Sleep(time.Minute)
				if a := w.ask("organization/" + org.ID); a.CustomerID != customer || a.Access.Plan != "pro" {
					t.Errorf("the organization: %+v", a)
				}
				payer := map[bool]string{true: ada, false: bob}[c.address]
				if p := w.public(payer); p["subscriptionStatus"] != "active" || p["stripeCustomerId"] != customer {
					t.Errorf("the metadata of who paid: %v", p)
				}
				if work, err := w.service.store.Work(t.Context(), lockstep.Key{Kind: lockstep.KeyUser, ID: "8231"}); err == nil {
					t.Errorf("there is work for nobody: %+v", work)
				}
			})
		})
	}
}

// TestASlugThatChanged: a link with the former slug is kept for an operator, and one with the
// new slug is worked on.
func TestASlugThatChanged(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		org, err := w.sim.CreateOrganization("Nike", ada)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.byLink("basic", "ada@example.com", "client_reference_id=nike")
		time.Sleep(time.Minute)
		w.clerk(http.MethodPatch, "/v1/organizations/"+org.ID, map[string]any{"slug": "victory"})
		time.Sleep(time.Hour)
		account := "organization/" + org.ID
		w.byLink("life", "ada@example.com", "client_reference_id=nike")
		time.Sleep(time.Minute)
		if a := w.ask(account); a.Access.Plan != "basic" || w.parked()["nothing says who paid"] == 0 {
			t.Errorf("by the former slug: %+v, parked %v", a, w.parked())
		}
		w.byLink("pro", "ada@example.com", "client_reference_id=victory")
		time.Sleep(time.Minute)
		if a := w.ask(account); a.Access.Plan != "pro" {
			t.Errorf("by the new slug: %+v", a)
		}
	})
}

// TestASignUpThatNamesItsCustomer (C8b): a server creates the user with the customer's id in
// private metadata. The customer has an id of the app's own database.
func TestASignUpThatNamesItsCustomer(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		customer := w.before("other@example.com", url.Values{"metadata[userId]": {"8231"}})
		w.clerk(http.MethodPost, "/v1/users", map[string]any{"email_address": []string{"ada@example.com"},
			"private_metadata": map[string]any{"stripe": map[string]any{"customer": customer}}})
		time.Sleep(time.Minute)
		a := w.ask("user/" + w.sim.Users()[0].ID)
		if a.CustomerID != customer || a.Access.Plan != "pro" || len(w.sim.Customers()) != 1 {
			t.Errorf("%+v, of %d customers", a, len(w.sim.Customers()))
		}
	})
}

// TestAFirstStartReadsWhatOtherAppsWrote (C8, C8b): only the checkout session names the user,
// or the app has its own database's ids or its own spelling at Stripe, or an organization's
// private metadata names the customer, or a link's reference is an organization's slug.
func TestAFirstStartReadsWhatOtherAppsWrote(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		session, spelled := b.user("session@example.com", nil), b.user("spelled@example.com", nil)
		c1 := w.elsewhere("life", "other@example.com", url.Values{"metadata[clerkUserId]": {session},
			"customer_creation": {"always"}})
		c2 := b.customer("spelled@work.example", url.Values{"metadata[user_id]": {spelled}}, nil)
		c3 := b.customer("private@example.com", url.Values{"metadata[userId]": {"8231"}}, nil)
		private := b.user("private@example.com", map[string]any{"stripeCustomerId": c3})
		c4 := b.customer("address@example.com", url.Values{"metadata[userId]": {"8232"}, "metadata[orgId]": {"17"}}, nil)
		address := b.user("address@example.com", nil)
		org, err := w.sim.CreateOrganization("Engines", session)
		if err != nil {
			t.Fatal(err)
		}
		c5 := b.customer("office@example.com", nil, url.Values{"metadata[userId]": {"8231"}})
		b.clerk(http.MethodPatch, "/v1/organizations/"+org.ID+"/metadata",
			map[string]any{"private_metadata": map[string]any{"billing": map[string]any{"customer": c5}}})
		looms, err := w.sim.CreateOrganization("Looms", session)
		if err != nil {
			t.Fatal(err)
		}
		mills, err := w.sim.CreateOrganization("Mills", session)
		if err != nil {
			t.Fatal(err)
		}
		c7 := b.customer("mills@example.com", nil, url.Values{"metadata[clerkOrgId]": {mills.ID},
			"metadata[userId]": {"8231"}})
		c6 := w.elsewhere("life", "session@example.com", url.Values{"client_reference_id": {looms.Slug},
			"customer_creation": {"always"}})
		b.licensed = true // by itself a license is no active subscription
		b.open(func(c *server.Config) {
			b.yearly(c)
			c.Customers.AdoptByEmail = true
		})
		time.Sleep(time.Hour)
		b.has("user/"+session, c1)
		b.has("user/"+spelled, c2)
		b.has("user/"+private, c3)
		b.has("user/"+address, c4)
		b.has("organization/"+org.ID, c5)
		b.has("organization/"+looms.ID, c6)
		b.has("organization/"+mills.ID, c7)
		b.unharmed(7)
		if work, err := b.service.store.Work(t.Context(), lockstep.Key{Kind: lockstep.KeyUser, ID: "8231"}); err == nil {
			t.Errorf("there is work for nobody: %+v", work)
		}
		if r := b.state().Report; r.Linked.Count != 7 || r.Ambiguous.Count+r.Unlinked.Count != 0 {
			t.Errorf("the report: %+v", r)
		}
	})
}
