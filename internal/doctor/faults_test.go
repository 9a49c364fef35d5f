package doctor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/doctor"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/simulator"
)

// fault is something wrong, and what the checks must say: exactly these codes.
type fault struct {
	plant  func(k *kit)
	codes  string
	detail string // in the finding of the first code
}

func TestAHealthyInstallationHasNoProblem(t *testing.T) {
	t.Parallel()
	found, codes := healthy(t).run()
	for _, f := range found {
		if f.Level != lockstep.FindingOK || f.Detail == "" || f.Check == "" || f.Why != "" || f.Fix != "" {
			t.Errorf("%+v", f)
		}
	}
	if len(codes) > 0 || len(found) < 20 {
		t.Errorf("%q in %d findings", codes, len(found))
	}
}

// TestEachFaultIsNamed plants one fault at a time.
func TestEachFaultIsNamed(t *testing.T) {
	t.Parallel()
	for name, f := range allFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := healthy(t)
			f.plant(k)
			found, codes := k.run()
			want := strings.Fields(f.codes)
			if sorted := slices.Sorted(slices.Values(want)); !slices.Equal(codes, sorted) {
				t.Fatalf("found %q, want %q: %+v", codes, want, found)
			}
			at := slices.IndexFunc(found, func(f lockstep.Finding) bool { return f.Code == want[0] })
			if got := found[at]; !strings.Contains(got.Detail, f.detail) || got.Why == "" || got.Fix == "" {
				t.Errorf("%+v, want …%s…", got, f.detail)
			}
		})
	}
}

// TestEachProblemIsPlanted: a problem that no test causes may never be found.
func TestEachProblemIsPlanted(t *testing.T) {
	t.Parallel()
	planted := map[string]bool{"check_unfinished": true} // TestACheckThatHangsDelaysNoOther
	for _, f := range allFaults() {
		for _, code := range strings.Fields(f.codes) {
			planted[code] = true
		}
	}
	seen := map[string]bool{}
	for _, p := range doctor.Problems() {
		if !planted[p.Code] {
			t.Errorf("no test plants %s", p.Code)
		}
		if seen[p.Code] || p.Why == "" || p.Fix == "" {
			t.Errorf("declared twice, or without reason or fix: %+v", p)
		}
		seen[p.Code] = true
	}
}

func allFaults() map[string]fault {
	all := map[string]fault{}
	for _, some := range []map[string]fault{localFaults, stripeFaults, clerkFaults, databaseFaults, catalogFaults,
		outgoingFaults, workFaults} {
		for name, f := range some {
			all[name] = f
		}
	}
	return all
}

