package stripebilling

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
)

var (
	user = lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	org  = lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
)

func TestCreatedCustomerNamesItsAccount(t *testing.T) {
	for account, want := range map[lockstep.Account]map[string]string{
		user: {"metadata[clerkUserId]": "user_1", "metadata[lockstepAccount]": "user/user_1", "email": "ada@example.com",
			"name": "Ada"},
		org: {"metadata[clerkOrgId]": "org_1", "metadata[lockstepAccount]": "organization/org_1",
			"email": "ada@example.com", "name": "Ada"},
	} {
		stripe := &stripeOf{answers: map[string][]string{
			"POST /v1/customers": {`{"id":"cus_1","object":"customer","email":"ada@example.com"}`}}}
		client, _ := serve(t, stripe.ServeHTTP)
		got, err := client.CreateCustomer(t.Context(), lockstep.NewCustomer{Account: account, Email: "ada@example.com",
			Name: "Ada", IdempotencyKey: "key-1"})
		if err != nil || got.ID != "cus_1" || got.Email != "ada@example.com" {
			t.Fatalf("%+v %v", got, err)
		}
		if diff := cmp.Diff(want, first(stripe.requests[0].params)); diff != "" {
			t.Error(diff)
		}
		header := stripe.requests[0].header
		if header.Get("Idempotency-Key") != "key-1" || header.Get("Authorization") != "Bearer sk_test_1" ||
			header.Get("Stripe-Version") == "" {
			t.Errorf("headers %v", header)
		}
	}
}

func first(values map[string][]string) map[string]string {
	single := map[string]string{}
	for key, all := range values {
		single[key] = strings.Join(all, "|")
	}
	return single
}

func TestCustomerIsNotCreatedWithoutAnIdempotencyKey(t *testing.T) {
	stripe := &stripeOf{}
	client, _ := serve(t, stripe.ServeHTTP)
	for _, key := range []string{"", strings.Repeat("x", 256)} {
		if _, err := client.CreateCustomer(t.Context(), lockstep.NewCustomer{Account: user,
			IdempotencyKey: key}); err == nil {
			t.Errorf("key of %d bytes is accepted", len(key))
		}
	}
	if len(stripe.requests) != 0 {
		t.Errorf("asked %v", stripe.lines())
	}
}

