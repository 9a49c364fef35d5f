package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// balancer passes each request to the next replica that accepts the connection, as load balancers do. It records the
// answer to every delivery.
type balancer struct {
	replicas func() []*replica
	client   *http.Client
	next     atomic.Int64

	mu       sync.Mutex
	answered map[string]time.Time // by event id: when it was first answered with 200
	counts   counts
	last     time.Time // time of the last 200
}

// counts says how deliveries were answered.
type counts struct {
	taken   int // with 200
	again   int // of these, events that had been answered with 200 before
	refused int // with 503
	unknown int // not at all: the connection broke
	nobody  int // not at all: no replica listened
	other   []string
	gap     time.Duration // the longest time between two answers of 200
}

func newBalancer(replicas func() []*replica) *balancer {
	return &balancer{replicas: replicas, answered: map[string]time.Time{}, client: &http.Client{Timeout: 20 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
}

// ServeHTTP passes a request to a replica.
func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	delivery := ""
	if r.URL.Path == "/webhooks/stripe" || r.URL.Path == "/webhooks/clerk" {
		delivery = eventOf(r, body)
	}
	status, text, header := b.pass(r, body)
	if delivery != "" {
		b.note(delivery, status, text)
	}
	if status < 100 {
		status = http.StatusBadGateway
	}
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if value := header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// Results of pass in place of a status, if there is no answer.
const (
	nobodyListens  = 0
	outcomeUnknown = 1
)

// pass returns the answer of the first replica that accepts the connection.
func (b *balancer) pass(r *http.Request, body []byte) (status int, text []byte, header http.Header) {
	all := b.replicas()
	first := int(b.next.Add(1))
	for i := range all {
		url := all[(first+i)%len(all)].at()
		if url == "" {
			continue
		}
		request, err := http.NewRequestWithContext(r.Context(), r.Method, url+r.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			return outcomeUnknown, nil, nil
		}
		request.Header = r.Header.Clone()
		request.GetBody = nil // a retry would not be recorded
		response, err := b.client.Do(request)
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			continue // the replica got nothing
		}
		if err != nil {
			return outcomeUnknown, nil, nil
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return outcomeUnknown, nil, nil
		}
		return response.StatusCode, text, response.Header
	}
	return nobodyListens, nil, nil
}

// eventOf returns the source and id under which the event is stored.
func eventOf(r *http.Request, body []byte) string {
	if id := r.Header.Get("Svix-Id"); id != "" {
		return "clerk " + id
	}
	var event struct{ ID string }
	if err := json.Unmarshal(body, &event); err != nil {
		return "stripe ?"
	}
	return "stripe " + event.ID
}

func (b *balancer) note(event string, status int, text []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch status {
	case http.StatusOK:
		now := time.Now()
		b.counts.taken++
		if _, before := b.answered[event]; before {
			b.counts.again++
		} else {
			b.answered[event] = now
		}
		if !b.last.IsZero() {
			b.counts.gap = max(b.counts.gap, now.Sub(b.last))
		}
		b.last = now
	case http.StatusServiceUnavailable:
		b.counts.refused++
	case outcomeUnknown:
		b.counts.unknown++
	case nobodyListens:
		b.counts.nobody++
	default:
		b.counts.other = append(b.counts.other, fmt.Sprintf("%s was answered with %d %s", event, status, text))
	}
}

// so returns the counts so far.
func (b *balancer) so() counts {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts
}

// taken returns the events that were answered with 200.
func (b *balancer) taken() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := make([]string, 0, len(b.answered))
	for id := range b.answered {
		ids = append(ids, id)
	}
	return ids
}
