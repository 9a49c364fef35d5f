package simtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// deed is something that happens in a world.
type deed struct {
	weight int
	do     func(*world)
}

var deeds = []deed{
	{10, (*world).signUp},
	{16, (*world).buy},
	{6, (*world).hurry},
	{18, (*world).pay},
	{4, (*world).payByLink},
	{4, (*world).payOwnSession},
	{6, (*world).cancel},
	{3, (*world).resume},
	{4, (*world).changePlan},
	{3, (*world).schedule},
	{4, (*world).editDetails},
	{2, (*world).portalCancel},
	{2, (*world).pauseSubscription},
	{2, (*world).unpauseSubscription},
	{3, (*world).tryOut},
	{3, (*world).raise},
	{4, (*world).breakCard},
	{3, (*world).mendCard},
	{4, (*world).changeUser},
	{3, (*world).deleteUser},
	{3, (*world).foundOrganization},
	{6, (*world).join},
	{4, (*world).leave},
	{1, (*world).deleteOrganization},
	{3, (*world).refund},
	{10, (*world).payOnce},
	{4, (*world).dieWhileMailing},
	{5, (*world).refundPart},
	{3, (*world).dispute},
	{3, (*world).decideDispute},
	{1, (*world).deleteCustomer},
	{8, (*world).breakDeliveries},
	{4, (*world).mendDeliveries},
	{10, (*world).breakCalls},
	{4, (*world).mendCalls},
	{6, (*world).crash},
	{3, (*world).restart},
	{2, (*world).outage},
	{3, (*world).stall},
	{3, (*world).fillDisk},
	{4, (*world).lie},
	{3, (*world).misroute},
	{8, (*world).readMemory},
}

// live does a few dozen deeds with pauses between them.
func (w *world) live() {
	total := 0
	for _, d := range deeds {
		total += d.weight
	}
	w.signUp()
	moves := w.rng.IntN(6) == 0
	for n := range 25 + w.rng.IntN(25) {
		if w.oracle.endless() {
			return
		}
		if n == 20 && moves {
			w.move()
		}
		at := w.rng.IntN(total)
		for _, d := range deeds {
			if at -= d.weight; at < 0 {
				d.do(w)
				break
			}
		}
		w.pause()
	}
	switch w.rng.IntN(6) {
	case 0, 1:
		w.say("passes run out")
		time.Sleep(passFor)
	case 2, 3:
		w.lapse()
	}
}

// pause is mostly short, so that things overlap, and sometimes long enough for a renewal.
func (w *world) pause() {
	switch n := w.rng.IntN(100); {
	case n < 50:
		time.Sleep(time.Duration(w.rng.IntN(300)) * time.Millisecond)
	case n < 85:
		time.Sleep(time.Duration(w.rng.IntN(20_000)) * time.Millisecond)
	case n < 97:
		time.Sleep(time.Duration(w.rng.IntN(180)) * time.Minute)
	default:
		w.say("a month passes")
		time.Sleep(time.Duration(20+w.rng.IntN(20)) * 24 * time.Hour)
	}
}

// pick draws one element; false if there is none.
func pick[T any](w *world, from []T) (T, bool) {
	if len(from) == 0 {
		var none T
		return none, false
	}
	return from[w.rng.IntN(len(from))], true
}

func (w *world) signUp() {
	email := w.address("u")
	user, err := w.sim.SignUp(simulator.SignUp{Email: email, FirstName: "User", LastName: fmt.Sprint(w.signUps)})
	if err != nil {
		w.t.Errorf("sign up: %v", err)
		return
	}
	w.say("sign up %s", user.ID)
}

// buyer draws a user, or sometimes an organization with a member or someone else as the payer.
func (w *world) buyer() (account, paidBy string, ok bool) {
	user, ok := pick(w, w.sim.Users())
	if !ok {
		return "", "", false
	}
	if w.rng.IntN(4) == 0 {
		if org, some := pick(w, w.sim.Organizations()); some {
			if member, has := pick(w, w.sim.Members(org.ID)); has && w.rng.IntN(3) > 0 {
				return "organization/" + org.ID, member, true
			}
			return "organization/" + org.ID, user.ID, true // a server may name any user
		}
	}
	return "user/" + user.ID, "", true
}

// buy starts one checkout, or two at once as two tabs would.
func (w *world) buy() {
	account, paidBy, ok := w.buyer()
	if !ok {
		return
	}
	for range 1 + w.rng.IntN(2) {
		key, _ := pick(w, []string{"basic", "pro", "pro", "life", "pass"})
		w.say("buy %s for %s", key, account)
		w.calls.Go(func() {
			_, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey, map[string]any{
				"account": account, "lookup_key": key, "paid_by": paidBy,
				"success_url": "https://app.test/?s={CHECKOUT_SESSION_ID}"}, nil)
			if err != nil {
				w.say("checkout did not start: %v", err)
			}
		})
	}
}

// pay pays a checkout that was started, mostly with a card that works.
func (w *world) pay() {
	var open []string
	for _, s := range w.sim.CheckoutSessions() {
		if s.Status == "open" {
			open = append(open, s.ID)
		}
	}
	id, ok := pick(w, open)
	if !ok {
		return
	}
	card, _ := pick(w, []string{"4242424242424242", "4242424242424242", "4242424242424242", "4000000000000002", "sepa",
		"sepa_fail"})
	err := w.sim.PayCheckout(id, card)
	w.say("pay %s with %s: %v", id, card, err)
}