var localFaults = map[string]fault{
	"an invalid setting": {func(k *kit) {
		k.in.Invalid = []error{errors.New("workers.slots: -1 is not a number of slots; try 32")}
	}, "configuration_invalid", "workers.slots: -1 is not a number of slots"},
	"no return origin": {func(k *kit) { k.in.ReturnOrigins = nil }, "return_origins_missing", ""},
	"a local origin in live mode": {func(k *kit) {
		k.in.ReturnOrigins, k.in.Stripe.Key = []string{"http://localhost:3000"}, "sk_live_1"
	}, "return_origin_local", "http://localhost:3000"},
	"an origin without TLS": {func(k *kit) { k.in.ReturnOrigins = []string{"http://app.test"} }, "return_origin_plain", "http://app.test"},
	"an origin that Clerk's tokens do not name": {func(k *kit) { k.in.Clerk.AuthorizedParties = []string{"https://other.test"} },
		"origin_not_authorized", "https://app.test"},
	"a key of unknown mode": {func(k *kit) { k.in.Clerk.Key = "sk_something" }, "key_mode_unknown", "CLERK_SECRET_KEY"},
	"a key that was cut off": {func(k *kit) { k.in.Stripe.Key, k.in.Stripe.Real = "sk_test_51abc", true }, "key_short",
		"STRIPE_SECRET_KEY has only 13 characters"},
	"Stripe's key at Clerk": {func(k *kit) {
		k.in.Clerk.Key, k.in.Clerk.Real = lockstep.Secret("sk_test_51"+strings.Repeat("a", 97)), true
	}, "key_of_stripe", "CLERK_SECRET_KEY"},
	"a secret that was cut off": {func(k *kit) {
		k.in.Stripe.Real, k.in.Stripe.Webhooks = true, []lockstep.Secret{"whsec_abc"}
	}, "webhook_secret_short", "STRIPE_WEBHOOK_SECRET has only 9"},
	"Clerk's secret that was cut off": {func(k *kit) {
		k.in.Clerk.Key, k.in.Clerk.Real, k.in.Clerk.Webhooks = lockstep.Secret("sk_test_"+strings.Repeat("a", 42)), true, []lockstep.Secret{"whsec_bG9ja3N0ZXA="}
	}, "webhook_secret_short", "CLERK_WEBHOOK_SIGNING_SECRET"},
	"Clerk's secret at Stripe": {func(k *kit) {
		k.in.Stripe.Real, k.in.Stripe.Webhooks = true, []lockstep.Secret{"whsec_MfKQ9r8GKYqrTwj/PD8ILPZIo2LaLaSw"}
	}, "webhook_secret_of_clerk", "STRIPE_WEBHOOK_SECRET"},
	"a secret of stripe listen in live mode": {func(k *kit) {
		k.in.Stripe.Real, k.in.Stripe.Key = true, lockstep.Secret("rk_live_"+strings.Repeat("a", 99))
		k.in.Stripe.Webhooks = []lockstep.Secret{lockstep.Secret("whsec_" + strings.Repeat("0a", 32))}
	}, "webhook_secret_of_cli", "stripe listen"},
	"features that do not fit": {func(k *kit) {
		k.in.Catalog.Plans[0].Features = slices.Repeat([]string{"a-feature-with-a-long-name"}, 50)
	}, "projection_cut", `"pro" does not fit into 1000 bytes`},
	"a large budget": {func(k *kit) { k.in.Projection.Budget = 4000 }, "projection_over_token", "4000"},
}

// withKey gives Stripe a key with other permissions.
func withKey(k *kit, without string, instead ...string) {
	sim, err := simulator.New(simulator.Config{RestrictedKeys: map[string][]string{restrictedKey: append(
		slices.DeleteFunc(slices.Clone(permissions), func(p string) bool { return p == without }), instead...)}})
	if err != nil {
		k.Fatal(err)
	}
	sim.SetStripeWebhooks([]simulator.WebhookEndpoint{endpoint()})
	sim.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro", Amount: 2900, Interval: "month", Features: []string{"export"}})
	k.stripe = k.serve(sim.StripeHandler())
	k.in.Stripe.Client = k.billing(restrictedKey)
}

// hooks replaces Stripe's endpoints.
func hooks(k *kit, change ...func(*simulator.WebhookEndpoint)) {
	var all []simulator.WebhookEndpoint
	for _, c := range change {
		e := endpoint()
		c(&e)
		all = append(all, e)
	}
	k.sim.SetStripeWebhooks(all)
}

// fails makes Stripe answer some requests with a status.
func fails(k *kit, side, path string, status int) {
	k.sim.AddFault(simulator.Fault{Side: side, Path: path, Status: status})
}

