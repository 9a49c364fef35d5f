package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// Sell a plan and verify who has access, against the Stripe simulator: create an account, start a checkout,
// pay, and ask POST /v1/check before and after.
func Example_checkAccess() {
	ctx, stop := context.WithCancel(context.Background())
	dir, err := os.MkdirTemp("", "lockstep-example-")
	must(err)
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "lockstep.db"))
	must(err)

	// The simulator delivers signed webhooks to our server, as Stripe does.
	stripe, ours := localListener(), localListener()
	sim, err := simulator.New(simulator.Config{
		StripeURL: "http://" + stripe.Addr().String(),
		StripeWebhooks: []simulator.WebhookEndpoint{
			{URL: "http://" + ours.Addr().String() + server.DefaultStripePath, Secret: "whsec_ZXhhbXBsZQ=="}},
	})
	must(err)
	sim.AddPlan(simulator.Plan{LookupKey: "pro_monthly", ProductName: "Pro", Amount: 2000, Currency: "usd", Interval: "month"})
	simulated := &http.Server{Handler: sim.StripeHandler(), ReadHeaderTimeout: time.Second}
	go func() { _ = simulated.Serve(stripe) }()
	go func() { _ = sim.Run(ctx) }()

	s, err := server.New(server.Config{
		Store: store, Identities: server.FromAPI, Log: slog.New(slog.DiscardHandler),
		Stripe: server.Stripe{Key: simulator.DefaultStripeKey, BaseURL: "http://" + stripe.Addr().String(),
			WebhookSecrets: []lockstep.Secret{"whsec_ZXhhbXBsZQ=="}},
		HTTP: server.HTTP{APIKey: "an-api-key-of-at-least-32-characters"},
		Catalog: lockstep.Catalog{Plans: []lockstep.Plan{
			{Name: "pro", LookupKeys: []string{"pro_monthly"}, Features: []string{"export"}}}},
	})
	must(err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ours) }()
	api := client{"http://" + ours.Addr().String()}

	api.call(http.MethodPut, "/v1/accounts/user/42", `{"email":"ada@example.com"}`)
	check := `{"account":"user/42","feature":"export"}`
	fmt.Println("before:", api.call(http.MethodPost, "/v1/check", check)["allowed"])

	api.call(http.MethodPost, "/v1/checkout",
		`{"account":"user/42","lookup_key":"pro_monthly","success_url":"https://app.example.com/"}`)
	must(sim.PayCheckout(sim.CheckoutSessions()[0].ID, "4242424242424242"))
	for api.call(http.MethodPost, "/v1/check", check)["allowed"] != true {
		time.Sleep(10 * time.Millisecond) // until the webhook arrived
	}
	fmt.Println("after: true")

	stop()
	must(<-served)
	must(simulated.Close())
	must(store.Close())
	must(os.RemoveAll(dir))
	// Output:
	// before: false
	// after: true
}

// client calls the API with the API key.
type client struct{ url string }

func (c client) call(method, path, body string) (answer map[string]any) {
	r, err := http.NewRequestWithContext(context.Background(), method, c.url+path, strings.NewReader(body))
	must(err)
	r.Header.Set("Authorization", "Bearer an-api-key-of-at-least-32-characters")
	r.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{}).Do(r)
	must(err)
	defer response.Body.Close()
	must(json.NewDecoder(response.Body).Decode(&answer))
	if response.StatusCode >= http.StatusBadRequest {
		log.Fatal(answer["detail"])
	}
	return answer
}

func localListener() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	return listener
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