// payByLink pays with a payment link: Stripe creates the customer. Only client_reference_id names the account,
// together with the address if it shall be linked.
func (w *world) payByLink() {
	account, _, ok := w.buyer()
	if !ok {
		return
	}
	_, reference, _ := strings.Cut(account, "/")
	customer := ""
	if w.rng.IntN(3) == 0 { // someone pasted another account's reference into the link
		if c, some := pick(w, w.sim.Customers()); some && !c.Deleted {
			// The existing link decides the owner, so there must be one.
			if _, err := w.linked(c.ID); err == nil {
				customer = c.ID
			}
		}
	}
	key, _ := pick(w, []string{"basic", "life"})
	mode := map[string]string{"basic": "subscription", "life": "payment"}[key]
	form := url.Values{"mode": {mode}, "client_reference_id": {reference}, "line_items[0][price]": {w.prices[key]},
		"line_items[0][quantity]": {"1"}, "success_url": {"https://app.test/"}}
	if customer != "" {
		form.Set("customer", customer)
	} else if user, some := pick(w, w.sim.Users()); some && w.rng.IntN(3) > 0 { // maybe the organization's founder
		form.Set("customer_email", user.Email)
	}
	var session struct{ ID string }
	if status, err := w.post("/v1/checkout/sessions", form, &session); err != nil || status != http.StatusOK {
		w.say("no link: %d %v", status, err)
		return
	}
	w.say("pay by link %s for %s: %v", session.ID, account, w.sim.PayCheckout(session.ID, "4242424242424242"))
}

// payOwnSession pays a session that the app created without a customer. Its metadata, which only the secret key can
// write, names the account, and Stripe creates the customer.
func (w *world) payOwnSession() {
	account, _, ok := w.buyer()
	if !ok {
		return
	}
	kind, id, _ := strings.Cut(account, "/")
	name := map[string]string{"user": "clerkUserId", "organization": "clerkOrgId"}[kind]
	key, _ := pick(w, []string{"basic", "pro", "life"})
	form := url.Values{"mode": {"payment"}, "metadata[" + name + "]": {id}, "line_items[0][price]": {w.prices[key]},
		"line_items[0][quantity]": {"1"}, "success_url": {"https://app.test/"}}
	if key != "life" {
		form.Set("mode", "subscription")
		if w.rng.IntN(2) == 0 { // as some apps do, on the subscription too
			form.Set("subscription_data[metadata]["+name+"]", id)
		}
	} else if w.rng.IntN(2) == 0 {
		form.Set("customer_creation", "always")
	}
	var session struct{ ID string }
	if status, err := w.post("/v1/checkout/sessions", form, &session); err != nil || status != http.StatusOK {
		w.say("no session: %d %v", status, err)
		return
	}
	w.say("pay the app's own session %s for %s: %v", session.ID, account,
		w.sim.PayCheckout(session.ID, "4242424242424242"))
}

// post calls Stripe as the app would.
func (w *world) post(path string, form url.Values, into any) (status int, err error) {
	request, err := http.NewRequest(http.MethodPost, "http://"+stripeHost+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+stripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(request, into)
}

// subscription draws a subscription that is set to end, or not.
func (w *world) subscription(ending bool) (string, bool) {
	var ids []string
	for _, s := range w.sim.Subscriptions() {
		live := s.Status == "active" || s.Status == "trialing" || s.Status == "past_due"
		if live && ending == (s.CancelAtPeriodEnd || !s.CancelAt.IsZero()) {
			ids = append(ids, s.ID)
		}
	}
	return pick(w, ids)
}

func (w *world) cancel() {
	if id, ok := w.subscription(false); ok {
		atPeriodEnd := w.rng.IntN(2) == 0
		w.say("cancel %s (at period end: %v): %v", id, atPeriodEnd, w.sim.CancelSubscription(id, atPeriodEnd))
	}
}

func (w *world) resume() {
	if id, ok := w.subscription(true); ok {
		w.say("resume %s: %v", id, w.sim.ResumeSubscription(id))
	}
}

func (w *world) changeUser() {
	if user, ok := pick(w, w.sim.Users()); ok {
		email := w.address("changed")
		w.say("change %s: %v", user.ID, w.sim.UpdateUser(user.ID, email, "Changed", fmt.Sprint(w.signUps)))
	}
}

// deleteUser leaves at least one user: Lockstep does not believe a directory that lists nobody.
func (w *world) deleteUser() {
	users := w.sim.Users()
	if user, ok := pick(w, users); ok && len(users) > 1 {
		w.gone = append(w.gone, "user/"+user.ID)
		w.say("delete %s: %v", user.ID, w.sim.DeleteUser(user.ID))
	}
}

func (w *world) foundOrganization() {
	if user, ok := pick(w, w.sim.Users()); ok {
		org, err := w.sim.CreateOrganization(fmt.Sprintf("Org %d", len(w.sim.Organizations())), user.ID)
		w.say("found %s: %v", org.ID, err)
	}
}

func (w *world) deleteOrganization() {
	orgs := w.sim.Organizations()
	if org, ok := pick(w, orgs); ok && len(orgs) > 1 {
		w.gone = append(w.gone, "organization/"+org.ID)
		w.say("delete %s: %v", org.ID, w.sim.DeleteOrganization(org.ID))
	}
}

func (w *world) refund() {
	var paid []string
	for _, s := range w.sim.CheckoutSessions() {
		if s.Mode == "payment" && s.PaymentStatus == "paid" && s.PaymentIntent != "" {
			paid = append(paid, s.PaymentIntent)
		}
	}
	if id, ok := pick(w, paid); ok {
		w.giveBack(id, 0)
	}
}

// deleteCustomer deletes a customer as someone at Stripe's dashboard would.
func (w *world) deleteCustomer() {
	if c, ok := pick(w, w.sim.Customers()); ok && !c.Deleted {
		w.discarded[c.ID] = true
		w.say("delete customer %s: %v", c.ID, w.sim.DeleteCustomer(c.ID))
	}
}
