package stripebilling

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
)

const fullSubscription = `{"id":"sub_1","object":"subscription","customer":{"id":"cus_1"},"status":"suspended","cancel_at_period_end":false,
	"cancel_at":1767225610,"canceled_at":1767225605,"ended_at":null,"trial_end":null,"created":1767225601,"something_new":{"a":[1]},
	"metadata":{"clerkOrgId":"org_1","clerkUserId":"user_1"},
	"items":{"object":"list","has_more":false,"data":[{"id":"si_1","quantity":3,"current_period_start":1767225601,"current_period_end":1767225602,
	"price":{"id":"price_1","lookup_key":"pro","product":"prod_1"}},{"id":"si_2","quantity":null,"price":{"id":"price_2","lookup_key":null,"product":{"id":"prod_2","name":"Gold","metadata":{}}}}]}}`

func TestSubscriptionsAreOneRequest(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/subscriptions": {`{"object":"list","has_more":false,"data":[` + fullSubscription + `]}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	got, err := client.Subscriptions(t.Context(), "cus_1")
	if err != nil {
		t.Fatal(err)
	}
	want := []lockstep.Subscription{{
		ID: "sub_1", CustomerID: "cus_1", Status: "suspended", CancelAt: at2026(10), CanceledAt: at2026(5),
		CreatedAt: at2026(1),
		PaidBy:    "user_1", Metadata: map[string]string{"clerkOrgId": "org_1", "clerkUserId": "user_1"},
		Items: []lockstep.Item{
			{ID: "si_1", PriceID: "price_1", LookupKey: "pro", ProductID: "prod_1", Quantity: 3, PeriodStart: at2026(1),
				PeriodEnd: at2026(2)},
			{ID: "si_2", PriceID: "price_2", ProductID: "prod_2", ProductPlan: "Gold"},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"customer": "cus_1", "status": "all", "limit": "100",
		"expand[0]": "data.latest_invoice"}, first(stripe.requests[0].params)); diff != "" {
		t.Error(diff)
	}
	if len(stripe.requests) != 1 {
		t.Errorf("asked %v", stripe.lines())
	}
}

func TestSubscriptionWithManyItemsIsReadToItsEnd(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/subscriptions/sub_1": {`{"id":"sub_1","status":"active","items":{"has_more":true,"data":[{"id":"si_1","price":{"id":"p1"}}]}}`},
		"GET /v1/subscription_items": {listOf(true, map[string]any{"id": "si_2"}),
			listOf(false, map[string]any{"id": "si_3"})},
	}}
	client, _ := serve(t, stripe.ServeHTTP)
	got, err := client.Subscription(t.Context(), "sub_1")
	if err != nil || len(got.Items) != 3 || got.Items[2].ID != "si_3" {
		t.Fatalf("%+v %v", got.Items, err)
	}
	if diff := cmp.Diff(map[string]string{"subscription": "sub_1", "limit": "100", "starting_after": "si_1"},
		first(stripe.requests[1].params)); diff != "" {
		t.Error(diff)
	}
}

func TestSubscriptionThatIsNotWholeIsAnError(t *testing.T) {
	for name, body := range map[string]string{
		"no items":         `{"id":"sub_1","status":"active"}`,
		"items null":       `{"id":"sub_1","status":"active","items":null}`,
		"items of nothing": `{"id":"sub_1","status":"active","items":{"data":null}}`,
		"no id":            `{"status":"active","items":{"data":[]}}`,
		"not an object":    `7`,
	} {
		client, _ := serve(t, (&stripeOf{answers: map[string][]string{"GET /v1/subscriptions": {`{"object":"list","data":[` +
			body + `]}`}}}).ServeHTTP)
		if got, err := client.Subscriptions(t.Context(), "cus_1"); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestNullsReadAsAbsent(t *testing.T) {
	client, _ := serve(t, (&stripeOf{answers: map[string][]string{"GET /v1/subscriptions/sub_1": {
		`{"id":"sub_1","status":null,"customer":null,"created":"soon","cancel_at_period_end":null,"metadata":null,"items":{"data":[{"id":"si_1","price":null,"quantity":1.5}]}}`,
	}}}).ServeHTTP)
	got, err := client.Subscription(t.Context(), "sub_1")
	want := lockstep.Subscription{ID: "sub_1", Items: []lockstep.Item{{ID: "si_1"}}, Metadata: map[string]string{}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestCancelSubscription(t *testing.T) {
	const canceled, active = `{"id":"sub_1","status":"canceled","items":{"data":[]}}`,
		`{"id":"sub_1","status":"active","items":{"data":[]}}`
	for name, c := range map[string]struct {
		answers  map[string][]string
		ok       bool
		notFound bool
	}{
		"now":               {map[string][]string{"DELETE /v1/subscriptions/sub_1": {canceled}}, true, false},
		"ended before":      {map[string][]string{"GET /v1/subscriptions/sub_1": {canceled}}, true, false},
		"never was":         {nil, false, true},
		"refused but going": {map[string][]string{"GET /v1/subscriptions/sub_1": {active}}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, (&stripeOf{answers: c.answers}).ServeHTTP)
			if err := client.CancelSubscription(t.Context(), "sub_1"); (err == nil) != c.ok ||
				errors.Is(err, lockstep.ErrNotFound) != c.notFound {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// The subscription includes details of the latest invoice only while that is open.
func TestTheOpenInvoiceComesWithTheSubscription(t *testing.T) {
	for name, c := range map[string]struct {
		invoice string
		want    lockstep.Subscription
	}{
		"tried": {`{"id":"in_1","status":"open","collection_method":"charge_automatically","due_date":1767225609,"hosted_invoice_url":"https://invoice.stripe.com/i/1","status_transitions":{"finalized_at":1767225605}}`,
			lockstep.Subscription{InvoiceID: "in_1", InvoiceURL: "https://invoice.stripe.com/i/1", TriedAt: at2026(5)}},
		"sent": {`{"id":"in_1","status":"open","collection_method":"send_invoice","due_date":1767225609,"hosted_invoice_url":"https://invoice.stripe.com/i/1","status_transitions":{"finalized_at":1767225605}}`,
			lockstep.Subscription{InvoiceID: "in_1", InvoiceURL: "https://invoice.stripe.com/i/1", InvoiceDue: at2026(9)}},
		"paid": {`{"id":"in_1","status":"paid","hosted_invoice_url":"https://invoice.stripe.com/i/1","status_transitions":{"finalized_at":1767225605}}`, lockstep.Subscription{InvoiceID: "in_1"}},
		"a draft": {`{"id":"in_1","status":"draft","status_transitions":{"finalized_at":null}}`,
			lockstep.Subscription{InvoiceID: "in_1"}},
		"not expanded": {`"in_1"`, lockstep.Subscription{InvoiceID: "in_1"}},
		"none":         {`null`, lockstep.Subscription{}},
	} {
		stripe := &stripeOf{answers: map[string][]string{
			"GET /v1/subscriptions/sub_1": {`{"id":"sub_1","items":{"data":[]},"latest_invoice":` + c.invoice + `}`}}}
		client, _ := serve(t, stripe.ServeHTTP)
		got, err := client.Subscription(t.Context(), "sub_1")
		c.want.ID, c.want.Metadata = "sub_1", map[string]string{}
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if got := first(stripe.requests[0].params)["expand[0]"]; got != "latest_invoice" {
			t.Errorf("asked to expand %q", got)
		}
	}
}