var stripeFaults = map[string]fault{
	"a wrong Stripe key":     {func(k *kit) { k.in.Stripe.Client = k.billing("sk_test_wrong") }, "stripe_key_refused", "status 401"},
	"Stripe does not answer": {func(k *kit) { k.stripe.Close() }, "stripe_unreachable", "refused"},
	"a permission is missing": {func(k *kit) { withKey(k, "rak_invoice_write", "rak_invoice_read") }, "permission_missing",
		"Invoices: Write"},
	"doctor's own permission is missing": {func(k *kit) { withKey(k, "rak_webhook_read") }, "permission_missing endpoint_unread",
		"Webhook Endpoints: Read"},
	"a permission cannot be tried": {func(k *kit) { fails(k, "stripe", "/v1/disputes/*", 500) }, "permission_unknown", "Disputes"},
	"no endpoint":                  {func(k *kit) { hooks(k) }, "endpoint_missing", "/webhooks/stripe"},
	"an endpoint elsewhere": {func(k *kit) { hooks(k, func(e *simulator.WebhookEndpoint) { e.URL = "https://lockstep.test/other" }) },
		"endpoint_missing", "/webhooks/stripe"},
	"a disabled endpoint": {func(k *kit) {
		all, err := k.in.Stripe.Client.WebhookEndpoints(k.Context())
		k.must(all, err)
		k.post("/v1/webhook_endpoints/"+all[0].ID, "disabled=true")
	}, "endpoint_disabled", hook},
	"types are missing": {func(k *kit) {
		hooks(k, func(e *simulator.WebhookEndpoint) { e.EnabledEvents = []string{"customer.created"} })
	}, "endpoint_types_missing", "checkout.session.completed"},
	"types too many": {func(k *kit) {
		hooks(k, func(e *simulator.WebhookEndpoint) { e.EnabledEvents = append(e.EnabledEvents, "payout.paid") })
	}, "endpoint_types_extra", "also receives payout.paid"},
	"all types":  {func(k *kit) { hooks(k, func(e *simulator.WebhookEndpoint) { e.EnabledEvents = nil }) }, "endpoint_types_extra", "all types (*)"},
	"no version": {func(k *kit) { hooks(k, func(e *simulator.WebhookEndpoint) { e.APIVersion = "" }) }, "endpoint_version_unpinned", hook},
	"two endpoints": {func(k *kit) {
		k.post("/v1/webhook_endpoints", "url="+hook+"&api_version="+endpoint().APIVersion+"&enabled_events[]="+
			strings.Join(ingest.Types(lockstep.Stripe), "&enabled_events[]="))
	}, "endpoint_duplicate", hook},
	"deliveries fail": {func(k *kit) {
		k.answer("/v1/events", `{"object":"list","data":[{"id":"evt_9","object":"event","type":"invoice.paid"},
			{"id":"evt_8","object":"event","type":"payout.paid"}],"has_more":false,"url":"/v1/events"}`)
	}, "deliveries_failing", "1 events"},
	"nothing was ever delivered": {func(k *kit) { k.execute("delete from events where source = 'stripe'") },
		"stripe_secret_unverified", "no delivery has arrived yet"},
	"a wrong signing secret": {func(k *kit) { k.execute("update events set origin = 'scan' where source = 'stripe'") },
		"stripe_deliveries_missing", "the last 1 event"},
	"deliveries stopped": {func(k *kit) {
		k.execute("update events set received_at = received_at - 7200000 where source = 'stripe'")
		k.event("stripe", "evt_2", lockstep.Scanned, time.Minute)
	}, "stripe_deliveries_late", "found 1 event since"},
	"another mode's database": {func(k *kit) {
		k.execute("insert into instances (provider, id, generation, key_digest, accepted_at) values ('stripe', 'live', 0, '', 0)")
	}, "stripe_mode_foreign", "the database holds live customers"},
	"a clock that is a little off": {func(k *kit) { k.off(30 * time.Second) }, "clock_off", "s behind Stripe"},
	"a clock that is wrong":        {func(k *kit) { k.off(-time.Hour) }, "clock_wrong", "ahead of Stripe"},
}

// answer makes Stripe answer every request for a path with a body.
func (k *kit) answer(path, body string) {
	k.stripe = k.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			_, _ = w.Write([]byte(body))
			return
		}
		k.sim.StripeHandler().ServeHTTP(w, r)
	}))
	k.in.Stripe.Client = k.billing(restrictedKey)
}

// off sets Stripe's clock.
func (k *kit) off(by time.Duration) {
	k.stripe = k.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
		k.sim.StripeHandler().ServeHTTP(w, r)
	}))
	k.in.Stripe.Client = k.billing(restrictedKey)
}

