package stripebilling_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

const card = "4242424242424242"

var (
	user = lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	org  = lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
)

// simulated returns a simulated Stripe with two plans, and a client for it.
func simulated(t *testing.T) (*simulator.Simulator, *stripebilling.Client) {
	t.Helper()
	sim, err := simulator.New(simulator.Config{PortalSaved: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { openapicheck.Check(t, sim.History()) })
	sim.AddPlan(simulator.Plan{LookupKey: "pro", ProductName: "Pro",
		ProductMetadata: map[string]string{"plan": "pro-plan"}, Amount: 2900, Interval: "month"})
	sim.AddPlan(simulator.Plan{LookupKey: "lifetime", ProductName: "Lifetime", Amount: 19900})
	server := httptest.NewServer(sim.StripeHandler())
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := stripebilling.New(stripebilling.Config{Key: simulator.DefaultStripeKey, BaseURL: server.URL,
		HTTPClient: &http.Client{Transport: transport},
		Limits:     lockstep.Limits{PerSecond: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	return sim, client
}

func create(t *testing.T, client *stripebilling.Client, account lockstep.Account) lockstep.Customer {
	t.Helper()
	c, err := client.CreateCustomer(t.Context(), lockstep.NewCustomer{Account: account, Email: "ada@example.com",
		Name: "Ada", IdempotencyKey: "create:" + account.String()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bought makes the customer buy the price with a lookup key.
func bought(t *testing.T, sim *simulator.Simulator, client *stripebilling.Client, lookupKey string,
	r lockstep.CheckoutRequest) string {
	t.Helper()
	r.SuccessURL = "http://127.0.0.1/done"
	var err error
	if r.Price, err = client.PriceByLookupKey(t.Context(), lookupKey); err != nil {
		t.Fatal(err)
	}
	s, err := client.StartCheckout(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if s.URL == "" || !s.ExpiresAt.After(sim.Now()) {
		t.Fatalf("session %+v", s)
	}
	if err := sim.PayCheckout(s.ID, card); err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func TestCustomerFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	ctx := t.Context()
	before := sim.Now().Add(-time.Minute)
	c := create(t, client, user)
	want := lockstep.Customer{ID: c.ID, Email: "ada@example.com", Name: "Ada",
		Metadata: map[string]string{"clerkUserId": "user_1", "lockstepAccount": "user/user_1"}, CreatedAt: c.CreatedAt}
	if diff := cmp.Diff(want, c); diff != "" || c.CreatedAt.IsZero() {
		t.Error(diff)
	}
	if again := create(t, client, user); again.ID != c.ID {
		t.Errorf("the same idempotency key made %s", again.ID)
	}
	_, err := client.CreateCustomer(ctx, lockstep.NewCustomer{Account: user, Email: "other@example.com",
		IdempotencyKey: "create:user/user_1"})
	var upstream *lockstep.UpstreamError
	if !errors.As(err, &upstream) || upstream.Code != "idempotency_error" || upstream.Status != 400 {
		t.Errorf("the same key with other parameters: %v", err)
	}
	create(t, client, org)

	if err := client.UpdateCustomer(ctx, c.ID, lockstep.CustomerDetails{Email: "new@example.com"}); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Customer(ctx, c.ID); err != nil || got.Email != "new@example.com" || got.Name != "Ada" {
		t.Errorf("updated: %+v %v", got, err)
	}
	found, err := client.CustomersOf(ctx, user, before)
	if err != nil || len(found) != 1 || found[0].ID != c.ID {
		t.Errorf("of the user: %+v %v", found, err)
	}
	if found, err := client.CustomersOf(ctx, user, sim.Now().Add(time.Hour)); err != nil || len(found) != 0 {
		t.Errorf("created later: %+v %v", found, err)
	}

	for range 2 { // the second time it is deleted already
		if err := client.DeleteCustomer(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := client.Customer(ctx, c.ID); err != nil || !got.Deleted {
		t.Errorf("deleted: %+v %v", got, err)
	}
	if err := client.UpdateCustomer(ctx, c.ID, lockstep.CustomerDetails{Name: "x"}); !errors.Is(err,
		lockstep.ErrNotFound) {
		t.Errorf("update of a deleted one: %v", err)
	}
	if err := client.DeleteCustomer(ctx, "cus_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("deletion of none: %v", err)
	}
	if _, err := client.Customer(ctx, "cus_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
}

func TestSubscriptionOfAnOrganization(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	ctx := t.Context()
	c := create(t, client, org)
	bought(t, sim, client, "pro", lockstep.CheckoutRequest{Account: org, CustomerID: c.ID, Quantity: 5, PaidBy: "user_1"})

	list, err := client.Subscriptions(ctx, c.ID)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	s := list[0]
	if s.Status != "active" || s.CustomerID != c.ID || s.PaidBy != "user_1" || s.Metadata["clerkOrgId"] != "org_1" ||
		len(s.Items) != 1 || s.Ending() {
		t.Errorf("%+v", s)
	}
	item := s.Items[0]
	if item.LookupKey != "pro" || item.Quantity != 5 || !item.PeriodStart.Equal(s.CreatedAt) ||
		!item.PeriodEnd.After(item.PeriodStart) {
		t.Errorf("%+v", item)
	}
	one, err := client.Subscription(ctx, s.ID)
	if diff := cmp.Diff(s, one); err != nil || diff != "" {
		t.Error(err, diff)
	}
	product, err := client.Product(ctx, item.ProductID)
	if err != nil || product != (lockstep.Product{ID: item.ProductID, Name: "Pro", Plan: "pro-plan"}) {
		t.Errorf("%+v %v", product, err)
	}

	if err := sim.PortalCancel(s.ID); err != nil {
		t.Fatal(err)
	}
	if one, err = client.Subscription(ctx, s.ID); err != nil || !one.Ending() || one.Ended() || one.CancelAtPeriodEnd {
		t.Errorf("canceled in the portal: %+v %v", one, err)
	}
	for range 2 { // the second time it has ended already
		if err := client.CancelSubscription(ctx, s.ID); err != nil {
			t.Fatal(err)
		}
	}
	if list, err = client.Subscriptions(ctx, c.ID); err != nil || len(list) != 1 || !list[0].Ended() ||
		list[0].EndedAt.IsZero() {
		t.Errorf("ended: %+v %v", list, err)
	}
	if err := client.CancelSubscription(ctx, "sub_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	if _, err := client.Subscription(ctx, "sub_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
}

func TestTrial(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	c := create(t, client, user)
	bought(t, sim, client, "pro", lockstep.CheckoutRequest{Account: user, CustomerID: c.ID, TrialDays: 14})
	list, err := client.Subscriptions(t.Context(), c.ID)
	if err != nil || len(list) != 1 || list[0].Status != "trialing" ||
		list[0].TrialEnd.Sub(list[0].CreatedAt) != 14*24*time.Hour {
		t.Fatalf("%+v %v", list, err)
	}
}

func TestManySubscriptions(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	c := create(t, client, user)
	const n = 103
	for range n {
		bought(t, sim, client, "pro", lockstep.CheckoutRequest{Account: user, CustomerID: c.ID})
	}
	list, err := client.Subscriptions(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, s := range list {
		ids[s.ID] = true
	}
	if len(list) != n || len(ids) != n {
		t.Errorf("%d listed, %d different", len(list), len(ids))
	}
}

// The list contains every event once, with the ids of its object.
func TestEventsAreAllListed(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	ctx := t.Context()
	c := create(t, client, user)
	for range 8 {
		bought(t, sim, client, "lifetime", lockstep.CheckoutRequest{Account: user, CustomerID: c.ID})
		bought(t, sim, client, "pro", lockstep.CheckoutRequest{Account: user, CustomerID: c.ID})
	}
	want := map[string]simulator.Event{}
	for _, e := range sim.Events() {
		want[e.ID] = e
	}
	pages, seen, paid := 0, map[string]bool{}, 0
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		hints, next, err := client.EventsSince(ctx, sim.Now().Add(-time.Hour), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hints {
			e := want[h.Event.ID]
			if seen[h.Event.ID] || h.Event.Type != e.Type || h.Event.CustomerID != e.Customer || h.Foreign != "" ||
				h.Event.Origin != lockstep.Scanned || !json.Valid(h.Event.Body) {
				t.Fatalf("%+v is not %+v", h.Event, e)
			}
			seen[h.Event.ID] = true
			if h.CheckoutID != "" && h.Mode == "payment" && h.PaymentID != "" && h.Ours {
				paid++
			}
		}
		cursor = next
	}
	if len(seen) != len(want) || pages < 2 || paid != 8 {
		t.Errorf("%d of %d events on %d pages, %d paid", len(seen), len(want), pages, paid)
	}
	if hints, next, err := client.EventsSince(ctx, sim.Now().Add(time.Hour), ""); err != nil || len(hints) != 0 ||
		next != "" {
		t.Errorf("later: %v %q %v", hints, next, err)
	}
	if _, _, err := client.EventsSince(ctx, time.Time{}, "evt_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("a cursor that is gone: %v", err)
	}
}

// If Stripe executes a request and its answer is lost, the outcome is unknown. A request
// with the same idempotency key finds out.
func TestUnknownOutcomeIsFoundOutByTheSameKey(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	sim.AddFault(simulator.Fault{Side: "stripe", Method: "POST", Path: "/v1/customers", Times: 1, After: true,
		CutAfter: 20})
	request := lockstep.NewCustomer{Account: user, Email: "ada@example.com", IdempotencyKey: "once"}
	_, err := client.CreateCustomer(t.Context(), request)
	var upstream *lockstep.UpstreamError
	if !errors.As(err, &upstream) || upstream.Status != 0 || upstream.Rejected() {
		t.Fatalf("cut: %v", err)
	}
	if c, err := client.CreateCustomer(t.Context(), request); err != nil || len(sim.Customers()) != 1 ||
		c.ID != sim.Customers()[0].ID {
		t.Errorf("again: %+v %v, there are %d", c, err, len(sim.Customers()))
	}
}

func TestWrongKeyIsNotNotFound(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.StripeHandler())
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for key, base := range map[lockstep.Secret]string{"sk_test_wrong": server.URL,
		simulator.DefaultStripeKey: server.URL + "/elsewhere"} {
		client, err := stripebilling.New(stripebilling.Config{Key: key, BaseURL: base,
			HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Customer(t.Context(), "cus_1"); err == nil || errors.Is(err, lockstep.ErrNotFound) {
			t.Errorf("%s: %v", base, err)
		}
	}
}
