package stripebilling_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// least are the permissions that a restricted key needs, by the names in Stripe's Dashboard.
var least = map[string]string{"Customers": "rak_customer_write", "Subscriptions": "rak_subscription_write",
	"Checkout Sessions": "rak_checkout_session_write", "Customer portal": "rak_customer_portal_write",
	"Invoices": "rak_invoice_write", "Charges and Refunds": "rak_charge_read", "PaymentIntents": "rak_payment_intent_read",
	"Payment Methods": "rak_payment_method_read", "Disputes": "rak_dispute_read", "Products": "rak_product_read",
	"Prices": "rak_plan_read", "Events": "rak_event_read", "Webhook Endpoints": "rak_webhook_read",
	"Entitlements": "rak_entitlement_read"}

// restricted returns a client whose key lacks a permission, or has only Read of one; "" lacks none.
func restricted(t *testing.T, without string, instead ...string) (*simulator.Simulator, *stripebilling.Client) {
	t.Helper()
	has := maps.Clone(least)
	delete(has, without)
	sim, err := simulator.New(simulator.Config{RestrictedKeys: map[string][]string{
		"rk_test_1": append(slices.Collect(maps.Values(has)), instead...)}})
	if err != nil {
		t.Fatal(err)
	}
	return sim, clientOf(t, sim, "rk_test_1")
}

func clientOf(t *testing.T, sim *simulator.Simulator, key lockstep.Secret) *stripebilling.Client {
	t.Helper()
	server := httptest.NewServer(sim.StripeHandler())
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := stripebilling.New(stripebilling.Config{Key: key, BaseURL: server.URL,
		HTTPClient: &http.Client{Transport: transport}, Limits: lockstep.Limits{PerSecond: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestPermissionsAreFoundByTrying takes away one permission at a time.
func TestPermissionsAreFoundByTrying(t *testing.T) {
	t.Parallel()
	for name := range maps.Keys(least) {
		_, client := restricted(t, name)
		if got := missing(t, client.Permissions(t.Context(), true)); !slices.Equal(got, []string{name}) {
			t.Errorf("without %s: missing %q", name, got)
		}
	}
	for _, name := range []string{"Customers", "Subscriptions", "Checkout Sessions", "Customer portal", "Invoices"} {
		_, client := restricted(t, name, strings.TrimSuffix(least[name], "_write")+"_read")
		if got := missing(t, client.Permissions(t.Context(), true)); !slices.Equal(got, []string{name}) {
			t.Errorf("with only Read of %s: missing %q", name, got)
		}
	}
	_, client := restricted(t, "Entitlements")
	if got := missing(t, client.Permissions(t.Context(), false)); len(got) > 0 || !client.Restricted() {
		t.Errorf("entitlements are off: missing %q", got)
	}
}

func missing(t *testing.T, found []stripebilling.Permission) (names []string) {
	t.Helper()
	for _, p := range found {
		if p.Err != nil {
			t.Errorf("%s: %v", p.Name, p.Err)
		}
		if write := strings.HasSuffix(least[p.Name], "_write"); p.For == "" || p.Write != write || p.Level() == "" {
			t.Errorf("%+v", p)
		}
		if p.Missing {
			names = append(names, p.Name)
		}
	}
	return names
}

// TestTryingPermissionsChangesNothing: the requests that would write are about objects that do not exist.
func TestTryingPermissionsChangesNothing(t *testing.T) {
	t.Parallel()
	sim, client := restricted(t, "")
	if got := missing(t, client.Permissions(t.Context(), true)); len(got) > 0 {
		t.Fatalf("missing %q", got)
	}
	if c, s, e := len(sim.Customers()), len(sim.CheckoutSessions()), len(sim.Events()); c+s+e > 0 {
		t.Errorf("created %d customers, %d sessions, %d events", c, s, e)
	}
	for _, made := range sim.History() {
		if made.Status < 400 && made.Method != http.MethodGet {
			t.Errorf("%s %s was executed", made.Method, made.Path)
		}
	}
}

// TestAnUnknownKeyHasUnknownPermissions: a 401, or no answer at all, is no missing permission.
func TestAnUnknownKeyHasUnknownPermissions(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for ctx, key := range map[context.Context]lockstep.Secret{t.Context(): "sk_test_unknown", ended: simulator.DefaultStripeKey} {
		for _, p := range clientOf(t, sim, key).Permissions(ctx, true) {
			if p.Missing || p.Err == nil {
				t.Errorf("%+v", p)
			}
		}
	}
}

func TestUndeliveredEventsAreCounted(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	sim.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: "http://127.0.0.1:1/hook", Secret: "whsec_1"}})
	create(t, client, user) // its event stays pending, because nothing delivers
	now := sim.Now()
	for _, c := range []struct {
		types    []string
		from, to time.Time
		count    int
	}{
		{[]string{"customer.created"}, now.Add(-time.Hour), now.Add(time.Minute), 1},
		{[]string{"invoice.paid"}, now.Add(-time.Hour), now.Add(time.Minute), 0},
		{[]string{"customer.created"}, now.Add(-time.Hour), now.Add(-time.Minute), 0},
	} {
		count, more, err := client.Undelivered(t.Context(), c.types, c.from, c.to)
		if err != nil || more || count != c.count {
			t.Errorf("%v: %d %t %v, want %d", c.types, count, more, err, c.count)
		}
	}
}

func TestFeaturesAreListed(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	sim.AddPlan(simulator.Plan{LookupKey: "team", ProductName: "Team", Amount: 100, Interval: "month",
		Features: []string{"export", "sso"}})
	got, err := client.Features(t.Context())
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"export", "sso"}) {
		t.Errorf("%q %v", got, err)
	}
}
