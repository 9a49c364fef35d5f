package simharness

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
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/simulator"
)

// The addresses in the harness's network, and the signing secrets.
const (
	StripeHost = "http://stripe.test"
	ClerkHost  = "http://clerk.test"
	InboxHost  = "http://inbox.test"

	StripeSecret = "whsec_simulator_stripe"
	ClerkSecret  = "whsec_plJ3nmyCDGBKInavdOK15jsl"
)

// Network routes requests to handlers by host name, without sockets, so that it
// works in a synctest bubble.
type Network map[string]http.Handler

// RoundTrip runs the handler in a goroutine. It gives up when the request's
// context ends.
func (n Network) RoundTrip(r *http.Request) (*http.Response, error) {
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
				_ = recover() // http.ErrAbortHandler cuts the connection
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

// Received is a webhook that arrived.
type Received struct {
	At     time.Time
	Header http.Header
	Body   []byte
	Kind   string
}

// inbox stores the webhooks it gets. It answers with Answer, or with 200 if
// that is nil.
type inbox struct {
	mu     sync.Mutex
	got    []Received
	Answer func(r Received, before int) int
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
	in := Received{At: time.Now(), Header: r.Header.Clone(), Body: body, Kind: event.Type}
	status := http.StatusOK
	if i.Answer != nil {
		status = i.Answer(in, len(i.got))
	}
	i.got = append(i.got, in)
	w.WriteHeader(status)
}

func (i *inbox) All() []Received {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]Received(nil), i.got...)
}

func (i *inbox) Kinds() []string {
	var kinds []string
	for _, in := range i.All() {
		kinds = append(kinds, in.Kind)
	}
	return kinds
}

// Bench is a simulator with clients and an inbox.
type Bench struct {
	*simulator.Simulator
	T      *testing.T
	Inbox  *inbox
	HTTP   *http.Client
	Stripe *stripe.Client
	Stop   func() // ends Run and waits for it
	Keys   int    // idempotency keys handed out
}

// InBubble runs f in a synctest bubble, whose clock starts on January 1, 2000,
// with a running simulator. change adjusts the simulator's configuration.
func InBubble(t *testing.T, change func(*simulator.Config), f func(t *testing.T, b *Bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newConfigured(t, 1, change)
		b.Start()
		f(t, b)
		b.Stop()
	})
}

// New returns a simulator that is not running.
func New(t *testing.T, seed uint64) *Bench {
	t.Helper()
	return newConfigured(t, seed, func(*simulator.Config) {})
}

