package stripebilling

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
)

func TestStartCheckout(t *testing.T) {
	recurring, once := lockstep.Price{ID: "price_1", Recurring: true}, lockstep.Price{ID: "price_2"}
	stripe := &stripeOf{answers: map[string][]string{
		"POST /v1/checkout/sessions": {`{"id":"cs_1","status":"open","url":"https://checkout.stripe.com/c/1","expires_at":1767225610}`},
	}}
	client, _ := serve(t, stripe.ServeHTTP)
	for name, c := range map[string]struct {
		request lockstep.CheckoutRequest
		want    map[string]string
	}{
		"user subscribes": {
			lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", Price: recurring,
				SuccessURL: "https://x/ok?s={CHECKOUT_SESSION_ID}", CancelURL: "https://x/no", TrialDays: 14, IdempotencyKey: "k",
				Fingerprint: "f"},
			map[string]string{"mode": "subscription", "customer": "cus_1", "client_reference_id": "user_1",
				"line_items[0][price]": "price_1", "line_items[0][quantity]": "1",
				"success_url": "https://x/ok?s={CHECKOUT_SESSION_ID}", "cancel_url": "https://x/no",
				"metadata[clerkUserId]": "user_1", "metadata[lockstepCheckout]": "f",
				"subscription_data[metadata][clerkUserId]": "user_1", "subscription_data[trial_period_days]": "14"},
		},
		"organization subscribes": {
			lockstep.CheckoutRequest{Account: org, CustomerID: "cus_1", Price: recurring, Quantity: 5, SuccessURL: "https://x/",
				PaidBy: "user_1"},
			map[string]string{"mode": "subscription", "customer": "cus_1", "client_reference_id": "org_1",
				"line_items[0][price]": "price_1", "line_items[0][quantity]": "5",
				"success_url": "https://x/", "metadata[clerkOrgId]": "org_1", "metadata[clerkUserId]": "user_1",
				"subscription_data[metadata][clerkOrgId]": "org_1", "subscription_data[metadata][clerkUserId]": "user_1"},
		},
		"user buys once": {
			lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", Price: once, SuccessURL: "https://x/",
				PaidBy: "user_1"},
			map[string]string{"mode": "payment", "customer": "cus_1", "client_reference_id": "user_1",
				"line_items[0][price]": "price_2", "line_items[0][quantity]": "1",
				"success_url": "https://x/", "metadata[clerkUserId]": "user_1",
				"payment_intent_data[metadata][clerkUserId]": "user_1"},
		},
		"metered": {
			lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", Price: lockstep.Price{ID: "price_3", Recurring: true,
				Metered: true}, SuccessURL: "https://x/"},
			map[string]string{"mode": "subscription", "customer": "cus_1", "client_reference_id": "user_1",
				"line_items[0][price]": "price_3",
				"success_url":          "https://x/", "metadata[clerkUserId]": "user_1",
				"subscription_data[metadata][clerkUserId]": "user_1"},
		},
		"trial without a card": {
			lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", Price: recurring, SuccessURL: "https://x/",
				TrialDays: 7, TrialWithoutCard: true},
			map[string]string{"mode": "subscription", "customer": "cus_1", "client_reference_id": "user_1",
				"line_items[0][price]": "price_1", "line_items[0][quantity]": "1",
				"success_url": "https://x/", "metadata[clerkUserId]": "user_1",
				"subscription_data[metadata][clerkUserId]": "user_1", "subscription_data[trial_period_days]": "7",
				"payment_method_collection": "if_required", "subscription_data[trial_settings][end_behavior][missing_payment_method]": "cancel"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client.StartCheckout(t.Context(), c.request)
			if err != nil || got.ID != "cs_1" || got.URL != "https://checkout.stripe.com/c/1" ||
				!got.ExpiresAt.Equal(at2026(10)) {
				t.Fatalf("%+v %v", got, err)
			}
			sent := stripe.requests[len(stripe.requests)-1]
			if diff := cmp.Diff(c.want, first(sent.params)); diff != "" {
				t.Error(diff)
			}
			if c.request.IdempotencyKey != "" && sent.header.Get("Idempotency-Key") != c.request.IdempotencyKey {
				t.Error("another idempotency key")
			}
		})
	}
}

