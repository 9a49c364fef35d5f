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

// provider is the least that Stripe and Clerk must be for workers to work against them,
// so that their own cost is not measured: every customer has one active subscription, and
// every user is there. It runs in the process that measures, whose clock it shares.
type provider struct {
	began   time.Time // of all subscriptions, so that a second look finds nothing new
	server  *http.Server
	address string

	mu       sync.Mutex
	latency  time.Duration
	written  map[string]chan time.Time // by user: when the metadata first granted access
	metadata map[string]map[string]any // by user
	calls    map[string]int            // by what they are
}

// newProvider listens on this machine and answers after a latency.
func newProvider(latency time.Duration) (*provider, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens at once
	if err != nil {
		return nil, err
	}
	p := &provider{latency: latency, began: time.Now(), address: "http://" + listener.Addr().String(),
		written: map[string]chan time.Time{}, metadata: map[string]map[string]any{}, calls: map[string]int{}}
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

// total is how many calls there were.
func (p *provider) total() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, calls := range p.calls {
		n += calls
	}
	return n
}

// take has every call take so long from now on.
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
	case path == "/v1/checkout/sessions", path == "/v1/events", path == "/v1/customers": // lists of everybody's: nothing was there before
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

// wrote merges what is written into a user's metadata, and notes the first write that
// grants access.
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

// merged is what Clerk makes of metadata and what is merged into it.
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

// Answers as our simulators give them, with {customer} for the part of ids that a user, its
// customer and its subscription have in common.
var (
	//go:embed answers/subscription.json
	subscriptionAnswer string
	//go:embed answers/customer.json
	customerAnswer string
	//go:embed answers/user.json
	userAnswer string
)

// fill fills in an answer about whom an id names, and what else it says.
func fill(answer, id string, others ...string) string {
	_, customer, _ := strings.Cut(id, "_")
	return strings.NewReplacer(append(others, "{customer}", customer)...).Replace(answer)
}

func (p *provider) user(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	metadata, err := json.Marshal(merged(nil, p.metadata[id]))
	if err != nil {
		panic(err) // it was decoded
	}
	return fill(userAnswer, id, "{metadata}", string(metadata))
}

// subscriptions is what Stripe lists of a customer: one that is active and paid for a
// month from when the provider began.
func (p *provider) subscriptions(customer string) string {
	began := p.began.Unix()
	return `{"object":"list","has_more":false,"url":"/v1/subscriptions","data":[` +
		fill(subscriptionAnswer, customer, "{began}", strconv.FormatInt(began, 10), "{ends}",
			strconv.FormatInt(began+30*86400, 10)) + `]}`
}