var clerkFaults = map[string]fault{
	"a wrong Clerk key":     {func(k *kit) { k.in.Clerk.Client = k.directory("sk_test_wrong") }, "clerk_key_refused", "status 401"},
	"Clerk does not answer": {func(k *kit) { k.clerk.Close() }, "clerk_unreachable", "refused"},
	"an empty instance": {func(k *kit) {
		for _, u := range k.sim.Users() {
			if err := k.sim.DeleteUser(u.ID); err != nil {
				k.Fatal(err)
			}
		}
	}, "clerk_empty", "has no users"},
	"another instance's id": {func(k *kit) { k.in.Clerk.InstanceID = "ins_other" }, "clerk_instance_id_wrong", "ins_other"},
	"no signing secret":     {func(k *kit) { k.in.Clerk.Webhooks = nil }, "clerk_polled", ""},
	"nothing delivered yet": {func(k *kit) { k.execute("delete from events where source = 'clerk'") }, "clerk_secret_unverified", ""},
	"a wrong Clerk secret": {func(k *kit) {
		k.execute("delete from events where source = 'clerk'")
		k.account("user_1", "", "")
	}, "clerk_deliveries_missing", "knows accounts"},
	"another instance's database": {func(k *kit) {
		k.execute("insert into instances (provider, id, generation, key_digest, accepted_at) values ('clerk', 'ins_former', 0, '', 0)")
	}, "clerk_instance_foreign", "but the database to ins_former"},
	"accounts of a former instance": {func(k *kit) {
		k.execute("insert into instances (provider, id, generation, key_digest, accepted_at) values ('clerk', ?, 1, '', 0)", k.sim.ClerkInstances()[0])
		k.account("user_1", ", customer_id", ", 'cus_1'")
	}, "accounts_without_successor", "no successor"},
	"metadata of the app": {func(k *kit) {
		k.patch("/v1/users/"+k.sim.Users()[0].ID+"/metadata", `{"public_metadata":{"notes":"`+strings.Repeat("a", 7900)+`"}}`)
	}, "metadata_nearly_full", "1 user of the newest"},
}

// patch calls Clerk.
func (k *kit) patch(path, body string) {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodPatch, k.clerk.URL+path, strings.NewReader(body))
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultClerkKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := k.http.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		k.Fatalf("PATCH %s: %d", path, response.StatusCode)
	}
}

// plans replaces the catalog.
func plans(k *kit, all ...lockstep.Plan) { k.in.Catalog.Plans = all }

var catalogFaults = map[string]fault{
	"a lookup key that no price has": {func(k *kit) { plans(k, lockstep.Plan{Name: "pro", LookupKeys: []string{"prp"}}) }, "price_unknown",
		`lookup key "prp"`},
	"a price that does not exist":   {func(k *kit) { plans(k, lockstep.Plan{Name: "pro", Prices: []string{"price_gone"}}) }, "price_unknown", `price "price_gone"`},
	"a product that does not exist": {func(k *kit) { plans(k, lockstep.Plan{Name: "pro", Products: []string{"prod_gone"}}) }, "price_unknown", `product "prod_gone"`},
	"an inactive price": {func(k *kit) {
		id := k.sim.AddPlan(simulator.Plan{ProductName: "Old", Amount: 100, Interval: "month"})
		k.post("/v1/prices/"+id, "active=false")
		plans(k, lockstep.Plan{Name: "old", Prices: []string{id}})
	}, "price_inactive", "is inactive"},
	"a price of two plans": {func(k *kit) {
		id := k.sim.AddPlan(simulator.Plan{LookupKey: "team", ProductName: "Team", Amount: 100, Interval: "month"})
		plans(k, lockstep.Plan{Name: "team", LookupKeys: []string{"team"}}, lockstep.Plan{Name: "group", Prices: []string{id}})
	}, "price_ambiguous", "team, group"},
	"a trial of a one-time price": {func(k *kit) {
		k.sim.AddPlan(simulator.Plan{LookupKey: "life", ProductName: "Life", Amount: 100})
		plans(k, lockstep.Plan{Name: "life", LookupKeys: []string{"life"}, TrialDays: 7})
	}, "plan_trial_without_subscription", `"life"`},
	"a duration of a subscription": {func(k *kit) {
		plans(k, lockstep.Plan{Name: "pro", LookupKeys: []string{"pro"}, Duration: time.Hour})
	}, "plan_duration_without_payment", `"pro"`},
	"prices cannot be read": {func(k *kit) { fails(k, "stripe", "/v1/prices", 500) }, "price_unread", `"pro"`},
	"no features at Stripe": {func(k *kit) {
		k.answer("/v1/entitlements/features", `{"object":"list","data":[],"has_more":false,"url":"/v1/entitlements/features"}`)
	}, "entitlements_empty", "Stripe has no features"},
	"a feature in two spellings":  {func(k *kit) { k.in.Catalog.Plans[0].Features = []string{"Ex-port"} }, "feature_spelled_differently", `has "export"`},
	"features cannot be read":     {func(k *kit) { fails(k, "stripe", "/v1/entitlements/features", 500) }, "features_unread", "500"},
	"a sold price without a plan": {func(k *kit) { k.sold("price_gone") }, "sold_price_without_plan", "Stripe no longer has it"},
	"sold prices cannot be read": {func(k *kit) {
		k.sold("price_gone")
		fails(k, "stripe", "/v1/prices/price_gone", 500)
	}, "sold_price_unread", "500"},
	"many sold prices": {func(k *kit) {
		id := k.sim.AddPlan(simulator.Plan{ProductName: "Pro", Amount: 100, Interval: "month"})
		for i := range 101 {
			k.sold(id, i)
		}
	}, "sold_prices_many", "first 100"},
}

