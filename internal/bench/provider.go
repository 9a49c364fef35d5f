package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// provider is the least that Stripe and Clerk must be for workers to work against them,
// so that their own cost is not measured: every customer has one active subscription, and
// every user is there. It runs in the process that measures, whose clock it shares.
type provider struct {
	latency time.Duration
	began   time.Time // of all subscriptions, so that a second look finds nothing new
	server  *http.Server
	address string

	mu      sync.Mutex
	written map[string]chan time.Time // by user: when the metadata first granted access
	calls   map[string]int            // by what they are
}

// newProvider listens on this machine and answers after a latency.
func newProvider(latency time.Duration) (*provider, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens at once
	if err != nil {
		return nil, err
	}
	p := &provider{latency: latency, began: time.Now(), address: "http://" + listener.Addr().String(),
		written: map[string]chan time.Time{}, calls: map[string]int{}}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go p.server.Serve(listener) //nolint:errcheck // it ends with close
	return p, nil
}

func (p *provider) close() error { return p.server.Close() }

// await returns when a user's metadata is written, once.
func (p *provider) await(user string) <-chan time.Time {
	at := make(chan time.Time, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written[user] = at
	return at
}

// count is how many calls of a kind there were.
func (p *provider) count(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[kind]
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	time.Sleep(p.latency)
	answer, kind := p.answer(r, body)
	p.mu.Lock()
	p.calls[kind]++
	p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_bench")
	if answer == "" {
		w.WriteHeader(http.StatusNotFound)
		answer = `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`
	}
	_, _ = io.WriteString(w, answer)
}

func (p *provider) answer(r *http.Request, body []byte) (answer, kind string) {
	id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch path := r.URL.Path; {
	case path == "/v1/subscriptions":
		return subscriptionList(r.URL.Query().Get("customer"), p.began.Unix()), "subscriptions"
	case path == "/v1/checkout/sessions", path == "/v1/events":
		return `{"object":"list","data":[],"has_more":false,"url":"` + path + `"}`, "lists"
	case strings.HasPrefix(path, "/v1/customers/"):
		return fmt.Sprintf(`{"id":%q,"object":"customer","email":"ada@example.com","name":"Ada","metadata":{}}`, id), "customers"
	case path == "/v1/users":
		return `[]`, "lists"
	case path == "/v1/organizations":
		return `{"data":[],"total_count":0}`, "lists"
	case strings.HasSuffix(path, "/metadata"):
		user := strings.Split(path, "/")[3]
		p.wrote(user, body)
		return userObject(user), "metadata"
	case strings.HasPrefix(path, "/v1/users/"):
		return userObject(id), "users"
	}
	return "", "others"
}

// wrote notes the first write of a user's metadata that grants access.
func (p *provider) wrote(user string, body []byte) {
	if !bytes.Contains(body, []byte(`"active"`)) {
		return
	}
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.written[user]; at != nil {
		delete(p.written, user)
		at <- now
	}
}

func userObject(id string) string {
	return fmt.Sprintf(`{"id":%q,"object":"user","first_name":"Ada","last_name":"Lovelace","public_metadata":{},"created_at":1,"updated_at":1}`, id)
}

// subscriptionList is what Stripe lists of a customer: one that is active and paid for a
// month from then on.
func subscriptionList(customer string, began int64) string {
	subscription := map[string]any{"id": "sub_" + customer, "object": "subscription", "customer": customer, "status": "active", "created": began,
		"metadata": map[string]any{}, "items": map[string]any{"object": "list", "has_more": false, "data": []any{map[string]any{
			"id": "si_" + customer, "object": "subscription_item", "quantity": 1, "current_period_start": began, "current_period_end": began + 30*86400,
			"price": map[string]any{"id": "price_pro", "object": "price", "lookup_key": "pro", "product": "prod_pro", "active": true}}}}}
	text, err := json.Marshal(map[string]any{"object": "list", "has_more": false, "url": "/v1/subscriptions", "data": []any{subscription}})
	if err != nil {
		panic(err) // it is made of nothing that cannot be encoded
	}
	return string(text)
}
