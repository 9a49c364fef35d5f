package simtest

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// TestAClaimThatIsProvenLater: the address is verified, or its owner made an admin, after the
// payment. Where the account has no customer that matters, the proven one becomes the primary.
func TestAClaimThatIsProvenLater(t *testing.T) {
	for name, change := range map[string]func(*server.Config){"customers at sign-up": nil,
		"customers at checkout": func(c *server.Config) { c.Customers.Creation = server.AtCheckout }} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				if change != nil {
					w.configured(change)
				}
				ada, bob := w.mustSignUp("ada@example.com"), w.mustSignUp("bob@example.com")
				org, err := w.sim.CreateOrganization("Engines", ada)
				if err != nil {
					t.Fatal(err)
				}
				if err := w.sim.AddMember(org.ID, bob, "org:member"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				w.give(ada, "basic", "home@example.com", nil)
				w.give(org.ID, "pro", "bob@example.com", nil)
				var paidWith []string
				for _, s := range w.sim.Subscriptions() {
					paidWith = append(paidWith, s.Customer)
					if link, err := w.service.store.LinkOf(t.Context(), s.Customer); err != nil || link.Trust != lockstep.Claimed {
						t.Fatalf("customer %s: %+v %v", s.Customer, link, err)
					}
				}
				if err := w.sim.UpdateUser(ada, "home@example.com", "Ada", "Lovelace"); err != nil {
					t.Fatal(err)
				}
				if err := w.sim.SetRole(org.ID, bob, "org:admin"); err != nil {
					t.Fatal(err)
				}
				w.sync("organization/" + org.ID) // as the daily verify does
				time.Sleep(time.Hour)
				for i, account := range []string{"user/" + ada, "organization/" + org.ID} {
					a := w.ask(account)
					if a.CustomerID != paidWith[i] || !a.Access.Active || a.Pending || a.Problem != "" {
						t.Errorf("%s: %+v, want the customer %s", account, a, paidWith[i])
					}
				}
				customers := len(w.sim.Customers())
				if form := w.portal("user/"+ada, "cancel"); form.Get("customer") != paidWith[0] {
					t.Errorf("the portal: %v", form)
				}
				w.mustBuy("organization/"+org.ID, "life")
				if n := len(w.sim.Customers()); n != customers {
					t.Errorf("a second customer was made: %d, want %d", n, customers)
				}
			})
		})
	}
}
