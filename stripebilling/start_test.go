package stripebilling

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
)

func TestStartCheckout(t *testing.T) {
	const recurring, once = `{"id":"price_1","recurring":{"interval":"month","usage_type":"licensed"}}`, `{"id":"price_2","recurring":null}`
	const metered = `{"id":"price_3","recurring":{"usage_type":"metered"}}`
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/prices/price_1":     {recurring},
		"GET /v1/prices/price_2":     {once},
		"GET /v1/prices/price_3":     {metered},
		"GET /v1/prices":             {`{"object":"list","has_more":false,"data":[` + recurring + `]}`},
		"POST /v1/checkout/sessions": {`{"id":"cs_1","url":"https://checkout.stripe.com/c/1","expires_at":1767225610}`},
	}}
	client, _ := serve(t, stripe.ServeHTTP)
	for name, c := range map[string]struct {
		request lockstep.CheckoutRequest
		want    map[string]string
	}{
		"user subscribes": {
			lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", PriceID: "price_1", SuccessURL: "https://x/ok?s={CHECKOUT_SESSION_ID}", CancelURL: "https://x/no", TrialDays: 14, IdempotencyKey: "k"},
			map[string]string{"mode": "subscription", "customer": "cus_1", "client_reference_id": "user_1", "line_items[0][price]": "price_1", "line_items[0][quantity]": "1",
				"success_url": "https://x/ok?s={CHECKOUT_SESSION_ID}", "cancel_url": "https://x/no", "metadata[clerkUserId]": "user_1",
				"subscription_data[metadata][clerkUserId]": "user_1", "subscription_data[trial_period_days]": "14"},
		},
		"organization subscribes by lookup key": {
			lockstep.CheckoutRequest{Account: org, CustomerID: "cus_1", LookupKey: "pro", Quantity: 5, SuccessURL: "https://x/", PaidBy: "user_1"},
			map[string]string{"mode": "subscription", "customer": "cus_1", "client_reference_id": "org_1", "line_items[0][price]": "price_1", "line_items[0][quantity]": "5",
				"success_url": "https://x/", "metadata[clerkOrgId]": "org_1", "metadata[clerkUserId]": "user_1",
				"subscription_data[metadata][clerkOrgId]": "org_1", "subscription_data[metadata][clerkUserId]": "user_1"},
		},
		"user buys once": {
			lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", PriceID: "price_2", SuccessURL: "https://x/", PaidBy: "user_1"},
			map[string]string{"mode": "payment", "customer": "cus_1", "client_reference_id": "user_1", "line_items[0][price]": "price_2", "line_items[0][quantity]": "1",
				"success_url": "https://x/", "metadata[clerkUserId]": "user_1", "payment_intent_data[metadata][clerkUserId]": "user_1"},
		},
		"metered": {
			lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", PriceID: "price_3", SuccessURL: "https://x/"},
			map[string]string{"mode": "subscription", "customer": "cus_1", "client_reference_id": "user_1", "line_items[0][price]": "price_3",
				"success_url": "https://x/", "metadata[clerkUserId]": "user_1", "subscription_data[metadata][clerkUserId]": "user_1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client.StartCheckout(t.Context(), c.request)
			if err != nil || got != (lockstep.CheckoutSession{ID: "cs_1", URL: "https://checkout.stripe.com/c/1", ExpiresAt: at2026(10)}) {
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
	good := lockstep.CheckoutRequest{Account: user, CustomerID: "cus_1", PriceID: "price_2", SuccessURL: "https://x/"}
	with := func(change func(*lockstep.CheckoutRequest)) lockstep.CheckoutRequest { r := good; change(&r); return r }
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/prices/price_2": {`{"id":"price_2"}`},
		"GET /v1/prices":         {listOf(false)},
	}}
	client, _ := serve(t, stripe.ServeHTTP)
	for name, c := range map[string]struct {
		request lockstep.CheckoutRequest
		want    error
		op      string
	}{
		"no account":         {with(func(r *lockstep.CheckoutRequest) { r.Account = lockstep.Account{} }), lockstep.ErrInvalid, ""},
		"no customer":        {with(func(r *lockstep.CheckoutRequest) { r.CustomerID = "" }), lockstep.ErrInvalid, ""},
		"no price":           {with(func(r *lockstep.CheckoutRequest) { r.PriceID = "" }), lockstep.ErrInvalid, ""},
		"two prices":         {with(func(r *lockstep.CheckoutRequest) { r.LookupKey = "pro" }), lockstep.ErrInvalid, ""},
		"no success URL":     {with(func(r *lockstep.CheckoutRequest) { r.SuccessURL = "" }), lockstep.ErrInvalid, ""},
		"negative quantity":  {with(func(r *lockstep.CheckoutRequest) { r.Quantity = -1 }), lockstep.ErrInvalid, ""},
		"negative trial":     {with(func(r *lockstep.CheckoutRequest) { r.TrialDays = -1 }), lockstep.ErrInvalid, ""},
		"trial of a payment": {with(func(r *lockstep.CheckoutRequest) { r.TrialDays = 1 }), lockstep.ErrInvalid, ""},
		"unknown price":      {with(func(r *lockstep.CheckoutRequest) { r.PriceID = "price_9" }), lockstep.ErrNotFound, "read price"},
		"unknown lookup key": {with(func(r *lockstep.CheckoutRequest) { r.PriceID, r.LookupKey = "", "pro" }), lockstep.ErrNotFound, "find price by lookup key"},
		"unknown customer":   {good, lockstep.ErrNotFound, "create checkout session"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.StartCheckout(t.Context(), c.request)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.op) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestPriceByLookupKey(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{"GET /v1/prices": {listOf(false, map[string]any{"id": "price_1", "recurring": nil})}}}
	client, _ := serve(t, stripe.ServeHTTP)
	got, err := client.PriceByLookupKey(t.Context(), "pro")
	if err != nil || got != (Price{ID: "price_1"}) {
		t.Fatalf("%+v %v", got, err)
	}
	if diff := cmp.Diff(map[string]string{"lookup_keys[0]": "pro", "active": "true", "limit": "100"}, first(stripe.requests[0].params)); diff != "" {
		t.Error(diff)
	}
}

func TestStartPortal(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{"POST /v1/billing_portal/sessions": {`{"id":"bps_1","url":"https://billing.stripe.com/p/1"}`, `{"id":"bps_1"}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	url, err := client.StartPortal(t.Context(), "cus_1", "https://x/")
	if err != nil || url != "https://billing.stripe.com/p/1" {
		t.Fatalf("%q %v", url, err)
	}
	if diff := cmp.Diff(map[string]string{"customer": "cus_1", "return_url": "https://x/"}, first(stripe.requests[0].params)); diff != "" {
		t.Error(diff)
	}
	if _, err := client.StartPortal(t.Context(), "cus_1", ""); err == nil {
		t.Error("a session without a URL is accepted")
	}
}

func TestProduct(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{"GET /v1/products/prod_1": {`{"id":"prod_1","name":"Gold","metadata":{"plan":"gold"}}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	if got, err := client.Product(t.Context(), "prod_1"); err != nil || got != (lockstep.Product{ID: "prod_1", Name: "Gold", Plan: "gold"}) {
		t.Fatalf("%+v %v", got, err)
	}
	if _, err := client.Product(t.Context(), "prod_2"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
}
