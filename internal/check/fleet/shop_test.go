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

// people numbers the users.
var people atomic.Int64

// load is purchases and deliveries that continue until end.
type load struct {
	stop    context.CancelFunc
	running sync.WaitGroup
}

// begin starts buyers that buy and senders that deliver.
func (f *fleet) begin(buyers, senders int) *load {
	ctx, cancel := context.WithCancel(f.t.Context())
	l := &load{stop: cancel}
	for i := range buyers {
		l.running.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				f.buyer(ctx, n)
				pause(ctx, 150*time.Millisecond)
			}
		})
	}
	for i := range senders {
		l.running.Go(func() { f.storm(ctx, i) })
	}
	return l
}

// end stops the load and waits for purchases in progress.
func (l *load) end() {
	l.stop()
	l.running.Wait()
}

// signUp creates a user.
func (f *fleet) signUp() simulator.ClerkUser {
	n := people.Add(1)
	user, err := f.sim.SignUp(simulator.SignUp{Email: fmt.Sprintf("u%d@example.com", n), FirstName: "User",
		LastName: fmt.Sprint(n)})
	if err != nil {
		f.wrongly("sign up: %v", err)
	}
	return user
}

// buyer signs up and buys. Some buyers cancel, or buy a second thing.
func (f *fleet) buyer(ctx context.Context, n int) {
	user := f.signUp()
	for _, key := range [][]string{{"pro"}, {"life"}, {"pro", "life"}}[n%3] {
		session := f.checkout(ctx, user.ID, key)
		if session == "" {
			return // the load has ended
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

// customerOf returns the account that a customer was created for.
func (f *fleet) customerOf(id string) string {
	for _, c := range f.sim.Customers() {
		if c.ID == id {
			return c.Metadata["lockstepAccount"]
		}
	}
	return ""
}

// checkout starts a checkout, and retries until it succeeds: the user may not be known yet, and replicas come and go.
// It returns "" if ctx ends first.
func (f *fleet) checkout(ctx context.Context, user, key string) (session string) {
	var started struct{ ID string }
	for ctx.Err() == nil {
		status, err := f.call(ctx, http.MethodPost, f.web+"/v1/checkout",
			map[string]any{"account": "user/" + user, "lookup_key": key,
				"success_url": "https://app.test/?s={CHECKOUT_SESSION_ID}"}, &started)
		if err == nil {
			return started.ID
		}
		if status == http.StatusBadRequest || status == http.StatusUnauthorized {
			f.wrongly("checkout: %v", err)
			return ""
		}
		pause(ctx, 50*time.Millisecond)
	}
	return ""
}

// pause waits between two attempts of a client.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// storm delivers made-up events, each until it is answered with 200, and every fifth one a second time. They are
// about existing customers, so that each causes work.
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

// deliver sends an event as Stripe would and returns the status; 0 if there is no answer.
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
