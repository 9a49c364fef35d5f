package fleet

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

const card = "4242424242424242"

// people numbers those who sign up.
var people atomic.Int64

// load is business and deliveries that go on until they are ended.
type load struct {
	stop  context.CancelFunc
	going sync.WaitGroup
}

// begin has buyers buy and senders deliver.
func (f *fleet) begin(buyers, senders int) *load {
	ctx, cancel := context.WithCancel(f.t.Context())
	l := &load{stop: cancel}
	for i := range buyers {
		l.going.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				f.buyer(ctx, n)
				pause(ctx, 150*time.Millisecond)
			}
		})
	}
	for i := range senders {
		l.going.Go(func() { f.storm(ctx, i) })
	}
	return l
}

// end lets the purchases under way end.
func (l *load) end() {
	l.stop()
	l.going.Wait()
}

// signUp makes a user.
func (f *fleet) signUp() simulator.ClerkUser {
	n := people.Add(1)
	user, err := f.sim.SignUp(simulator.SignUp{Email: fmt.Sprintf("u%d@example.com", n), FirstName: "User",
		LastName: fmt.Sprint(n)})
	if err != nil {
		f.wrongly("sign up: %v", err)
	}
	return user
}

// buyer signs up and buys; some of them cancel, or buy a second thing.
func (f *fleet) buyer(ctx context.Context, n int) {
	user := f.signUp()
	for _, key := range [][]string{{"pro"}, {"life"}, {"pro", "life"}}[n%3] {
		session := f.checkout(ctx, user.ID, key)
		if session == "" {
			return // it is the end
		}
		if err := f.sim.PayCheckout(session, card); err != nil {
			f.wrongly("pay %s: %v", session, err)
		}
	}
	if n%6 != 0 {
		return
	}
	for _, s := range f.sim.Subscriptions() {
		if s.Metadata["lockstepAccount"] == "user/"+user.ID || f.customerOf(s.Customer) == "user/"+user.ID {
			if err := f.sim.CancelSubscription(s.ID, false); err != nil {
				f.wrongly("cancel %s: %v", s.ID, err)
			}
		}
	}
}

// customerOf is the account that a customer was made for.
func (f *fleet) customerOf(id string) string {
	for _, c := range f.sim.Customers() {
		if c.ID == id {
			return c.Metadata["lockstepAccount"]
		}
	}
	return ""
}

// checkout begins a checkout, however often it takes: the user may not be known yet, and
// replicas come and go. Empty: ctx ended first.
func (f *fleet) checkout(ctx context.Context, user, key string) (session string) {
	var begun struct{ ID string }
	for ctx.Err() == nil {
		status, err := f.call(ctx, http.MethodPost, f.web+"/v1/checkout",
			map[string]any{"account": "user/" + user, "lookup_key": key,
				"success_url": "https://app.test/?s={CHECKOUT_SESSION_ID}"}, &begun)
		if err == nil {
			return begun.ID
		}
		if status == http.StatusBadRequest || status == http.StatusUnauthorized {
			f.wrongly("checkout: %v", err)
			return ""
		}
		pause(ctx, 50*time.Millisecond)
	}
	return ""
}

// pause is a client's time between two tries.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// storm delivers events of its own one after the other, each until it is answered 200 as
// senders do, every fifth once more. They are about customers that there are, so that
// each makes work.
func (f *fleet) storm(ctx context.Context, sender int) {
	client := &http.Client{Timeout: 15 * time.Second, Transport: f.balancer.client.Transport}
	for n := 0; ctx.Err() == nil; n++ {
		customer := "cus_nobody"
		if customers := f.sim.Customers(); len(customers) > 0 {
			customer = customers[(n*7+sender)%len(customers)].ID
		}
		id := fmt.Sprintf("evt_storm_%d_%d", sender, n)
		body := fmt.Appendf(nil, `{"id":%q,"object":"event","type":"invoice.paid","livemode":false,"created":%d,"data":{"object":{"id":"in_%d","object":"invoice","customer":%q,"lines":%q}}}`,
			id, time.Now().Unix(), n, customer, strings.Repeat("a line of an invoice. ", 100))
		times := 1
		if n%5 == 0 {
			times = 2
		}
		for times > 0 && ctx.Err() == nil {
			if f.deliver(ctx, client, f.web, body) == http.StatusOK {
				times--
				continue
			}
			pause(ctx, 100*time.Millisecond)
		}
		pause(ctx, 40*time.Millisecond)
	}
}

// deliver delivers an event of Stripe's to who is at url; 0: there was no answer.
func (f *fleet) deliver(ctx context.Context, client *http.Client, url string, body []byte) (status int) {
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, url+"/webhooks/stripe",
		strings.NewReader(string(body)))
	if err != nil {
		f.wrongly("deliver: %v", err)
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Stripe-Signature", stripebilling.Sign(body, stripeWebhook, time.Now()))
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	if response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") == "" {
		f.wrongly("a 503 without Retry-After")
	}
	return response.StatusCode
}
