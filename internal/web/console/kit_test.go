package console_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

const (
	apiKey  = "console-api-key-0123456789-0123456789"
	webhook = "whsec_a2l0LXdlYmhvb2stc2VjcmV0LWtpdA=="
	card    = "4242424242424242"
)

// patience is how long a test waits for a condition, on a slow machine.
const patience = 2 * time.Minute

// kit is Lockstep with its console over a real database and the simulators, on loopback.
type kit struct {
	testing.TB
	sim    *simulator.Simulator
	store  lockstep.Store
	server *server.Server
	config server.Config
	url    string
}

// start starts a kit. change may change the server's configuration.
func start(t testing.TB, change ...func(*server.Config)) *kit {
	t.Helper()
	k := &kit{TB: t}
	stripe, clerk, own := listen(t), listen(t), listen(t)
	k.url = "http://" + own.Addr().String()
	stripeURL, clerkURL := "http://"+stripe.Addr().String(), "http://"+clerk.Addr().String()
	var err error
	k.sim, err = simulator.New(simulator.Config{PortalSaved: true, StripeURL: stripeURL, ClerkURL: clerkURL,
		StripeWebhooks: []simulator.WebhookEndpoint{{URL: k.url + "/webhooks/stripe", Secret: webhook}},
		ClerkWebhooks:  []simulator.WebhookEndpoint{{URL: k.url + "/webhooks/clerk", Secret: webhook}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []simulator.Plan{
		{LookupKey: "pro", ProductName: "Pro", Amount: 2000, Currency: "usd", Interval: "month"},
		{LookupKey: "life", ProductName: "Life", Amount: 30000, Currency: "usd"},
	} {
		k.sim.AddPlan(plan)
	}
	if k.store, err = sqlitestore.Open(t.Context(), sqlitetest.Path(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.store.Close(); err != nil {
			t.Error(err)
		}
	})
	k.config = server.Config{Store: k.store, Log: slog.New(slog.DiscardHandler),
		HTTP: server.HTTP{APIKey: apiKey, ReturnOrigins: []string{"https://app.test"}},
		Catalog: lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro"}, Rank: 1,
			Features: []string{"export"}}, {Name: "life", LookupKeys: []string{"life"}, Rank: 2}}},
		Stripe: server.Stripe{Key: simulator.DefaultStripeKey, BaseURL: stripeURL,
			WebhookSecrets: []lockstep.Secret{webhook}},
		Clerk: server.Clerk{Key: simulator.DefaultClerkKey, BaseURL: clerkURL, Issuer: clerkURL,
			WebhookSecrets: []lockstep.Secret{webhook}},
		Sync: server.Sync{Workers: server.Workers{Grace: time.Second}}}
	for _, c := range change {
		c(&k.config)
	}
	if k.server, err = server.New(k.config); err != nil {
		t.Fatal(err)
	}
	serve(t, stripe, k.sim.StripeHandler())
	serve(t, clerk, k.sim.ClerkHandler())
	during(t, func(ctx context.Context) error { return k.server.Serve(ctx, own) })
	during(t, k.sim.Run)
	return k
}

// until waits for a condition.
func (k *kit) until(what string, so func() bool) {
	k.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			k.Fatalf("waited in vain: %s", what)
		}
	}
}

// person is a browser without scripts.
type person struct {
	*kit
	client *http.Client
}

// answer is what a person gets.
type answer struct {
	status int
	header http.Header
	body   string
	url    string // after redirects
}

// visitor is a person without a session.
func (k *kit) visitor() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		k.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: patience}
	k.Cleanup(client.CloseIdleConnections)
	return &person{k, client}
}

// signIn is a person who opened a link.
func (k *kit) signIn(role lockstep.ConsoleRole) *person {
	k.Helper()
	p := k.visitor()
	if got := p.open(k.link(role)); got.status != http.StatusOK || !strings.Contains(got.body, "signs you in once") {
		k.Fatalf("the page of the link: %d %s", got.status, got.body)
	}
	got := p.post("/console/sign-in", "link", linkSecret(k.link(role)))
	if got.status != http.StatusOK && got.status != http.StatusNotFound {
		k.Fatalf("sign in: %d %s", got.status, got.body)
	}
	return p
}

// link creates a link, as a path.
func (k *kit) link(role lockstep.ConsoleRole) string {
	k.Helper()
	path, err := k.server.ConsoleLink(k.Context(), "anna", role)
	if err != nil {
		k.Fatal(err)
	}
	return path
}

func linkSecret(path string) string {
	_, secret, _ := strings.Cut(path, "link=")
	return secret
}

// open follows a link.
func (p *person) open(path string) answer {
	p.Helper()
	return p.send(http.MethodGet, path, nil, "Sec-Fetch-Site", "same-origin")
}

// post sends a form of the console's own page: names and values in turn.
func (p *person) post(path string, pairs ...string) answer {
	p.Helper()
	return p.send(http.MethodPost, path, form(pairs...), "Sec-Fetch-Site", "same-origin", "Origin", p.url)
}

func form(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values
}

// send sends a request with headers: names and values in turn.
func (p *person) send(method, path string, content url.Values, headers ...string) answer {
	p.Helper()
	request, err := http.NewRequestWithContext(p.Context(), method, p.url+path, strings.NewReader(content.Encode()))
	if err != nil {
		p.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := p.client.Do(request)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read completely
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body), response.Request.URL.String()}
}

var tokenField = regexp.MustCompile(`name="token" value="([0-9a-f]+)"`)

// token is the secret in a page's forms.
func (p *person) token() string {
	p.Helper()
	found := tokenField.FindStringSubmatch(p.open("/console/audit").body)
	if found == nil {
		p.Fatal("the page has no token")
	}
	return found[1]
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func serve(t testing.TB, l net.Listener, handler http.Handler) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	if err := s.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
}

// during runs something until the test ends.
func during(t testing.TB, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