func newConfigured(t *testing.T, seed uint64, change func(*simulator.Config)) *Bench {
	t.Helper()
	in := &inbox{}
	wires := Network{InboxHost: in}
	config := simulator.Config{
		StripeURL: StripeHost, ClerkURL: ClerkHost, Seed: seed, PortalSaved: true, HTTPClient: &http.Client{Transport: wires},
		StripeWebhooks: []simulator.WebhookEndpoint{{URL: InboxHost + "/stripe", Secret: StripeSecret}},
		ClerkWebhooks:  []simulator.WebhookEndpoint{{URL: InboxHost + "/clerk", Secret: ClerkSecret}},
		SessionClaims: map[string]string{"plan": "{{user.public_metadata.billing.plan}}",
			"org_plan": "{{org.public_metadata.plan}}", "seats": "{{user.public_metadata.seats}}"},
	}
	change(&config)
	sim, err := simulator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	Judged(t, sim)
	wires[StripeHost], wires[ClerkHost] = sim.StripeHandler(), sim.ClerkHandler()
	client := &http.Client{Transport: wires, CheckRedirect: func(*http.Request,
		[]*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return &Bench{Simulator: sim, T: t, Inbox: in, HTTP: client, Stripe: StripeClient(StripeHost, client), Stop: func() {}}
}

// Start runs the simulator until Stop.
func (b *Bench) Start() {
	ctx, cancel := context.WithCancel(b.T.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.Stop = func() {
		cancel()
		if err := <-ended; err != nil {
			b.T.Errorf("Run: %v", err)
		}
	}
}

// Settle waits until no delivery is left.
func (b *Bench) Settle() {
	b.T.Helper()
	for range 1000 {
		if b.PendingDeliveries() == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	b.T.Fatalf("%d deliveries are still pending", b.PendingDeliveries())
}

// StripeClient returns a client of stripe-go that does not retry.
func StripeClient(base string, client *http.Client) *stripe.Client {
	return stripe.NewClient(simulator.DefaultStripeKey,
		stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
			URL: stripe.String(base), HTTPClient: client, MaxNetworkRetries: stripe.Int64(0),
			EnableTelemetry: stripe.Bool(false),
			LeveledLogger:   &stripe.LeveledLogger{Level: stripe.LevelNull}})))
}

// ClerkConfig returns the configuration of a client of clerk-sdk-go.
func ClerkConfig(base string, client *http.Client) *clerk.ClientConfig {
	return &clerk.ClientConfig{BackendConfig: clerk.BackendConfig{URL: clerk.String(base + "/v1"),
		Key: clerk.String(simulator.DefaultClerkKey), HTTPClient: client}}
}

// Key returns parameters with an idempotency key that is the same in every run.
// The keys of stripe-go are random.
func (b *Bench) Key() stripe.Params {
	b.Keys++
	return stripe.Params{IdempotencyKey: stripe.String(fmt.Sprintf("key-%d", b.Keys))}
}

// Customer creates a customer.
func (b *Bench) Customer(email string) *stripe.Customer {
	b.T.Helper()
	customer, err := b.Stripe.V1Customers.Create(b.T.Context(), &stripe.CustomerCreateParams{Params: b.Key(),
		Email: &email})
	if err != nil {
		b.T.Fatal(err)
	}
	return customer
}

// Session creates a checkout session for one price.
func (b *Bench) Session(mode, price string, change func(*stripe.CheckoutSessionCreateParams)) *stripe.CheckoutSession {
	b.T.Helper()
	params := &stripe.CheckoutSessionCreateParams{Params: b.Key(), Mode: &mode,
		SuccessURL: stripe.String("http://app.test/ok?session={CHECKOUT_SESSION_ID}"),
		CancelURL:  stripe.String("http://app.test/plans"),
		LineItems:  []*stripe.CheckoutSessionCreateLineItemParams{{Price: &price, Quantity: stripe.Int64(1)}}}
	if change != nil {
		change(params)
	}
	session, err := b.Stripe.V1CheckoutSessions.Create(b.T.Context(), params)
	if err != nil {
		b.T.Fatal(err)
	}
	return session
}

// Subscribed subscribes a customer to a price, pays, and returns the
// subscription.
func (b *Bench) Subscribed(price string) simulator.Subscription {
	b.T.Helper()
	customer := b.Customer("buyer@example.com")
	session := b.Session("subscription", price, func(p *stripe.CheckoutSessionCreateParams) { p.Customer = &customer.ID })
	if err := b.PayCheckout(session.ID, "4242 4242 4242 4242"); err != nil {
		b.T.Fatal(err)
	}
	subscriptions := b.Subscriptions()
	return subscriptions[len(subscriptions)-1]
}

// Subscription returns the subscription with an id.
func (b *Bench) Subscription(id string) simulator.Subscription {
	b.T.Helper()
	for _, subscription := range b.Subscriptions() {
		if subscription.ID == id {
			return subscription
		}
	}
	b.T.Fatalf("no subscription %s", id)
	return simulator.Subscription{}
}

// Mark returns the id of the newest event.
func (b *Bench) Mark() string {
	events := b.Events()
	if len(events) == 0 {
		return ""
	}
	return events[len(events)-1].ID
}

// EventsSince returns the types of the events after a mark. If the marked event
// is older than 30 days, it returns those of all events.
func (b *Bench) EventsSince(mark string) []string {
	var kinds []string
	for _, event := range b.Events() {
		kinds = append(kinds, event.Type)
		if event.ID == mark {
			kinds = nil
		}
	}
	return kinds
}

// Do sends a request and returns the response and its body.
func (b *Bench) Do(request *http.Request) (*http.Response, string) {
	b.T.Helper()
	response, err := b.HTTP.Do(request)
	if err != nil {
		b.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	return response, string(body)
}

// Send sends a raw request with the Stripe key and returns the response and its
// JSON.
func (b *Bench) Send(method, url string, header map[string]string, body string) (*http.Response, map[string]any) {
	b.T.Helper()
	request, err := http.NewRequestWithContext(b.T.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		b.T.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := b.HTTP.Do(request)
	if err != nil {
		b.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var decoded map[string]any
	if err := json.NewDecoder(response.Body).Decode(&decoded); err != nil {
		b.T.Fatalf("%s %s answered no JSON object: %v", method, url, err)
	}
	return response, decoded
}

// Monthly adds a plan of $29 a month and returns its price.
func (b *Bench) Monthly() string {
	return b.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2900, Interval: "month"})
}
