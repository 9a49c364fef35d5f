package doctor_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/doctor"
	"github.com/lockstep-dev/lockstep/internal/out/webhookout"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/sqlitestore"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	restrictedKey = "rk_test_of_this_test_that_is_long_enough"
	hook          = "https://lockstep.test/webhooks/stripe"
)

// kit is a healthy installation beside simulators.
type kit struct {
	*testing.T
	sim    *simulator.Simulator
	db     *sql.DB // of the store's file
	stripe *httptest.Server
	clerk  *httptest.Server
	http   *http.Client
	in     *doctor.Installation
}

// permissions are all that a restricted key needs.
var permissions = []string{"rak_customer_write", "rak_subscription_write", "rak_checkout_session_write",
	"rak_customer_portal_write", "rak_invoice_write", "rak_charge_read", "rak_payment_intent_read",
	"rak_payment_method_read", "rak_dispute_read", "rak_product_read", "rak_plan_read", "rak_event_read",
	"rak_webhook_read", "rak_entitlement_read"}

// healthy returns an installation in which nothing is wrong.
func healthy(t *testing.T) *kit {
	t.Helper()
	k := &kit{T: t, http: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}}
	t.Cleanup(k.http.CloseIdleConnections)
	var err error
	if k.sim, err = simulator.New(simulator.Config{PortalSaved: true,
		RestrictedKeys: map[string][]string{restrictedKey: permissions}}); err != nil {
		t.Fatal(err)
	}
	k.sim.SetStripeWebhooks([]simulator.WebhookEndpoint{endpoint()})
	k.sim.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2900, Interval: "month", Features: []string{"export"}})
	k.stripe, k.clerk = k.serve(k.sim.StripeHandler()), k.serve(k.sim.ClerkHandler())
	k.must(k.sim.SignUp(simulator.SignUp{Email: "ada@example.com", FirstName: "Ada"}))
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if k.db, err = sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = k.db.Close()
		_ = store.Close()
	})
	k.in = &doctor.Installation{Store: store, Projection: lockstep.DefaultProjectionKeys, Entitlements: true,
		Catalog:       lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro"}, Features: []string{"export"}}}},
		ReturnOrigins: []string{"https://app.test"},
		Stripe: doctor.Stripe{Client: k.billing(restrictedKey), Key: restrictedKey, Path: "/webhooks/stripe",
			Webhooks: []lockstep.Secret{"whsec_00000000000000000000000000000000"}},
		Clerk: &doctor.Clerk{Client: k.directory(simulator.DefaultClerkKey), Key: simulator.DefaultClerkKey,
			Webhooks: []lockstep.Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}}
	k.sample(lockstep.Comparison{State: lockstep.InSync})
	k.event("stripe", "evt_1", lockstep.Delivered, time.Minute)
	k.event("clerk", "msg_1", lockstep.Delivered, time.Minute)
	return k
}

// endpoint is as Lockstep wants it.
func endpoint() simulator.WebhookEndpoint {
	return simulator.WebhookEndpoint{URL: hook, Secret: "whsec_1", EnabledEvents: ingest.Types(lockstep.Stripe),
		APIVersion: stripebilling.APIVersion}
}

func (k *kit) serve(handler http.Handler) *httptest.Server {
	server := httptest.NewServer(handler)
	k.Cleanup(server.Close)
	return server
}

// must fails the test for an error.
func (k *kit) must(_ any, err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func (k *kit) billing(key lockstep.Secret) *stripebilling.Client {
	client, err := stripebilling.New(stripebilling.Config{Key: key, BaseURL: k.stripe.URL, HTTPClient: k.http,
		Limits: lockstep.Limits{PerSecond: 1e6}})
	if err != nil {
		k.Fatal(err)
	}
	return client
}

func (k *kit) directory(key lockstep.Secret) *clerkdirectory.Client {
	client, err := clerkdirectory.New(clerkdirectory.Config{Key: key, BaseURL: k.clerk.URL, HTTPClient: k.http,
		Limits: lockstep.Limits{PerSecond: 1e6}})
	if err != nil {
		k.Fatal(err)
	}
	return client
}

// post calls Stripe as its owner.
func (k *kit) post(path, form string) {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodPost, k.stripe.URL+path, strings.NewReader(form))
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := k.http.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		k.Fatalf("POST %s: %d", path, response.StatusCode)
	}
}

// execute changes the database behind the store's back.
func (k *kit) execute(statement string, args ...any) {
	k.Helper()
	if _, err := k.db.ExecContext(k.Context(), statement, args...); err != nil {
		k.Fatal(err)
	}
}

// event stores a processed event.
func (k *kit) event(source, id string, origin lockstep.Origin, ago time.Duration) {
	k.Helper()
	at := time.Now().Add(-ago).UnixMilli()
	k.execute(`insert into events (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at,
	key, generation, status, reason, body)
values (?, ?, 'customer.created', ?, '', '', '', ?, ?, null, 1, 'done', '', x'')`,
		source, id, string(origin), at, at)
}

// account stores an account.
func (k *kit) account(id, columns, values string) {
	k.Helper()
	k.execute("insert into accounts (kind, id, state, email, name, identity_updated_at, created_at, updated_at" + columns +
		") values ('user', '" + id + "', 'active', '', '', 0, 0, 0" + values + ")")
}

// work stores a key that ended with a disposition.
func (k *kit) work(key, disposition string) {
	k.Helper()
	k.execute(`insert into work (key, scope, priority, generation, done_generation, run_at, disposition)
values (?, 1, 1, 1, 1, 0, ?)`, key, disposition)
}

// webhook configures an endpoint of the app.
func (k *kit) webhook(url string, allowPrivate bool) {
	k.Helper()
	caller, err := webhookout.New([]webhookout.Endpoint{{ID: "app", URL: url, AllowPrivate: allowPrivate,
		Secrets: []lockstep.Secret{"whsec_a2l0LXdlYmhvb2stc2VjcmV0LW9mLXRoZS1raXQ="}}})
	if err != nil {
		k.Fatal(err)
	}
	k.Cleanup(caller.Close)
	k.in.Caller, k.in.Webhooks = caller, []string{"app"}
}

// run returns the findings, and the codes of the problems among them, sorted.
func (k *kit) run() (found []lockstep.Finding, codes []string) {
	k.Helper()
	doctor.Run(k.Context(), k.in, func(f lockstep.Finding) {
		found = append(found, f)
		if f.Code != "" {
			codes = append(codes, f.Code)
		}
	})
	slices.Sort(codes)
	return found, slices.Compact(codes)
}
