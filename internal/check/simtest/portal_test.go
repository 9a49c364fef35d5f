package simtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// refusable reports whether Stripe refuses an address, as if the user had mistyped it.
func refusable(address string) bool { return strings.HasSuffix(address, "@gmile") }

// address returns an address that no one else has. Stripe refuses some.
func (w *world) address(name string) string {
	w.signUps++
	if w.rng.IntN(8) == 0 {
		return fmt.Sprintf("%s%d@gmile", name, w.signUps)
	}
	return fmt.Sprintf("%s%d@example.com", name, w.signUps)
}

// edit is what someone wrote to a customer in the portal or at the dashboard. An empty field was not changed.
type edit struct{ email, name string }

// editDetails changes the address or the name of a customer, as the portal lets its owner do. It does so only while
// Lockstep has no request in progress for the account: Stripe has no conditional update, so a write decided before
// the edit may arrive after it.
func (w *world) editDetails() {
	customer, ok := pick(w, w.sim.Customers())
	if !ok || customer.Deleted || !w.idle(customer) {
		return
	}
	w.signUps++
	made, form := w.edited[customer.ID], url.Values{}
	if w.rng.IntN(3) > 0 {
		made.email = fmt.Sprintf("billing%d@example.com", w.signUps)
		form.Set("email", made.email)
	}
	if made.email == "" || w.rng.IntN(2) == 0 {
		made.name = fmt.Sprintf("Corp %d GmbH", w.signUps)
		form.Set("name", made.name)
	}
	// Bypass the network, so that no time passes after idle.
	request := httptest.NewRequest(http.MethodPost, "http://"+stripeHost+"/v1/customers/"+customer.ID,
		strings.NewReader(form.Encode()))
	request.Header.Set("Authorization", "Bearer "+stripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	w.sim.StripeHandler().ServeHTTP(answer, request)
	w.say("edit %s in the portal: %s: %d", customer.ID, form.Encode(), answer.Code)
	if answer.Code == http.StatusOK {
		w.edited[customer.ID] = made
	}
}

// idle reports whether no request that changes the customer can be in progress.
func (w *world) idle(customer simulator.Customer) bool {
	if w.service.closed || w.service.party.held.Load() > 0 || time.Now().Before(w.hanging) {
		return false
	}
	ctx := w.t.Context()
	link, err := w.service.store.LinkOf(ctx, customer.ID)
	if err != nil {
		return false // not linked yet, or being linked now
	}
	work, err := w.service.store.Work(ctx, link.Account.Key())
	return err == nil && !work.Pending()
}

// checkDetails: what someone wrote to a customer stays. Otherwise, a customer that Lockstep created has the
// directory's details, except for an address that Stripe refuses. No field is ever emptied.
func (c *checker) checkDetails() {
	users := map[string]simulator.ClerkUser{}
	for _, u := range c.sim.Users() {
		users["user/"+u.ID] = u
	}
	for _, customer := range c.sim.Customers() {
		if customer.Deleted {
			continue
		}
		edited := c.edited[customer.ID]
		if edited.email != "" && customer.Email != edited.email || edited.name != "" && customer.Name != edited.name {
			c.wrong("someone wrote %+v to customer %s, but it has %q and %q", edited, customer.ID, customer.Email, customer.Name)
		}
		account := c.current(customer.Metadata["lockstepAccount"])
		user, lives := users[account]
		if !lives || !c.links[customer.ID].Primary || !c.ours[customer.ID] {
			continue
		}
		if name := strings.TrimSpace(user.FirstName + " " + user.LastName); edited.name == "" && customer.Name != name {
			c.wrong("customer %s of %s has the name %q, but the directory has %q", customer.ID, account, customer.Name, name)
		}
		if edited.email != "" || c.typed[customer.ID] {
			continue
		}
		if a := c.answers[account]; refusable(user.Email) != a.has(lockstep.StepCustomerEmail) {
			c.wrong("%s has the address %q and the problems %+v", account, user.Email, a.Problems)
		}
		if !refusable(user.Email) && customer.Email != user.Email {
			c.wrong("customer %s of %s has the address %q, but the directory has %q", customer.ID, account, customer.Email,
				user.Email)
		}
	}
}

// readCustomers reads from Stripe's events who created each customer, and checks that no address and no name was
// emptied.
func (c *checker) readCustomers() {
	c.ours, c.typed = map[string]bool{}, map[string]bool{}
	had := map[string]edit{}
	for _, e := range c.sim.Events() { // oldest first
		if e.Type != "customer.created" && e.Type != "customer.updated" {
			continue
		}
		var customer struct {
			Email, Name string
			Metadata    map[string]string
		}
		if err := json.Unmarshal(e.Object, &customer); err != nil {
			c.wrong("read %s: %v", e.ID, err)
		}
		if before := had[e.About]; before.email != "" && customer.Email == "" || before.name != "" && customer.Name == "" {
			c.wrong("%s empties a field of customer %s, which had %+v", e.ID, e.About, before)
		}
		had[e.About] = edit{customer.Email, customer.Name}
		if e.Type == "customer.created" {
			c.ours[e.About] = customer.Metadata["lockstepAccount"] != ""
		}
		if customer.Email == "buyer@example.com" {
			c.typed[e.About] = true
		}
	}
}
