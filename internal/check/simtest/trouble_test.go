package simtest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

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

// breakCalls makes some calls of the service fail, before or after they take effect.
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
		f.Status, f.Body = 404, "<html>Not found</html>" // a proxy's page, which is no evidence
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

// misroute makes a proxy answer 404 for Clerk while an event says that a user is deleted. Neither is evidence.
func (w *world) misroute() {
	w.sim.AddFault(simulator.Fault{Side: "clerk", Method: "GET", Path: "/v1/users/*", Times: 1 + w.rng.IntN(3),
		Status: 404,
		Body:   "<html>Not found</html>", Header: http.Header{"Content-Type": {"text/html"}}})
	if user, ok := pick(w, w.sim.Users()); ok {
		w.sayGone(user.ID)
	}
}

// sayGone delivers a false user.deleted.
func (w *world) sayGone(userID string) {
	w.lies++
	body := fmt.Sprintf(`{"data":{"id":%q,"object":"user","deleted":true},"object":"event","type":"user.deleted","timestamp":1,"instance_id":"ins_1"}`, userID)
	status, err := w.deliver(lockstep.Clerk, fmt.Sprintf("lie_%d", w.lies), []byte(body))
	w.say("say that %s is gone: %d %v", userID, status, err)
}

// lie delivers a signed event that is false: from a mixed-up environment, or replayed after a change. The providers'
// current state counts more than any webhook.
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

// crash kills the service and starts it again after a while.
func (w *world) crash() {
	if w.service.closed {
		return
	}
	w.say("kill")
	w.service.kill()
	time.Sleep(time.Duration(w.rng.IntN(3000)) * time.Millisecond)
	w.service = w.boot()
}

// stall stops the next run at its next call for longer than its lease may last. When it continues, another run has
// its key.
func (w *world) stall() {
	d := time.Duration(20+w.rng.IntN(120)) * time.Second
	w.say("stall for %s", d)
	w.service.party.stall.Store(int64(d))
}

// fillDisk fails all writes for a while.
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

// outage leaves the service down until the next outage or the end of the faults.
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