func TestStartCheckoutRefuses(t *testing.T) {
	good := lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", Price: lockstep.Price{ID: "price_2"},
		SuccessURL: "https://x/"}
	with := func(change func(*lockstep.CheckoutRequest)) lockstep.CheckoutRequest { r := good; change(&r); return r }
	client, _ := serve(t, (&stripeOf{}).ServeHTTP)
	for name, c := range map[string]struct {
		request lockstep.CheckoutRequest
		want    error
	}{
		"no account": {with(func(r *lockstep.CheckoutRequest) { r.Account = lockstep.Account{} }),
			lockstep.ErrInvalid},
		"no customer":        {with(func(r *lockstep.CheckoutRequest) { r.CustomerID = "" }), lockstep.ErrInvalid},
		"no price":           {with(func(r *lockstep.CheckoutRequest) { r.Price.ID = "" }), lockstep.ErrInvalid},
		"no success URL":     {with(func(r *lockstep.CheckoutRequest) { r.SuccessURL = "" }), lockstep.ErrInvalid},
		"negative quantity":  {with(func(r *lockstep.CheckoutRequest) { r.Quantity = -1 }), lockstep.ErrInvalid},
		"negative trial":     {with(func(r *lockstep.CheckoutRequest) { r.TrialDays = -1 }), lockstep.ErrInvalid},
		"trial of a payment": {with(func(r *lockstep.CheckoutRequest) { r.TrialDays = 1 }), lockstep.ErrInvalid},
		"unknown customer":   {good, lockstep.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := client.StartCheckout(t.Context(), c.request); !errors.Is(err, c.want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestPrices(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/prices":         {`{"object":"list","has_more":false,"data":[{"id":"price_1","active":true,"lookup_key":"pro","product":"prod_1","recurring":{"usage_type":"licensed"}}]}`},
		"GET /v1/prices/price_2": {`{"id":"price_2","active":false,"product":{"id":"prod_2"},"recurring":{"usage_type":"metered"}}`},
	}}
	client, _ := serve(t, stripe.ServeHTTP)
	got, err := client.PriceByLookupKey(t.Context(), "pro")
	if diff := cmp.Diff(lockstep.Price{ID: "price_1", LookupKey: "pro", ProductID: "prod_1", Active: true,
		Recurring: true}, got); err != nil || diff != "" {
		t.Fatal(diff, err)
	}
	if diff := cmp.Diff(map[string]string{"lookup_keys[0]": "pro", "active": "true", "limit": "100"},
		first(stripe.requests[0].params)); diff != "" {
		t.Error(diff)
	}
	got, err = client.Price(t.Context(), "price_2")
	if diff := cmp.Diff(lockstep.Price{ID: "price_2", ProductID: "prod_2", Recurring: true, Metered: true},
		got); err != nil || diff != "" {
		t.Fatal(diff, err)
	}
	list, err := client.PricesOf(t.Context(), "prod_1")
	if err != nil || len(list) != 1 || list[0].LookupKey != "pro" {
		t.Fatalf("%+v %v", list, err)
	}
	if diff := cmp.Diff(map[string]string{"product": "prod_1", "active": "true", "limit": "100"},
		first(stripe.requests[2].params)); diff != "" {
		t.Error(diff)
	}
	if _, err := client.PricesOf(t.Context(), ""); err == nil {
		t.Error("the prices of no product are listed")
	}
}

func TestListPricesReadsABoundedNumberOfPages(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{"GET /v1/prices": {
		`{"object":"list","has_more":true,"data":[{"id":"price_1","active":true,"currency":"usd","unit_amount":2000,"nickname":"Pro","product":{"id":"prod_1","name":"App","metadata":{"plan":"pro"}},"recurring":{"interval":"month","interval_count":3}}]}`,
		`{"object":"list","has_more":true,"data":[{"id":"price_2","currency":"usd","unit_amount":null,"product":{"id":"prod_1"}}]}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	list, more, err := client.ListPrices(t.Context(), true, 2)
	amount := int64(2000)
	if diff := cmp.Diff([]lockstep.ListedPrice{{Price: lockstep.Price{ID: "price_1", ProductID: "prod_1", Active: true,
		Recurring: true}, Nickname: "Pro", ProductName: "App", ProductPlan: "pro", Amount: &amount, Currency: "usd",
		Interval: "month", IntervalCount: 3},
		{Price: lockstep.Price{ID: "price_2", ProductID: "prod_1"}, Currency: "usd"}}, list); err != nil || !more || diff != "" {
		t.Fatal(diff, more, err)
	}
	if diff := cmp.Diff(map[string]string{"active": "true", "limit": "100", "expand[0]": "data.product",
		"starting_after": "price_1"}, first(stripe.requests[1].params)); diff != "" || len(stripe.requests) != 2 {
		t.Error(diff, len(stripe.requests))
	}
}

func TestCloseCheckout(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{
		"POST /v1/checkout/sessions/cs_1/expire": {`{"id":"cs_1","status":"expired"}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	if err := client.CloseCheckout(t.Context(), "cs_1"); err != nil {
		t.Error(err)
	}
	if err := client.CloseCheckout(t.Context(), ""); err == nil || len(stripe.requests) != 1 {
		t.Errorf("no session: %v after %v", err, stripe.lines())
	}
}

func TestStartPortal(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{
		"POST /v1/billing_portal/sessions": {`{"id":"bps_1","url":"https://billing.stripe.com/p/1"}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	const back = "https://x/"
	redirects := map[string]string{"customer": "cus_1", "return_url": back,
		"flow_data[after_completion][type]": "redirect", "flow_data[after_completion][redirect][return_url]": back}
	flow := func(more ...string) map[string]string {
		want := maps.Clone(redirects)
		for i := 0; i < len(more); i += 2 {
			want[more[i]] = more[i+1]
		}
		return want
	}
	for name, c := range map[string]struct {
		request lockstep.PortalRequest
		want    map[string]string
	}{
		"front page": {lockstep.PortalRequest{}, map[string]string{"customer": "cus_1", "return_url": back}},
		"configuration": {lockstep.PortalRequest{Configuration: "bpc_1"},
			map[string]string{"customer": "cus_1", "return_url": back, "configuration": "bpc_1"}},
		"cancel": {lockstep.PortalRequest{Flow: lockstep.PortalCancel, SubscriptionID: "sub_1"},
			flow("flow_data[type]", "subscription_cancel", "flow_data[subscription_cancel][subscription]", "sub_1")},
		"update": {lockstep.PortalRequest{Flow: lockstep.PortalUpdate, SubscriptionID: "sub_1"},
			flow("flow_data[type]", "subscription_update", "flow_data[subscription_update][subscription]", "sub_1")},
		"payment method": {lockstep.PortalRequest{Flow: lockstep.PortalPaymentMethod},
			flow("flow_data[type]", "payment_method_update")},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.CustomerID, c.request.ReturnURL = "cus_1", back
			url, err := client.StartPortal(t.Context(), c.request)
			if err != nil || url != "https://billing.stripe.com/p/1" {
				t.Fatalf("%q %v", url, err)
			}
			if diff := cmp.Diff(c.want, first(stripe.requests[len(stripe.requests)-1].params)); diff != "" {
				t.Error(diff)
			}
		})
	}
	stripe.answers["POST /v1/billing_portal/sessions"] = []string{`{"id":"bps_1"}`}
	if _, err := client.StartPortal(t.Context(), lockstep.PortalRequest{CustomerID: "cus_1"}); err == nil {
		t.Error("a session without a URL is accepted")
	}
}

func TestProduct(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/products/prod_1": {`{"id":"prod_1","name":"Gold","metadata":{"plan":"gold"}}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	if got, err := client.Product(t.Context(), "prod_1"); err != nil ||
		got != (lockstep.Product{ID: "prod_1", Name: "Gold", Plan: "gold"}) {
		t.Fatalf("%+v %v", got, err)
	}
	if _, err := client.Product(t.Context(), "prod_2"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
}
