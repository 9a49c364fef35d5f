package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

const (
	apiKey  = "kit-api-key-0123456789-0123456789"
	webhook = "whsec_a2l0LXdlYmhvb2stc2VjcmV0LWtpdA=="
	card    = "4242424242424242"
)

// patience is how long a test waits for a condition, on a slow machine.
const patience = 3 * time.Minute

// kit is Lockstep over a real database and the simulators, on loopback. It checks every answer against the OpenAPI
// document.
type kit struct {
	testing.TB
	sim      *simulator.Simulator
	store    lockstep.Store
	config   server.Config // of the running server
	url      string
	prices   map[string]string // by lookup key
	client   *http.Client
	document *openapi3.T
	mu       *sync.Mutex
	good     map[string]bool // the operations that succeeded as documented
}

// answer is the answer to a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// start starts a kit. change may change the server's configuration.
func start(t testing.TB, change ...func(*server.Config)) *kit {
	t.Helper()
	k := &kit{TB: t, prices: map[string]string{}, mu: new(sync.Mutex), good: map[string]bool{},
		client: &http.Client{Timeout: patience}}
	t.Cleanup(k.client.CloseIdleConnections)
	stripe, clerk, lock := listen(t), listen(t), listen(t)
	k.url = "http://" + lock.Addr().String()
	var err error
	k.sim, err = simulator.New(simulator.Config{
		PortalSaved: true,
		StripeURL:   "http://" + stripe.Addr().String(), ClerkURL: "http://" + clerk.Addr().String(),
		StripeWebhooks: []simulator.WebhookEndpoint{{URL: k.url + "/webhooks/stripe", Secret: webhook}},
		ClerkWebhooks:  []simulator.WebhookEndpoint{{URL: k.url + "/webhooks/clerk", Secret: webhook}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []simulator.Plan{
		{LookupKey: "basic", ProductName: "Basic", Amount: 500, Currency: "usd", Interval: "month"},
		{LookupKey: "pro", ProductName: "Pro", Amount: 2000, Currency: "usd", Interval: "month"},
		{LookupKey: "life", ProductName: "Life", Amount: 30000, Currency: "usd"},
	} {
		k.prices[plan.LookupKey] = k.sim.AddPlan(plan)
	}
	serve(t, stripe, k.sim.StripeHandler())
	serve(t, clerk, k.sim.ClerkHandler())

	if k.store, err = sqlitestore.Open(t.Context(), sqlitetest.Path(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.store.Close(); err != nil {
			t.Error(err)
		}
	})
	k.config = server.Config{
		Store: k.store, Log: slog.New(slog.DiscardHandler),
		HTTP: server.HTTP{APIKey: apiKey, ReturnOrigins: []string{"https://app.test"}},
		Catalog: lockstep.Catalog{Plans: []lockstep.Plan{
			{Name: "basic", LookupKeys: []string{"basic"}, Rank: 1, Features: []string{"notes"}},
			{Name: "pro", LookupKeys: []string{"pro"}, Rank: 2, Features: []string{"notes", "export"},
				Limits: map[string]int64{"notes": 100}},
			{Name: "life", LookupKeys: []string{"life"}, Rank: 3, Features: []string{"notes", "archive"}},
		}},
		Stripe: server.Stripe{Key: simulator.DefaultStripeKey, BaseURL: "http://" + stripe.Addr().String(),
			WebhookSecrets: []lockstep.Secret{webhook}},
		Clerk: server.Clerk{Key: simulator.DefaultClerkKey, BaseURL: "http://" + clerk.Addr().String(), Issuer: "http://" +
			clerk.Addr().String(),
			WebhookSecrets: []lockstep.Secret{webhook}},
		Sync: server.Sync{Workers: server.Workers{Grace: time.Second}},
	}
	for _, c := range change {
		c(&k.config)
	}
	lockstep := k.another()
	during(t, func(ctx context.Context) error { return lockstep.Serve(ctx, lock) })
	during(t, k.sim.Run)

	k.document = k.read()
	k.until("the sweeps at the start are done", k.swept)
	return k
}

// swept reports whether the sweeps at the start are done. A late one would find events that a test holds back.
func (k *kit) swept() bool {
	for _, key := range sweep.Keys() {
		work, err := k.store.Work(k.Context(), key)
		if err != nil || work.Disposition != lockstep.Done || time.Until(work.RunAt) < time.Minute {
			return false
		}
	}
	return true
}

// another returns another server over the same database.
func (k *kit) another() *server.Server {
	k.Helper()
	s, err := server.New(k.config)
	if err != nil {
		k.Fatal(err)
	}
	return s
}

// read reads and validates the document.
func (k *kit) read() *openapi3.T {
	k.Helper()
	response, err := k.client.Get(k.url + "/openapi.json")
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		k.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		k.Fatalf("the document cannot be read: %v", err)
	}
	if err := document.Validate(k.Context()); err != nil {
		k.Fatalf("the document is not valid: %v", err)
	}
	return document
}

// call sends a request to the API, with key if it is not empty, and checks the answer against the document. A
// header is "Name: value".
func (k *kit) call(method, path, key, body string, headers ...string) answer {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), method, k.url+path, strings.NewReader(body))
	if err != nil {
		k.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := k.client.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		k.Fatal(err)
	}
	a := answer{response.StatusCode, response.Header, string(text)}
	k.judge(request, a)
	return a
}

