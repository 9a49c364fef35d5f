package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// listenSecret is what `stripe listen` prints, and signs with.
const listenSecret = "whsec_bGlzdGVuLXNlY3JldC1vZi1hLXRlc3Q="

// relay is what `stripe listen` talks to at Stripe: it opens a session, and passes the
// simulator's deliveries on over a websocket. All other requests go to the simulator.
type relay struct {
	*httptest.Server
	simulator *httputil.ReverseProxy
	joined    chan struct{} // closed when the CLI has connected

	mu       sync.Mutex
	conn     *websocket.Conn
	statuses []int // with which the forwarded deliveries were answered
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

// subscribe holds the websocket, and notes what the CLI says became of deliveries.
func (r *relay) subscribe(w http.ResponseWriter, request *http.Request) {
	conn, err := websocket.Accept(w, request, &websocket.AcceptOptions{Subprotocols: []string{"stripecli-devproxy-v1"}})
	if err != nil {
		return // the answer says why
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

// deliver passes a delivery on.
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

// TestTheLocalRecipe does what docs/local.md says: `stripe listen` prints the secret and
// forwards Stripe's events to a service that has two keys and that secret.
func TestTheLocalRecipe(t *testing.T) {
	wanted(t)
	t.Parallel()
	b := newBench(t)
	b.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2000, Currency: "usd", Interval: "month"})
	r := newRelay(t, b)
	cli := []string{"--api-base", r.URL, "--api-key", simulator.DefaultStripeKey, "--skip-update"}
	printed, err := b.run(nil, "stripe", append([]string{"listen", "--print-secret"}, cli...)...)
	if secret := strings.TrimSpace(printed); err != nil || secret != listenSecret {
		t.Fatalf("it prints %q: %v", printed, err)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	lock, err := server.New(server.Config{Store: store, HTTP: server.HTTP{APIKey: "an-api-key-of-this-test-0123456789"},
		Log: slog.New(slog.DiscardHandler),
		Stripe: server.Stripe{Key: simulator.DefaultStripeKey, BaseURL: b.stripeURL,
			WebhookSecrets: []lockstep.Secret{listenSecret}},
		Clerk: server.Clerk{Key: simulator.DefaultClerkKey, BaseURL: b.clerkURL, Issuer: b.clerkURL},
		Sync:  server.Sync{Intervals: server.Intervals{DirectoryPoll: time.Second, Events: 24 * time.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- lock.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, store.Close()); err != nil {
			t.Error(err)
		}
	})
	listening := exec.CommandContext(ctx, filepath.Join("node_modules", ".bin", "stripe"),
		append([]string{"listen", "--all-snapshot", "--forward-to", "http://" + listener.Addr().String() +
			"/webhooks/stripe"}, cli...)...)
	var said strings.Builder
	listening.Env, listening.Stdout, listening.Stderr, listening.WaitDelay = b.environment(), &said, &said, 5*time.Second
	// The package's program is a script that runs the real one: both must end.
	listening.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	listening.Cancel = func() error { return syscall.Kill(-listening.Process.Pid, syscall.SIGKILL) }
	if err := listening.Start(); err != nil {
		t.Fatal(err)
	}
	left := make(chan struct{})
	go func() { _ = listening.Wait(); close(left) }() // it is killed when the test ends
	t.Cleanup(func() { stop(); <-left })
	select {
	case <-r.joined:
	case <-left:
		t.Fatalf("the CLI has left: %s", &said)
	case <-time.After(patience):
		t.Fatal("the CLI did not connect")
	}

	user, err := b.SignUp(simulator.SignUp{Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	account := lockstep.Account{Kind: lockstep.User, ID: user.ID}
	until := func(what string, holds func(lockstep.Record) bool) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			record, err := store.Account(t.Context(), account)
			if err == nil && holds(record) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("never happened: %s; the deliveries were answered %v", what, r.answered())
			}
		}
	}
	until("the user has a customer", lockstep.Record.Live)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://"+listener.Addr().String()+"/v1/checkout",
		strings.NewReader(`{"account":"`+account.String()+`","lookup_key":"pro","success_url":"https://app.example/"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer an-api-key-of-this-test-0123456789")
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var session struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&session); err != nil || session.ID == "" {
		t.Fatalf("no checkout: %d %v", response.StatusCode, err)
	}
	if err := b.PayCheckout(session.ID, "4242424242424242"); err != nil {
		t.Fatal(err)
	}
	until("the payment grants access", func(r lockstep.Record) bool {
		return lockstep.Catalog{}.Access(r,
			time.Now()).Active
	})
	for _, status := range r.answered() {
		if status != http.StatusOK {
			t.Errorf("a forwarded delivery was answered %d", status)
		}
	}
}
