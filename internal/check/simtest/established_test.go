package simtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// established reports whether a world had users and sales before Lockstep's first start.
func established(seed uint64, changes []func(*simulator.Config)) bool {
	return seed%4 == 3 && len(changes) == 0
}

// establish runs a business without Lockstep. It names customers in each of the ways that apps do.
func (w *world) establish() {
	w.sim.SetDelivery(simulator.DeliveryPolicy{Drop: 1})
	for range 2 + w.rng.IntN(3) {
		w.signUp()
	}
	w.foundOrganization()
	for range 3 + w.rng.IntN(4) {
		switch w.rng.IntN(4) {
		case 0:
			w.payByLink()
		case 1:
			w.payOwnSession()
		case 2:
			w.sell()
		case 3:
			w.join()
		}
		time.Sleep(time.Duration(w.rng.IntN(48)) * time.Hour)
	}
	if w.rng.IntN(2) == 0 {
		time.Sleep(40 * 24 * time.Hour) // Stripe keeps its events for 30 days
	}
	const news = 4 * 24 * time.Hour // newer purchases still cause an e-mail
	for _, s := range w.sim.CheckoutSessions() {
		w.prior[s.ID] = time.Since(s.Created) > news
	}
	w.sim.SetDelivery(simulator.DeliveryPolicy{})
	w.say("Lockstep starts with %d customers, %d subscriptions", len(w.sim.Customers()), len(w.sim.Subscriptions()))
}

// sell creates a customer and a subscription by hand. The metadata of the customer or the subscription, or the user's
// private metadata, names the owner.
func (w *world) sell() {
	user, ok := pick(w, w.sim.Users())
	if !ok {
		return
	}
	form := url.Values{"email": {fmt.Sprintf("sold%d@example.com", w.signUps)}, "payment_method": {"pm_card_visa"},
		"invoice_settings[default_payment_method]": {"pm_card_visa"}}
	way := w.rng.IntN(3)
	if way == 0 {
		form.Set("metadata[clerkUserId]", user.ID)
	}
	var customer struct{ ID string }
	if status, err := w.post("/v1/customers", form, &customer); err != nil || status != http.StatusOK {
		w.t.Errorf("sell: %d %v", status, err)
		return
	}
	form = url.Values{"customer": {customer.ID}, "items[0][price]": {w.prices["pro"]}}
	if way == 1 {
		form.Set("metadata[clerkUserId]", user.ID)
	}
	if status, err := w.post("/v1/subscriptions", form, nil); err != nil || status != http.StatusOK {
		w.t.Errorf("sell: %d %v", status, err)
		return
	}
	metadata := map[string]any{"public_metadata": map[string]any{"plan": "pro", "subscriptionStatus": "active"}}
	if way == 2 {
		metadata["private_metadata"] = map[string]any{"stripeCustomerId": customer.ID}
		w.named[customer.ID] = "user/" + user.ID
	}
	status, err := w.call(context.Background(), http.MethodPatch, "http://"+clerkHost+"/v1/users/"+user.ID+"/metadata",
		clerkKey, metadata, nil)
	if err != nil || status != http.StatusOK {
		w.t.Errorf("sell: %d %v", status, err)
	}
	w.customerBefore["user/"+user.ID] = customer.ID
	w.say("sell pro to %s as %s, way %d", user.ID, customer.ID, way)
}

// linked returns the account that Lockstep has linked a customer to.
func (w *world) linked(customer string) (lockstep.Account, error) {
	if w.service == nil {
		return lockstep.Account{}, lockstep.ErrNotFound
	}
	return w.service.store.AccountOfCustomer(context.Background(), customer)
}

// checkAdopted: no account that had a customer before Lockstep's first start got another one.
func (c *checker) checkAdopted() {
	for _, customer := range c.sim.Customers() {
		before := c.customerBefore[customer.Metadata["lockstepAccount"]]
		if before != "" && c.ours[customer.ID] && !c.discarded[before] {
			c.wrong("%s had the customer %s before Lockstep's first start, and %s was created",
				customer.Metadata["lockstepAccount"], before, customer.ID)
		}
	}
}
