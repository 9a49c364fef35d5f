package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/simulator"
)

const (
	stripeHost = "http://stripe.test"
	clerkHost  = "http://clerk.test"
	inboxHost  = "http://inbox.test"

	stripeSecret = "whsec_simulator_stripe"
	clerkSecret  = "whsec_plJ3nmyCDGBKInavdOK15jsl"
)

// network carries requests to handlers by host name, without sockets, so that
// it works in a synctest bubble.
type network map[string]http.Handler

// RoundTrip runs the handler in a goroutine and gives up with the request's context.
func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := n[r.URL.Scheme+"://"+r.URL.Host]
	if handler == nil {
		return nil, errors.New("no such host: " + r.URL.Host)
	}
	served := r.Clone(r.Context())
	served.RequestURI, served.RemoteAddr, served.Host = r.URL.RequestURI(), "127.0.0.1:1", r.URL.Host
	if served.Body == nil {
		served.Body = http.NoBody
	}
	recorder, done := httptest.NewRecorder(), make(chan bool, 1)
	go func() {
		finished := false
		defer func() {
			if !finished {
				_ = recover() // http.ErrAbortHandler: the connection is cut
			}
			done <- finished
		}()
		handler.ServeHTTP(recorder, served)
		finished = true
	}()
	select {
	case finished := <-done:
		if !finished {
			return nil, io.ErrUnexpectedEOF
		}
		return recorder.Result(), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// received is one webhook that came in.
type received struct {
	at     time.Time
	header http.Header
	body   []byte
	kind   string
}

// inbox keeps the webhooks it gets and answers with what answer says (200 when nil).
type inbox struct {
	mu     sync.Mutex
	got    []received
	answer func(r received, before int) int
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var event struct{ Type string }
	_ = json.Unmarshal(body, &event)
	i.mu.Lock()
	defer i.mu.Unlock()
	in := received{at: time.Now(), header: r.Header.Clone(), body: body, kind: event.Type}
	status := http.StatusOK
	if i.answer != nil {
		status = i.answer(in, len(i.got))
	}
	i.got = append(i.got, in)
	w.WriteHeader(status)
}

func (i *inbox) all() []received {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]received(nil), i.got...)
}

func (i *inbox) kinds() []string {
	var kinds []string
	for _, in := range i.all() {
		kinds = append(kinds, in.kind)
	}
	return kinds
}

// bench is a simulator in a bubble with clients and an inbox.
type bench struct {
	*simulator.Simulator
	t      *testing.T
	inbox  *inbox
	http   *http.Client
	stripe *stripe.Client
	stop   func() // ends Run and waits for it
	keys   int    // idempotency keys given out
}

// inBubble runs f with a running simulator in a synctest bubble, whose clock
// starts on 1 January 2000.
func inBubble(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	inConfiguredBubble(t, func(*simulator.Config) {}, f)
}

// inConfiguredBubble is inBubble with changes to the configuration.
func inConfiguredBubble(t *testing.T, change func(*simulator.Config), f func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newConfiguredBench(t, 1, change)
		b.start()
		f(t, b)
		b.stop()
	})
}

func newBench(t *testing.T, seed uint64) *bench {
	t.Helper()
	return newConfiguredBench(t, seed, func(*simulator.Config) {})
}

func newConfiguredBench(t *testing.T, seed uint64, change func(*simulator.Config)) *bench {
	t.Helper()
	in := &inbox{}
	wires := network{inboxHost: in}
	config := simulator.Config{
		StripeURL: stripeHost, ClerkURL: clerkHost, Seed: seed, PortalSaved: true, HTTPClient: &http.Client{Transport: wires},
		StripeWebhooks: []simulator.WebhookEndpoint{{URL: inboxHost + "/stripe", Secret: stripeSecret}},
		ClerkWebhooks:  []simulator.WebhookEndpoint{{URL: inboxHost + "/clerk", Secret: clerkSecret}},
		SessionClaims: map[string]string{"plan": "{{user.public_metadata.billing.plan}}",
			"org_plan": "{{org.public_metadata.plan}}", "seats": "{{user.public_metadata.seats}}"},
	}
	change(&config)
	sim, err := simulator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	judged(t, sim)
	wires[stripeHost], wires[clerkHost] = sim.StripeHandler(), sim.ClerkHandler()
	client := &http.Client{Transport: wires, CheckRedirect: func(*http.Request,
		[]*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return &bench{Simulator: sim, t: t, inbox: in, http: client, stripe: stripeClient(stripeHost, client), stop: func() {}}
}

func (b *bench) start() {
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("Run: %v", err)
		}
	}
}

