package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

const apiKey = "an-api-key-of-this-test-0123456789"

// TestTheLocalRecipe follows docs/local.md: `stripe listen` prints a secret and forwards Stripe's events to a service
// that has two API keys and that secret.
func TestTheLocalRecipe(t *testing.T) {
	wanted(t)
	t.Parallel()
	b := newBench(t)
	b.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2000, Currency: "usd", Interval: "month"})
	r := newRelay(t, b)
	printed, err := b.run(nil, "stripe", append([]string{"listen", "--print-secret"}, r.flags()...)...)
	if secret := strings.TrimSpace(printed); err != nil || secret != listenSecret {
		t.Fatalf("the CLI prints %q: %v", printed, err)
	}
	s := serveLockstep(t, b)
	forward(t, b, r, s.url+"/webhooks/stripe")

	user, err := b.SignUp(simulator.SignUp{Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	account := lockstep.Account{Kind: lockstep.User, ID: user.ID}
	if !s.becomes(t, account, lockstep.Record.Live) {
		t.Fatalf("the user got no customer; the service answered %v to deliveries", r.answered())
	}
	if err := b.PayCheckout(s.checkout(t, account), "4242424242424242"); err != nil {
		t.Fatal(err)
	}
	if !s.becomes(t, account, func(r lockstep.Record) bool { return lockstep.Catalog{}.Access(r, time.Now()).Active }) {
		t.Fatalf("the payment granted no access; the service answered %v to deliveries", r.answered())
	}
	for _, status := range r.answered() {
		if status != http.StatusOK {
			t.Errorf("the service answered %d to a forwarded delivery", status)
		}
	}
}

// flags points the Stripe CLI at the relay.
func (r *relay) flags() []string {
	return []string{"--api-base", r.URL, "--api-key", simulator.DefaultStripeKey, "--skip-update"}
}

// forward runs `stripe listen` until the test ends. It returns once the CLI is connected.
func forward(t *testing.T, b *bench, r *relay, to string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	listening := exec.CommandContext(ctx, filepath.Join("node_modules", ".bin", "stripe"),
		append([]string{"listen", "--all-snapshot", "--forward-to", to}, r.flags()...)...)
	var output strings.Builder
	listening.Env, listening.Stdout, listening.Stderr = b.environment(), &output, &output
	listening.WaitDelay = 5 * time.Second
	// The npm package's program is a script that runs the real one. Kill both.
	listening.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	listening.Cancel = func() error { return syscall.Kill(-listening.Process.Pid, syscall.SIGKILL) }
	if err := listening.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = listening.Wait(); close(exited) }() // killed at the end of the test
	t.Cleanup(func() { stop(); <-exited })
	select {
	case <-r.joined:
	case <-exited:
		t.Fatalf("the CLI exited: %s", &output)
	case <-time.After(patience):
		t.Fatal("the CLI did not connect")
	}
}

// service is a running Lockstep.
type service struct {
	url   string
	store lockstep.Store
}

// serveLockstep runs Lockstep against the simulator until the test ends.
func serveLockstep(t *testing.T, b *bench) *service {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	lock, err := server.New(server.Config{Store: store, HTTP: server.HTTP{APIKey: apiKey},
		Log: slog.New(slog.DiscardHandler),
		Stripe: server.Stripe{Key: simulator.DefaultStripeKey, BaseURL: b.stripeURL,
			WebhookSecrets: []lockstep.Secret{listenSecret}},
		Clerk: server.Clerk{Key: simulator.DefaultClerkKey, BaseURL: b.clerkURL, Issuer: b.clerkURL},
		Sync:  server.Sync{Intervals: server.Intervals{DirectoryPoll: time.Second, Events: 24 * time.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	listener := listen(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- lock.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, store.Close()); err != nil {
			t.Error(err)
		}
	})
	return &service{"http://" + listener.Addr().String(), store}
}

// becomes waits until the account's record satisfies holds, and reports false if it never does.
func (s *service) becomes(t *testing.T, account lockstep.Account, holds func(lockstep.Record) bool) bool {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if record, err := s.store.Account(t.Context(), account); err == nil && holds(record) {
			return true
		}
	}
	return false
}

// checkout starts a checkout of the plan "pro" through the API, and returns the session's id.
func (s *service) checkout(t *testing.T, account lockstep.Account) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/checkout",
		strings.NewReader(`{"account":"`+account.String()+`","lookup_key":"pro","success_url":"https://app.example/"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+apiKey)
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
		t.Fatalf("the checkout was answered %d: %v", response.StatusCode, err)
	}
	return session.ID
}