// sold gives an account a subscription with a price. n makes its names differ.
func (k *kit) sold(price string, n ...int) {
	k.Helper()
	id, named := "sub_"+price, ""
	for range n {
		id, named = id+string(rune('a'+n[0]%26))+string(rune('a'+n[0]/26)), "pro"+string(rune('a'+n[0]%26))+string(rune('a'+n[0]/26))
	}
	k.execute(`insert into accounts (kind, id, state, email, name, identity_updated_at, created_at, updated_at)
values ('user', 'user_1', 'active', '', '', 0, 0, 0) on conflict do nothing`)
	k.execute(`insert into subscriptions (id, account_kind, account_id, customer_id, status, cancel_at_period_end, cancel_at,
	canceled_at, ended_at, trial_end, created_at, paid_by, plan_named)
values (?, 'user', 'user_1', 'cus_1', 'active', 0, 0, 0, 0, 0, 0, '', ?)`, id, named)
	k.execute(`insert into subscription_items (subscription_id, id, price_id, lookup_key, product_id, product_plan, quantity,
	period_start, period_end) values (?, 'si_1', ?, '', 'prod_1', '', 1, 0, 0)`, id, price)
}

// mailer is a mail server's state.
type mailer struct {
	lockstep.Mailer
	err error
}

func (m mailer) Check(context.Context) error { return m.err }

var outgoingFaults = map[string]fault{
	"no mail server": {func(k *kit) {
		k.in.Mailer = mailer{err: &lockstep.MailCheckError{Step: lockstep.MailConnect, Reason: "refused"}}
	}, "mail_unreachable", "refused"},
	"no TLS": {func(k *kit) {
		k.in.Mailer = mailer{err: &lockstep.MailCheckError{Step: lockstep.MailEncrypt, Reason: "unknown authority"}}
	}, "mail_not_encrypted", "unknown authority"},
	"a wrong password": {func(k *kit) {
		k.in.Mailer = mailer{err: &lockstep.MailCheckError{Step: lockstep.MailLogin, Reason: "answered 535"}}
	}, "mail_login_refused", "535"},
	"an endpoint without a name": {func(k *kit) { k.webhook("https://nobody.invalid/hook", false) }, "webhook_unreachable", "could not be resolved"},
	"an endpoint without a certificate": {func(k *kit) {
		server := httptest.NewTLSServer(http.NotFoundHandler())
		k.Cleanup(server.Close)
		k.webhook(server.URL, true)
	}, "webhook_unreachable", "certificate"},
	"a disabled webhook": {func(k *kit) {
		k.webhook(k.stripe.URL, true)
		k.execute("insert into hook_endpoints (id, failing_since, disabled_at, reason) values ('app', 0, 1000, 'answered 410')")
	}, "webhook_disabled", "answered 410"},
	"a failing webhook": {func(k *kit) {
		k.webhook(k.stripe.URL, true)
		k.execute("insert into hook_endpoints (id, failing_since, disabled_at, reason) values ('app', 1000, 0, '')")
	}, "webhook_failing", "app fails since"},
}