func TestUpdateCustomerSendsOnlyWhatIsGiven(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{"POST /v1/customers/cus_1": {`{"id":"cus_1"}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	if err := client.UpdateCustomer(t.Context(), "cus_1", lockstep.CustomerDetails{Email: "ada@example.com"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"email": "ada@example.com"}, first(stripe.requests[0].params)); diff != "" {
		t.Error(diff)
	}
	if err := client.UpdateCustomer(t.Context(), "cus_2", lockstep.CustomerDetails{}); !errors.Is(err,
		lockstep.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestNameCustomer(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{"POST /v1/customers/cus_1": {`{"id":"cus_1"}`, `{"id":"cus_1"}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	for i, c := range []struct {
		account lockstep.Account
		want    map[string]string
	}{
		{lockstep.Account{Kind: lockstep.User, ID: "user_1"}, map[string]string{"metadata[lockstepAccount]": "user/user_1",
			"metadata[clerkUserId]": "user_1"}},
		{lockstep.Account{Kind: lockstep.Organization, ID: "org_1"},
			map[string]string{"metadata[lockstepAccount]": "organization/org_1", "metadata[clerkOrgId]": "org_1"}},
	} {
		if err := client.NameCustomer(t.Context(), "cus_1", c.account); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, first(stripe.requests[i].params)); diff != "" {
			t.Error(diff)
		}
	}
	if err := client.NameCustomer(t.Context(), "cus_2", lockstep.Account{Kind: lockstep.User, ID: "user_1"}); !errors.Is(
		err, lockstep.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestDeleteCustomer(t *testing.T) {
	for name, c := range map[string]struct {
		answers  map[string][]string
		ok       bool
		notFound bool
	}{
		"there": {map[string][]string{"DELETE /v1/customers/cus_1": {`{"id":"cus_1","deleted":true}`}}, true,
			false},
		"deleted before":  {map[string][]string{"GET /v1/customers/cus_1": {`{"id":"cus_1","deleted":true}`}}, true, false},
		"never was":       {nil, false, true},
		"contradictory":   {map[string][]string{"GET /v1/customers/cus_1": {`{"id":"cus_1"}`}}, false, false},
		"answer is empty": {map[string][]string{"DELETE /v1/customers/cus_1": {`{}`}}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, (&stripeOf{answers: c.answers}).ServeHTTP)
			err := client.DeleteCustomer(t.Context(), "cus_1")
			if (err == nil) != c.ok || errors.Is(err, lockstep.ErrNotFound) != c.notFound {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestCustomersOfReadsEveryPage(t *testing.T) {
	customer := func(id string, metadata map[string]string) map[string]any {
		return map[string]any{"id": id, "object": "customer", "metadata": metadata}
	}
	stripe := &stripeOf{answers: map[string][]string{"GET /v1/customers": {
		listOf(true, customer("cus_4", map[string]string{"lockstepAccount": "user/user_1"}),
			customer("cus_3", map[string]string{"clerkUserId": "user_2"})),
		listOf(false, customer("cus_2", map[string]string{"clerkUserId": "user_1"}),
			customer("cus_1", map[string]string{"clerkOrgId": "org_1", "clerkUserId": "user_1"}),
			customer("cus_0", nil)),
	}}}
	client, _ := serve(t, stripe.ServeHTTP)
	got, err := client.CustomersOf(t.Context(), user, time.Unix(1767225600, 0))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range got {
		ids = append(ids, c.ID)
	}
	if diff := cmp.Diff([]string{"cus_4", "cus_2"}, ids); diff != "" {
		t.Error(diff)
	}
	want := []map[string]string{
		{"created[gte]": "1767225600", "limit": "100"},
		{"created[gte]": "1767225600", "limit": "100", "starting_after": "cus_3"},
	}
	if diff := cmp.Diff(want, []map[string]string{first(stripe.requests[0].params),
		first(stripe.requests[1].params)}); diff != "" {
		t.Error(diff)
	}
}

func TestListsAreNotShortened(t *testing.T) {
	member := map[string]any{"id": "cus_1"}
	for name, answers := range map[string][]string{
		"more, but nothing to go on from": {listOf(true)},
		"more, without an id":             {listOf(true, map[string]any{})},
		"the same page for ever":          {listOf(true, member), listOf(true, member)},
		"not a list":                      {`{"object":"customer","id":"cus_1","data":[]}`},
		"a list of nothing":               {`{"object":"list","data":null}`},
		"a list that is an object":        {`{"object":"list","data":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, (&stripeOf{answers: map[string][]string{"GET /v1/customers": answers}}).ServeHTTP)
			if got, err := client.CustomersOf(t.Context(), user, time.Time{}); err == nil || got != nil {
				t.Fatalf("got %v %v", got, err)
			}
		})
	}
}

// The object of a cursor may be deleted between two pages. That must not look like a
// missing customer.
func TestVanishedCursorIsNotNotFound(t *testing.T) {
	calls := 0
	client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			_, _ = w.Write([]byte(listOf(true, map[string]any{"id": "sub_1", "items": map[string]any{"data": []any{}}})))
			return
		}
		w.WriteHeader(400)
		_, _ = w.Write([]byte(missing))
	})
	if _, err := client.Subscriptions(t.Context(), "cus_1"); err == nil || errors.Is(err, lockstep.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
}

// An empty id would address all customers.
func TestEmptyIDsAskNothing(t *testing.T) {
	stripe := &stripeOf{}
	client, _ := serve(t, stripe.ServeHTTP)
	ctx := t.Context()
	for _, id := range []string{"", ".", ".."} {
		_, e1 := client.Customer(ctx, id)
		_, e2 := client.Subscription(ctx, id)
		_, e3 := client.Checkout(ctx, id)
		_, e4 := client.Product(ctx, id)
		_, e5 := client.Price(ctx, id)
		for i, err := range []error{e1, e2, e3, e4, e5, client.DeleteCustomer(ctx, id), client.UpdateCustomer(ctx, id,
			lockstep.CustomerDetails{}), client.CancelSubscription(ctx, id), client.CloseCheckout(ctx, id)} {
			if err == nil || errors.Is(err, lockstep.ErrNotFound) {
				t.Errorf("%d, id %q: %v", i, id, err)
			}
		}
	}
	_, e1 := client.Subscriptions(ctx, "")
	_, e2 := client.Checkouts(ctx, "")
	_, e3 := client.CheckoutOfPayment(ctx, "")
	_, e4 := client.PriceByLookupKey(ctx, "")
	_, e5 := client.StartPortal(ctx, lockstep.PortalRequest{})
	for i, err := range []error{e1, e2, e3, e4, e5} {
		if err == nil || errors.Is(err, lockstep.ErrNotFound) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if len(stripe.requests) != 0 {
		t.Errorf("asked %v", stripe.lines())
	}
}

func TestIDsDoNotChangeThePath(t *testing.T) {
	var path string
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.RequestURI
		_, _ = w.Write([]byte(`{"id":"x"}`))
	})
	if _, err := client.Customer(t.Context(), "../accounts?x=1#y"); err != nil {
		t.Fatal(err)
	}
	if path != "/v1/customers/..%2Faccounts%3Fx=1%23y" {
		t.Errorf("asked %s", path)
	}
}
