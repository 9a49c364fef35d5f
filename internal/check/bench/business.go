package main

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// business serves an existing business as Stripe and Clerk list it. Each customer names its user in the metadata, one
// in ten has a subscription, and one in fifty has completed a checkout. Both providers answer 429 above the limit.
type business struct {
	customers int
	limit     int // requests a second, for each provider
	latency   time.Duration
	began     time.Time
	server    *http.Server
	address   string

	mu       sync.Mutex
	window   map[string]int64 // by provider: the number of the current window
	inWindow map[string]int   // by provider: requests in it
	calls    map[string]int   // by list
	refused  int
}

func newBusiness(customers, limit int, latency time.Duration) (*business, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		return nil, err
	}
	p := &business{customers: customers, limit: limit, latency: latency, began: time.Now(), address: "http://" +
		listener.Addr().String(),
		window: map[string]int64{}, inWindow: map[string]int{}, calls: map[string]int{}}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go p.server.Serve(listener) //nolint:errcheck // close ends it
	return p, nil
}

func (p *business) close() error { return p.server.Close() }

// admit counts a call and reports whether it is within the limit.
func (p *business) admit(provider, list string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	window := int64(1)
	if provider == "clerk" {
		window = 10 // Clerk counts per ten seconds
	}
	if now := time.Now().Unix() / window; p.window[provider] != now {
		p.window[provider], p.inWindow[provider] = now, 0
	}
	p.inWindow[provider]++
	p.calls[list]++
	if p.inWindow[provider] <= p.limit*int(window) {
		return true
	}
	p.refused++
	return false
}

func (p *business) total() (calls, refused int, lists int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for list, n := range p.calls {
		calls += n
		if list == "customers" {
			lists = n
		}
	}
	return calls, p.refused, lists
}

func (p *business) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	list := strings.TrimPrefix(r.URL.Path, "/v1/")
	provider := "stripe"
	if strings.HasPrefix(list, "users") || strings.HasPrefix(list, "organizations") || list == "instance" {
		provider = "clerk"
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_bench")
	if !p.admit(provider, list) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","code":"rate_limit"}}`))
		return
	}
	time.Sleep(p.latency)
	_, _ = w.Write([]byte(p.answer(r, list)))
}

func (p *business) answer(r *http.Request, list string) string {
	q := r.URL.Query()
	switch {
	case list == "customers":
		return p.list(q.Get("starting_after"), q.Get("created[lte]"), q.Get("limit"), 1, func(i int) string {
			return fmt.Sprintf(`{"id":"cus_%08d","object":"customer","created":%d,"email":"u%d@example.com","name":"User %d","metadata":{"userId":"user_%08d"}}`, i, p.created(i), i, i, i)
		})
	case list == "subscriptions":
		return p.list(q.Get("starting_after"), "", q.Get("limit"), 10, func(i int) string {
			return fmt.Sprintf(`{"id":"sub_%08d","object":"subscription","customer":"cus_%08d","status":"active","created":%d,"metadata":{},"items":{"object":"list","has_more":false,"data":[`+
				`{"id":"si_%d","quantity":1,"current_period_start":%d,"current_period_end":%d,"price":{"id":"price_1","lookup_key":"pro","product":"prod_1"}}]}}`,
				i, i, p.created(i), i, p.began.Unix(), p.began.AddDate(1, 0, 0).Unix())
		})
	case list == "checkout/sessions":
		return p.list(q.Get("starting_after"), "", q.Get("limit"), 50, func(i int) string {
			return fmt.Sprintf(`{"id":"cs_%08d","object":"checkout.session","customer":"cus_%08d","mode":"subscription","status":"complete","created":%d,"client_reference_id":"user_%08d","metadata":{}}`, i, i, p.created(i), i)
		})
	case list == "instance":
		return `{"object":"instance","id":"ins_Bench"}`
	case list == "events":
		return `{"object":"list","data":[],"has_more":false}`
	case list == "organizations":
		return `{"data":[],"total_count":0}`
	case list == "users":
		from := 0
		if after := q.Get("starting_after"); after != "" {
			from = number(after)
		}
		var page []string
		for i := from + 1; i <= min(from+500, p.customers); i++ {
			page = append(page, p.user(i))
		}
		return "[" + strings.Join(page, ",") + "]"
	case strings.HasPrefix(list, "users/"):
		return p.user(number(strings.TrimSuffix(strings.TrimPrefix(list, "users/"), "/metadata")))
	}
	return `{"object":"list","data":[],"has_more":false}`
}

// created spreads the customers over the last three years.
func (p *business) created(i int) int64 {
	return p.began.Add(-time.Duration(float64(p.customers-i) / float64(p.customers) * float64(3*365*24*time.Hour))).Unix()
}

// list returns a page of the objects whose number is a multiple of step, newest first.
func (p *business) list(after, until, limit string, step int, one func(i int) string) string {
	from, size := p.customers, 100
	if after != "" {
		from = number(after) - 1
	}
	if seconds, err := strconv.ParseInt(until, 10, 64); err == nil {
		for from > 0 && p.created(from) > seconds {
			from -= max(1, from/1000)
		}
	}
	if n, err := strconv.Atoi(limit); err == nil {
		size = n
	}
	var page []string
	i := from - from%step
	for ; i > 0 && len(page) < size; i -= step {
		page = append(page, one(i))
	}
	return fmt.Sprintf(`{"object":"list","has_more":%v,"data":[%s]}`, i > 0, strings.Join(page, ","))
}

func (p *business) user(i int) string {
	return fmt.Sprintf(`{"id":"user_%08d","object":"user","created_at":%d,"updated_at":%d,"first_name":"User","last_name":"%d","primary_email_address_id":"idn_%d",`+
		`"email_addresses":[{"id":"idn_%d","email_address":"u%d@example.com","verification":{"status":"verified"}}],"public_metadata":{"plan":"pro"},"private_metadata":{}}`,
		i, p.created(i)*1000, p.created(i)*1000, i, i, i, i)
}

// number returns the number in an id.
func number(id string) int {
	_, digits, _ := strings.Cut(id, "_")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}
