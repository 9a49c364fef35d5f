package simtest

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

const (
	stripeKey     = "sk_test_world"
	clerkKey      = "sk_test_world"
	stripeWebhook = "whsec_d29ybGQtc3RyaXBlLXNlY3JldA=="
	clerkWebhook  = "whsec_d29ybGQtY2xlcmstc2VjcmV0LWs="
	apiKey        = "world-api-key-0123456789-0123456789"
	serviceHost   = "lockstep.test"
	stripeHost    = "stripe.test"
	clerkHost     = "clerk.test"

	listenerHost   = "listener.test"
	listenerSecret = "whsec_d29ybGQtbGlzdGVuZXItc2VjcmV0LXdvcmxk"
)

// catalog has two plans and a license. The checker knows them independently.
var catalog = lockstep.Catalog{Plans: []lockstep.Plan{
	{Name: "basic", LookupKeys: []string{"basic"}, Rank: 1, Features: []string{"notes"},
		Limits: map[string]int64{"notes": 10}},
	{Name: "pro", LookupKeys: []string{"pro"}, Rank: 2, Features: []string{"notes", "export"},
		Limits: map[string]int64{"notes": 100}},
	{Name: "life", LookupKeys: []string{"life"}, Rank: 3, Features: []string{"notes", "export"},
		Limits: map[string]int64{"notes": 50}},
	{Name: "pass", LookupKeys: []string{"pass"}, Features: []string{"notes"}, Duration: passFor},
}}

// How often the sweeps begin: seldom, for virtual months are to be cheap.
const (
	scanEvery = 6 * time.Hour
	listEvery = 12 * time.Hour
)

// doom is the call at which a process dies: before the call leaves, or after it took effect but before the answer is
// read.
type doom struct {
	method, path string // prefix of the path
	answered     bool
	struck       chan struct{}
	once         sync.Once
}

// strike cuts the process off if the call is its doom. On nil it does nothing.
func (d *doom) strike(p *party, r *http.Request, answered bool) error {
	if d == nil || d.answered != answered || r.Method != d.method || !strings.HasPrefix(r.URL.Path, d.path) {
		return nil
	}
	p.cut()
	d.once.Do(func() { close(d.struck) })
	return errDead
}

// service is one process of Lockstep.
type service struct {
	store  lockstep.Store
	party  *party
	stop   context.CancelFunc
	done   chan error
	closed bool
}

// boot starts Lockstep on the world's database file.
func (w *world) boot() *service {
	t, net, seer, doom := w.t, w.net, w.oracle, w.doom
	if !w.downSince.IsZero() {
		w.away = w.away || time.Since(w.downSince) > 3*24*time.Hour
		w.downSince = time.Time{}
	}
	store, err := sqlitestore.Open(t.Context(), filepath.Join(w.dir, "lockstep.db"))
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	s := &service{store: store, party: net.party(), done: make(chan error, 1)}
	s.party.watch = func(r *http.Request) error {
		if err := doom.strike(s.party, r, false); err != nil {
			return err
		}
		seer.checkOrder(store, r)
		return seer.countWrite(r)
	}
	s.party.answered = func(r *http.Request) error { return doom.strike(s.party, r, true) }
	plans := catalog
	plans.PartialRefund, plans.PastDueGrace = partially(net.seed), grace(net.seed)
	config := server.Config{
		Store: watched{store, seer}, Catalog: plans, Log: w.serviceLog,
		HTTP:   server.HTTP{APIKey: apiKey, ReturnOrigins: []string{"https://app.test"}},
		Email:  server.Email{Mailer: w.mailServer, App: "World", Domain: "world.test"},
		Seats:  lockstep.SeatPolicy{Follow: follows(net.seed), Minimum: leastSeats},
		Buying: server.Buying{Policy: server.BuyingPolicy{Several: several(net.seed)}},
		Webhooks: []server.Webhook{{ID: "app", URL: "http://" + listenerHost + "/",
			Events: []string{"account.access_changed"}, AllowPrivate: true,
			Secrets: []lockstep.Secret{listenerSecret}, HTTPClient: s.party.client(10 * time.Second)}},
		Stripe: server.Stripe{Key: stripeKey, BaseURL: "http://" + stripeHost,
			WebhookSecrets: []lockstep.Secret{stripeWebhook}, HTTPClient: s.party.client(10 * time.Second)},
		Clerk: server.Clerk{Key: clerkKey, BaseURL: "http://" + clerkHost, Issuer: "http://" + clerkHost,
			AuthorizedParties: []string{"https://app.test"},
			WebhookSecrets:    []lockstep.Secret{clerkWebhook}, HTTPClient: s.party.client(10 * time.Second)},
		Sync: server.Sync{
			// The bubble's one process wakes itself; polling would only cost time.
			Memory: server.Memory{Accounts: 3}, // fewer than there are accounts
			// A world has thousands of idle minutes.
			NoStatistics: true,
			Workers:      server.Workers{Poll: 24 * time.Hour, Grace: time.Second},
			// No full verify: it would repair what everything else must get right by itself.
			Intervals: server.Intervals{Events: scanEvery, Directory: listEvery, Accounts: 20 * 365 * 24 * time.Hour,
				Retention: listEvery}},
	}
	if w.change != nil {
		w.change(&config)
	}
	lock, err := server.New(config)
	if err != nil {
		t.Fatalf("create the server: %v", err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s.stop = stop
	listener := net.listen(serviceHost)
	go func() { s.done <- lock.Serve(ctx, listener) }()
	return s
}

// end stops the service as SIGTERM would.
func (s *service) end(t *testing.T) {
	s.stop()
	if err := <-s.done; err != nil {
		t.Errorf("service ended with: %v", err)
	}
	s.party.cut()
	if err := s.store.Close(); err != nil {
		t.Errorf("close store: %v", err)
	}
}

// kill ends the service as kill -9 would: from one moment on, nothing that it does has an effect. Its errors on the
// way down do not matter.
func (s *service) kill() {
	s.party.cut()
	closed := s.store.Close()
	s.stop()
	_, _ = closed, <-s.done
}
