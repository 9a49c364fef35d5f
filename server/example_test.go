package server_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Embed Lockstep in your own server: open a store, mount the handler, and run the background work until
// your program ends.
func Example_embed() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "lockstep-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "lockstep.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = store.Close() }()

	s, err := server.New(server.Config{
		Store:   store,
		Stripe:  server.Stripe{Key: "sk_test_example", WebhookSecrets: []lockstep.Secret{"whsec_ZXhhbXBsZQ=="}},
		Clerk:   server.Clerk{Key: "sk_test_another", WebhookSecrets: []lockstep.Secret{"whsec_YW5vdGhlcg=="}},
		Catalog: lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro_monthly"}}}},
		HTTP:    server.HTTP{ReturnOrigins: []string{"https://app.example.com"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/billing/", http.StripPrefix("/billing", s.Handler()))
	// In your program: go func() { errors <- s.Run(ctx) }()

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/billing/livez", http.NoBody))
	fmt.Println(answer.Code)
	// Output:
	// 200
}

// Use your own directory: with FromAPI, no Clerk is needed. Your servers create an account when a user signs
// up, and delete it when the user leaves.
func Example_ownDirectory() {
	ctx := context.Background()
	s, closeStore := exampleServer(ctx, func(store lockstep.Store) lockstep.Store { return store })
	defer closeStore()

	r := httptest.NewRequestWithContext(ctx, http.MethodPut, "/v1/accounts/user/42",
		strings.NewReader(`{"email":"ada@example.com","name":"Ada"}`))
	r.Header.Set("Authorization", "Bearer "+exampleKey)
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, r)
	fmt.Println(answer.Code, answer.Body)
	// Output:
	// 201 {"account":"user/42","email":"ada@example.com","name":"Ada","created":true}
}

// loggedStore is a store that prints what it receives. Embedding keeps every other method.
type loggedStore struct{ lockstep.Store }

func (s loggedStore) Receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	receipts, err := s.Store.Receive(ctx, deliveries)
	for _, d := range deliveries {
		fmt.Println("stored", d.Event.Type, err)
	}
	return receipts, err
}

// Use your own store: implement lockstep.Store, or wrap one of ours to change a part of it. The suite in
// internal/store/storetest shows what a store must promise.
func Example_ownStore() {
	ctx := context.Background()
	s, closeStore := exampleServer(ctx, func(store lockstep.Store) lockstep.Store { return loggedStore{store} })
	defer closeStore()

	event := `{"id":"evt_1","object":"event","type":"invoice.paid","livemode":false,"created":1,
		"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_1"}}}`
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, server.DefaultStripePath, strings.NewReader(event))
	r.Header.Set(stripebilling.SignatureHeader, stripebilling.Sign([]byte(event), exampleSecret, time.Now()))
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, r)
	fmt.Println(answer.Code, answer.Body)
	// Output:
	// stored invoice.paid <nil>
	// 200 {"status":"success"}
}

// Validate reports every problem at once, with the names that lockstep.toml and the environment use.
func ExampleConfig_Validate() {
	config := server.Config{Identities: server.FromAPI,
		Stripe:     server.Stripe{Key: "sk_test_example", WebhookSecrets: []lockstep.Secret{exampleSecret}},
		HTTP:       server.HTTP{APIKey: "short"},
		Activation: server.Activation{ContinueURL: "foo"}}
	fmt.Println(config.Validate())
	// Output:
	// store: it is missing; open one with sqlitestore.Open or pgstore.Open
	// LOCKSTEP_API_KEY: the key has 5 characters, but needs at least 32; make one with: openssl rand -hex 32
	// activation.continue_url: "foo" is not an absolute https URL; for example https://app.example.com/welcome
}

const (
	exampleKey    = "an-api-key-of-at-least-32-characters"
	exampleSecret = lockstep.Secret("whsec_ZXhhbXBsZQ==")
)

// exampleServer returns a server over a new SQLite database whose accounts come from the API.
func exampleServer(ctx context.Context, wrap func(lockstep.Store) lockstep.Store) (*server.Server, func()) {
	dir, err := os.MkdirTemp("", "lockstep-example-")
	if err != nil {
		log.Fatal(err)
	}
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "lockstep.db"))
	if err != nil {
		log.Fatal(err)
	}
	s, err := server.New(server.Config{Store: wrap(store), Identities: server.FromAPI,
		Stripe: server.Stripe{Key: "sk_test_example", WebhookSecrets: []lockstep.Secret{exampleSecret}},
		HTTP:   server.HTTP{APIKey: exampleKey}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	return s, func() {
		if err := store.Close(); err != nil {
			log.Print(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			log.Print(err)
		}
	}
}
