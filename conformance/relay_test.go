package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/lockstep-dev/lockstep/simulator"
)

// listenSecret is the secret that `stripe listen` prints. The relay signs deliveries with it.
const listenSecret = "whsec_bGlzdGVuLXNlY3JldC1vZi1hLXRlc3Q="

// relay stands in for the part of Stripe that `stripe listen` connects to: it opens a session and forwards the
// simulator's deliveries over a websocket. It passes all other requests to the simulator.
type relay struct {
	*httptest.Server
	simulator *httputil.ReverseProxy
	joined    chan struct{} // closed when the CLI has connected

	mu       sync.Mutex
	conn     *websocket.Conn
	statuses []int // what the service answered to the forwarded deliveries
}

func newRelay(t *testing.T, b *bench) *relay {
	target, err := url.Parse(b.stripeURL)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{simulator: httputil.NewSingleHostReverseProxy(target), joined: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("/", r.simulator)
	mux.HandleFunc("POST /v1/stripecli/sessions", r.open)
	mux.HandleFunc("GET /subscribe", r.subscribe)
	mux.HandleFunc("POST /deliver", r.deliver)
	r.Server = httptest.NewServer(mux)
	t.Cleanup(r.Close)
	b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: r.URL + "/deliver", Secret: listenSecret}})
	return r
}

func (r *relay) open(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	err := json.NewEncoder(w).Encode(map[string]any{"websocket_id": "cliws_1",
		"websocket_authorized_feature": "webhook-payload",
		"websocket_url":                strings.Replace(r.URL, "http://", "ws://", 1) + "/subscribe", "reconnect_delay": 60,
		"secret":          listenSecret,
		"default_version": "2025-08-27.basil", "latest_version": "2025-08-27.basil", "display_connect_filter_warning": false})
	if err != nil {
		panic(err)
	}
}

// subscribe holds the websocket open and records the statuses that the CLI reports for deliveries.
func (r *relay) subscribe(w http.ResponseWriter, request *http.Request) {
	conn, err := websocket.Accept(w, request, &websocket.AcceptOptions{Subprotocols: []string{"stripecli-devproxy-v1"}})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }() // the CLI has left
	conn.SetReadLimit(1 << 20)
	r.mu.Lock()
	first := r.conn == nil
	r.conn = conn
	r.mu.Unlock()
	if first {
		close(r.joined)
	}
	for {
		_, text, err := conn.Read(request.Context())
		if err != nil {
			return
		}
		var message struct {
			Type   string `json:"type"`
			Status int    `json:"status"`
		}
		if err := json.Unmarshal(text, &message); err == nil && message.Type == "webhook_response" {
			r.mu.Lock()
			r.statuses = append(r.statuses, message.Status)
			r.mu.Unlock()
		}
	}
}

// deliver forwards a delivery to the CLI.
func (r *relay) deliver(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	text, err := json.Marshal(map[string]any{"type": "webhook_event", "webhook_id": "wh_1",
		"webhook_conversation_id": "wc_1",
		"endpoint":                map[string]any{"api_version": nil}, "event_payload": string(body),
		"http_headers": map[string]string{"Stripe-Signature": request.Header.Get("Stripe-Signature"),
			"Content-Type": "application/json"}})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil || r.conn.Write(request.Context(), websocket.MessageText, text) != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (r *relay) answered() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]int(nil), r.statuses...)
}