// settle lets time pass until no delivery is left.
func (b *bench) settle() {
	b.t.Helper()
	for range 1000 {
		if b.PendingDeliveries() == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	b.t.Fatalf("%d deliveries are still pending", b.PendingDeliveries())
}

func stripeClient(base string, client *http.Client) *stripe.Client {
	return stripe.NewClient(simulator.DefaultStripeKey,
		stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
			URL: stripe.String(base), HTTPClient: client, MaxNetworkRetries: stripe.Int64(0),
			EnableTelemetry: stripe.Bool(false),
			LeveledLogger:   &stripe.LeveledLogger{Level: stripe.LevelNull}})))
}

func clerkConfig(base string, client *http.Client) *clerk.ClientConfig {
	return &clerk.ClientConfig{BackendConfig: clerk.BackendConfig{URL: clerk.String(base + "/v1"),
		Key: clerk.String(simulator.DefaultClerkKey), HTTPClient: client}}
}

// key returns parameters with an idempotency key that is the same in every run,
// unlike the ones that stripe-go makes up.
func (b *bench) key() stripe.Params {
	b.keys++
	return stripe.Params{IdempotencyKey: stripe.String(fmt.Sprintf("key-%d", b.keys))}
}

// customer creates a customer by the API.
func (b *bench) customer(email string) *stripe.Customer {
	b.t.Helper()
	customer, err := b.stripe.V1Customers.Create(b.t.Context(), &stripe.CustomerCreateParams{Params: b.key(),
		Email: &email})
	if err != nil {
		b.t.Fatal(err)
	}
	return customer
}

// session creates a checkout session for one price by the API.
func (b *bench) session(mode, price string, change func(*stripe.CheckoutSessionCreateParams)) *stripe.CheckoutSession {
	b.t.Helper()
	params := &stripe.CheckoutSessionCreateParams{Params: b.key(), Mode: &mode,
		SuccessURL: stripe.String("http://app.test/ok?session={CHECKOUT_SESSION_ID}"),
		CancelURL:  stripe.String("http://app.test/plans"),
		LineItems:  []*stripe.CheckoutSessionCreateLineItemParams{{Price: &price, Quantity: stripe.Int64(1)}}}
	if change != nil {
		change(params)
	}
	session, err := b.stripe.V1CheckoutSessions.Create(b.t.Context(), params)
	if err != nil {
		b.t.Fatal(err)
	}
	return session
}

// subscribed makes a paying subscriber and returns the subscription.
func (b *bench) subscribed(price string) simulator.Subscription {
	b.t.Helper()
	customer := b.customer("buyer@example.com")
	session := b.session("subscription", price, func(p *stripe.CheckoutSessionCreateParams) { p.Customer = &customer.ID })
	if err := b.PayCheckout(session.ID, "4242 4242 4242 4242"); err != nil {
		b.t.Fatal(err)
	}
	subscriptions := b.Subscriptions()
	return subscriptions[len(subscriptions)-1]
}

func (b *bench) subscription(id string) simulator.Subscription {
	b.t.Helper()
	for _, subscription := range b.Subscriptions() {
		if subscription.ID == id {
			return subscription
		}
	}
	b.t.Fatalf("no subscription %s", id)
	return simulator.Subscription{}
}

// mark returns the id of the newest event.
func (b *bench) mark() string {
	events := b.Events()
	if len(events) == 0 {
		return ""
	}
	return events[len(events)-1].ID
}

// eventsSince lists the types of the events after a mark; of all that are kept
// when the marked one is older than 30 days.
func (b *bench) eventsSince(mark string) []string {
	var kinds []string
	for _, event := range b.Events() {
		kinds = append(kinds, event.Type)
		if event.ID == mark {
			kinds = nil
		}
	}
	return kinds
}

// do makes a request and returns the answer with its body.
func (b *bench) do(request *http.Request) (*http.Response, string) {
	b.t.Helper()
	response, err := b.http.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response, string(body)
}

// send makes a raw request with the Stripe key and returns status, headers and body.
func (b *bench) send(method, url string, header map[string]string, body string) (*http.Response, map[string]any) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := b.http.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var decoded map[string]any
	if err := json.NewDecoder(response.Body).Decode(&decoded); err != nil {
		b.t.Fatalf("%s %s answered no JSON object: %v", method, url, err)
	}
	return response, decoded
}

func monthly(b *bench) string {
	return b.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2900, Interval: "month"})
}
