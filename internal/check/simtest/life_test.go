package simtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// deed is something that somebody does.
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

// pause is mostly short, so that things overlap, and sometimes long enough for a
// renewal.
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

// pick draws one, and false when there is none.
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

// buyer draws a user, or sometimes an organization with one of its members or somebody else.
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
			return "organization/" + org.ID, user.ID, true // a server may name anybody
		}
	}
	return "user/" + user.ID, "", true
}

// buy begins one or two checkouts at once, as two tabs do.
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
				w.say("checkout did not begin: %v", err)
			}
		})
	}
}

// pay pays what was begun, mostly with a card that works.
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

// payByLink pays with a payment link: Stripe makes the customer, and only
// client_reference_id says whose it is, together with the address where there is to be a link.
func (w *world) payByLink() {
	account, _, ok := w.buyer()
	if !ok {
		return
	}
	_, reference, _ := strings.Cut(account, "/")
	customer := ""
	if w.rng.IntN(3) == 0 { // a link of one person that another one's reference was pasted into
		if c, some := pick(w, w.sim.Customers()); some && !c.Deleted {
			// Our link decides whose it is, so there must be one.
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
	} else if user, some := pick(w, w.sim.Users()); some && w.rng.IntN(3) > 0 { // who may have founded the organization
		form.Set("customer_email", user.Email)
	}
	var session struct{ ID string }
	if status, err := w.post("/v1/checkout/sessions", form, &session); err != nil || status != http.StatusOK {
		w.say("no link: %d %v", status, err)
		return
	}
	w.say("pay by link %s for %s: %v", session.ID, account, w.sim.PayCheckout(session.ID, "4242424242424242"))
}

// payOwnSession pays a session that the application made itself, without a customer: its
// metadata, which only the secret key can write, names the account, and Stripe makes the
// customer.
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
		if w.rng.IntN(2) == 0 { // as some applications do, on the subscription as well
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

// post calls Stripe as the application does.
func (w *world) post(path string, form url.Values, into any) (status int, err error) {
	request, err := http.NewRequest(http.MethodPost, "http://"+stripeHost+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+stripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(request, into)
}

// subscription draws one in the given state.
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

// deleteUser leaves one: a directory that lists nobody is not believed.
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

// deleteCustomer is somebody at Stripe's dashboard.
func (w *world) deleteCustomer() {
	if c, ok := pick(w, w.sim.Customers()); ok && !c.Deleted {
		w.discarded[c.ID] = true
		w.say("delete customer %s: %v", c.ID, w.sim.DeleteCustomer(c.ID))
	}
}

func (w *world) breakDeliveries() {
	p := simulator.DeliveryPolicy{}
	if w.rng.IntN(2) == 0 {
		p.Drop = 0.3
	}
	if w.rng.IntN(2) == 0 {
		p.Duplicate, p.Twin = 0.4, 0.1
	}
	if w.rng.IntN(2) == 0 {
		p.Shuffle, p.MaxDelay = 0.5, time.Duration(w.rng.IntN(600))*time.Second
	}
	w.say("deliveries: %+v", p)
	w.sim.SetDelivery(p)
}

func (w *world) mendDeliveries() { w.sim.SetDelivery(simulator.DeliveryPolicy{}) }

// breakCalls makes some calls of the service fail, before or after they take
// effect.
func (w *world) breakCalls() {
	f := simulator.Fault{Times: 1 + w.rng.IntN(4), After: w.rng.IntN(2) == 0}
	route, _ := pick(w, []struct{ side, method, path string }{
		{"stripe", "POST", "/v1/customers"}, {"stripe", "POST", "/v1/customers/*"}, {"stripe", "DELETE", "/v1/customers/*"},
		{"stripe", "GET", "/v1/subscriptions"}, {"stripe", "GET", "/v1/checkout/sessions/*"}, {"stripe", "GET", "/v1/events"},
		{"stripe", "GET", "/v1/customers/*"}, {"clerk", "PATCH", "/v1/users/*/metadata"},
		{"clerk", "PATCH", "/v1/organizations/*/metadata"}, {"clerk", "GET", "/v1/users/*"}, {"stripe", "", ""},
		{"clerk", "", ""},
	})
	f.Side, f.Method, f.Path = route.side, route.method, route.path
	switch w.rng.IntN(6) {
	case 0:
		f.Status, f.Body = 500, `{"error":{"type":"api_error","message":"oops"}}`
	case 1:
		f.Status, f.Body, f.Header = 502, "<html><body>Bad gateway</body></html>", http.Header{"Content-Type": {"text/html"}}
	case 2:
		f.Status, f.Header = 429, http.Header{"Retry-After": {"3"}}
		f.Body, f.After = `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`, false
	case 3:
		f.CutAfter = 1 + w.rng.IntN(40)
	case 4:
		f.Hang = time.Duration(5+w.rng.IntN(60)) * time.Second
		w.hanging = time.Now().Add(100 * 365 * 24 * time.Hour)
	case 5:
		f.Status, f.Body = 404, "<html>Not found</html>" // a proxy's page; it must not be believed
	}
	w.say("fault: %+v", f)
	w.sim.AddFault(f)
}

func (w *world) mendCalls() {
	w.sim.ClearFaults()
	if w.hanging.After(time.Now()) {
		w.hanging = time.Now().Add(time.Minute + 5*time.Second)
	}
}

// misroute has a proxy answer for Clerk, that it knows no such page, while somebody
// says that a user is gone. Neither is an answer.
func (w *world) misroute() {
	w.sim.AddFault(simulator.Fault{Side: "clerk", Method: "GET", Path: "/v1/users/*", Times: 1 + w.rng.IntN(3),
		Status: 404,
		Body:   "<html>Not found</html>", Header: http.Header{"Content-Type": {"text/html"}}})
	if user, ok := pick(w, w.sim.Users()); ok {
		w.sayGone(user.ID)
	}
}

// sayGone delivers a user.deleted that is not so.
func (w *world) sayGone(userID string) {
	w.lies++
	body := fmt.Sprintf(`{"data":{"id":%q,"object":"user","deleted":true},"object":"event","type":"user.deleted","timestamp":1,"instance_id":"ins_1"}`, userID)
	status, err := w.deliver(lockstep.Clerk, fmt.Sprintf("lie_%d", w.lies), []byte(body))
	w.say("say that %s is gone: %d %v", userID, status, err)
}

// lie delivers an event that is signed, and not so: a mixed-up environment, a
// replay after a change. What the providers say now is truer than any webhook.
func (w *world) lie() {
	w.lies++
	var body string
	switch w.rng.IntN(3) {
	case 0:
		user, ok := pick(w, w.sim.Users())
		if !ok {
			return
		}
		w.sayGone(user.ID)
		return
	case 1:
		s, ok := pick(w, w.sim.Subscriptions())
		if !ok {
			return
		}
		status, kind := "canceled", "deleted"
		if s.Status == "canceled" {
			status, kind = "active", "updated"
		}
		body = fmt.Sprintf(`{"id":"evt_lie_%d","object":"event","type":"customer.subscription.%s","livemode":false,"created":1,"data":{"object":{"id":%q,"object":"subscription","customer":%q,"status":%q}}}`,
			w.lies, kind, s.ID, s.Customer, status)
	case 2:
		s, ok := pick(w, w.sim.CheckoutSessions())
		if !ok {
			return
		}
		body = fmt.Sprintf(`{"id":"evt_lie_%d","object":"event","type":"checkout.session.completed","livemode":false,"created":1,"data":{"object":{"id":%q,"object":"checkout.session","mode":%q,"customer":%q,"status":"complete","payment_status":"paid"}}}`,
			w.lies, s.ID, s.Mode, s.Customer)
	}
	status, err := w.deliver(lockstep.Stripe, fmt.Sprintf("lie_%d", w.lies), []byte(body))
	w.say("lie %s: %d %v", body, status, err)
}

// crash kills the service, and starts it again after a while.
func (w *world) crash() {
	if w.service.closed {
		return
	}
	w.say("kill")
	w.service.kill()
	time.Sleep(time.Duration(w.rng.IntN(3000)) * time.Millisecond)
	w.service = w.boot()
}

// stall stops the next run at its next call, for longer than its lease may be: when
// it goes on, somebody else has its key.
func (w *world) stall() {
	d := time.Duration(20+w.rng.IntN(120)) * time.Second
	w.say("stall for %s", d)
	w.service.party.stall.Store(int64(d))
}

// fillDisk has nothing written for a while.
func (w *world) fillDisk() {
	d := time.Duration(w.rng.IntN(90)) * time.Second
	w.say("disk full for %s", d)
	w.oracle.diskFull.Store(true)
	time.AfterFunc(d, func() { w.oracle.diskFull.Store(false) })
}

func (w *world) restart() {
	if w.service.closed {
		return
	}
	w.say("restart")
	w.service.end(w.t)
	w.service = w.boot()
}

// outage leaves the service down until the next outage ends it, or the settling.
func (w *world) outage() {
	if w.service.closed {
		w.say("back")
		w.service = w.boot()
		return
	}
	w.say("outage")
	w.service.kill()
	w.service.closed, w.downSince = true, time.Now()
}
