package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// provider stands in for Stripe and Clerk with as little work as possible, so that its own cost is not measured.
// Every customer has one active subscription, and every user exists. It runs in the measuring process and shares its
// clock.
type provider struct {
	began   time.Time // start of all subscriptions, so that a second sync finds nothing new
	server  *http.Server
	address string

	mu       sync.Mutex
	latency  time.Duration
	written  map[string]chan time.Time // by user: gets the time at which the metadata first granted access
	metadata map[string]map[string]any // by user
	calls    map[string]int            // by kind
}

// newProvider listens on loopback and answers each call after a latency.
func newProvider(latency time.Duration) (*provider, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		return nil, err
	}
	p := &provider{latency: latency, began: time.Now(), address: "http://" + listener.Addr().String(),
		written: map[string]chan time.Time{}, metadata: map[string]map[string]any{}, calls: map[string]int{}}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go p.server.Serve(listener) //nolint:errcheck // close ends it
	return p, nil
}

func (p *provider) close() error { return p.server.Close() }

// await returns a channel that gets the time at which the user's metadata first grants access.
func (p *provider) await(user string) <-chan time.Time {
	at := make(chan time.Time, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written[user] = at
	return at
}

// count returns how many calls of a kind were made.
func (p *provider) count(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[kind]
}

// per returns how many calls of a kind were made for each of n checkouts.
func (p *provider) per(n int, kind string) float64 { return float64(p.count(kind)) / float64(n) }

// total returns how many calls were made.
func (p *provider) total() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, calls := range p.calls {
		n += calls
	}
	return n
}

// take sets how long each call takes.
func (p *provider) take(latency time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latency = latency
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	latency := p.latency
	p.mu.Unlock()
	time.Sleep(latency)
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
	case path == "/v1/subscriptions" && r.URL.Query().Get("customer") == "":
		return `{"object":"list","data":[],"has_more":false,"url":"` + path + `"}`, "lists"
	case path == "/v1/subscriptions":
		return p.subscriptions(r.URL.Query().Get("customer")), "subscriptions"
	case path == "/v1/checkout/sessions", path == "/v1/events", path == "/v1/customers": // lists across customers: no existing business
		return `{"object":"list","data":[],"has_more":false,"url":"` + path + `"}`, "lists"
	case strings.HasPrefix(path, "/v1/customers/"):
		return fill(customerAnswer, id), "customers"
	case path == "/v1/instance":
		return `{"object":"instance","id":"ins_Bench"}`, "lists"
	case path == "/v1/users":
		return `[]`, "lists"
	case path == "/v1/organizations":
		return `{"data":[],"total_count":0}`, "lists"
	case strings.HasSuffix(path, "/metadata"):
		user := strings.Split(path, "/")[3]
		p.wrote(user, body)
		return p.user(user), "metadata"
	case strings.HasPrefix(path, "/v1/users/"):
		return p.user(id), "users"
	}
	return "", "others"
}

// wrote merges a write into the user's metadata, and reports the first one that grants access.
func (p *provider) wrote(user string, body []byte) {
	var written struct {
		Public map[string]any `json:"public_metadata"`
	}
	if err := json.Unmarshal(body, &written); err != nil {
		return
	}
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metadata[user] = merged(p.metadata[user], written.Public)
	if at := p.written[user]; at != nil && bytes.Contains(body, []byte(`"active"`)) {
		delete(p.written, user)
		at <- now
	}
}

// merged merges metadata as Clerk does.
func merged(have, change map[string]any) map[string]any {
	if have == nil {
		have = map[string]any{}
	}
	for key, value := range change {
		inner, isObject := value.(map[string]any)
		was, wasObject := have[key].(map[string]any)
		switch {
		case value == nil:
			delete(have, key)
		case isObject && wasObject:
			have[key] = merged(was, inner)
		default:
			have[key] = value
		}
	}
	return have
}

// Answers of our simulators, with {customer} in place of the part that the ids of a user, its customer and its
// subscription share.
var (
	//go:embed answers/subscription.json
	subscriptionAnswer string
	//go:embed answers/customer.json
	customerAnswer string
	//go:embed answers/user.json
	userAnswer string
)

// fill replaces {customer} in an answer by the id's, and others by their values.
func fill(answer, id string, others ...string) string {
	_, customer, _ := strings.Cut(id, "_")
	return strings.NewReplacer(append(others, "{customer}", customer)...).Replace(answer)
}

func (p *provider) user(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	metadata, err := json.Marshal(merged(nil, p.metadata[id]))
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return fill(userAnswer, id, "{metadata}", string(metadata))
}

// subscriptions is Stripe's list for a customer: one active subscription, paid for a month from when the provider
// started.
func (p *provider) subscriptions(customer string) string {
	began := p.began.Unix()
	return `{"object":"list","has_more":false,"url":"/v1/subscriptions","data":[` +
		fill(subscriptionAnswer, customer, "{began}", strconv.FormatInt(began, 10), "{ends}",
			strconv.FormatInt(began+30*86400, 10)) + `]}`
}