// judge checks an answer against the document.
func (k *kit) judge(request *http.Request, a answer) {
	k.Helper()
	template, operation := k.operation(request.Method, request.URL.Path)
	if operation == nil {
		k.Errorf("%s %s is not in the document", request.Method, request.URL.Path)
		return
	}
	if a.status >= 400 && a.header.Get("Content-Type") != "application/problem+json" {
		k.Errorf("%s %s: %d comes as %s", request.Method, request.URL.Path, a.status, a.header.Get("Content-Type"))
	}
	err := openapi3filter.ValidateResponse(k.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request,
			Route: &routers.Route{Spec: k.document, Path: template, Method: request.Method, Operation: operation}},
		Status: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		k.Errorf("%s %s: %d is not as documented: %v\n%s", request.Method, request.URL.Path, a.status, err, a.body)
	} else if a.status < 300 {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.good[operation.OperationID] = true
	}
}

// operation finds the operation of a path. The template with the fewest parameters wins.
func (k *kit) operation(method, path string) (template string, found *openapi3.Operation) {
	parts := strings.Split(path, "/")
	fewest := len(parts) + 1
	for candidate, item := range k.document.Paths.Map() {
		names := strings.Split(candidate, "/")
		parameters, same := 0, len(names) == len(parts)
		for i := 0; same && i < len(names); i++ {
			if strings.HasPrefix(names[i], "{") {
				parameters++
			} else {
				same = names[i] == parts[i]
			}
		}
		if o := item.GetOperation(method); same && o != nil && parameters < fewest {
			template, found, fewest = candidate, o, parameters
		}
	}
	return template, found
}

// signUp creates a user, and waits until Lockstep has created the customer.
func (k *kit) signUp(email string) lockstep.Account {
	k.Helper()
	user, err := k.sim.SignUp(simulator.SignUp{Email: email, FirstName: "Ada", LastName: "Lovelace"})
	if err != nil {
		k.Fatal(err)
	}
	account := lockstep.Account{Kind: lockstep.User, ID: user.ID}
	k.until("the account has a customer", func() bool {
		record, err := k.store.Account(k.Context(), account)
		return err == nil && record.Live()
	})
	return account
}

// buy pays for a plan, and waits until the database and then the server show the access: a reader may see the commit
// before the server does.
func (k *kit) buy(account lockstep.Account, lookupKey string) {
	k.Helper()
	a := k.call(http.MethodPost, "/v1/checkout", apiKey,
		`{"account":"`+account.String()+`","lookup_key":"`+lookupKey+`","success_url":"https://app.test/"}`)
	if a.status != http.StatusOK {
		k.Fatalf("checkout: %d %s", a.status, a.body)
	}
	sessions := k.sim.CheckoutSessions()
	if err := k.sim.PayCheckout(sessions[len(sessions)-1].ID, card); err != nil {
		k.Fatal(err)
	}
	k.until("the purchase grants access", func() bool {
		record, err := k.store.Account(k.Context(), account)
		return err == nil && k.config.Catalog.Decide(record.Subscriptions, record.Licenses, time.Now()).Plan == lookupKey
	})
	k.until("the server knows it too", func() bool {
		return as[lockstep.Access](k,
			k.access(account, "")).Plan == lookupKey
	})
}

// token returns a session token of a user, with an active organization if organizationID is not empty.
func (k *kit) token(user lockstep.Account, organizationID string) string {
	k.Helper()
	token, err := k.sim.SessionToken(user.ID, organizationID)
	if err != nil {
		k.Fatal(err)
	}
	return token
}

// until waits for a condition.
func (k *kit) until(what string, holds func() bool) {
	k.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			k.Fatalf("timed out: %s", what)
		}
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func serve(t testing.TB, listener net.Listener, handler http.Handler) {
	web := httptest.NewUnstartedServer(handler)
	if err := web.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	web.Listener = listener
	web.Start()
	t.Cleanup(web.Close)
}

// during runs run until the test ends.
func during(t testing.TB, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
