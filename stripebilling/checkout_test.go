package stripebilling

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
)

const session = `{"id":"cs_1","object":"checkout.session","mode":"payment","status":"complete","payment_status":"paid","customer":"cus_1","client_reference_id":"user_1",
	"metadata":{"clerkUserId":"user_1"},"amount_total":4900,"currency":"usd","created":1767225601,
	"line_items":{"object":"list","has_more":%v,"data":[{"id":"li_1","quantity":1,"price":{"id":"price_1","lookup_key":"lifetime","product":"prod_1"}}]},
	"payment_intent":%s}`

func TestCheckout(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/checkout/sessions/cs_1": {fmt.Sprintf(session, false,
			`{"id":"pi_1","latest_charge":{"id":"ch_1","refunded":false,"disputed":false}}`)},
	}}
	client, _ := serve(t, stripe.ServeHTTP)
	got, err := client.Checkout(t.Context(), "cs_1")
	want := lockstep.Checkout{ID: "cs_1", Mode: "payment", Status: "complete", PaymentStatus: "paid", CustomerID: "cus_1",
		Reference: "user_1",
		Metadata:  map[string]string{"clerkUserId": "user_1"}, PaymentID: "pi_1", Amount: 4900, Currency: "usd",
		CreatedAt: at2026(1),
		Items:     []lockstep.Item{{ID: "li_1", PriceID: "price_1", LookupKey: "lifetime", ProductID: "prod_1", Quantity: 1}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if diff := cmp.Diff(map[string]string{"expand[0]": "line_items", "expand[1]": "payment_intent.latest_charge"},
		first(stripe.requests[0].params)); diff != "" {
		t.Error(diff)
	}
}

func TestCheckoutTellsWhatBecameOfThePayment(t *testing.T) {
	const charge = `{"id":"pi_1","latest_charge":{"id":"ch_1","refunded":%v,"disputed":%v}}`
	disputes := func(statuses ...string) []string {
		var members []any
		for _, s := range statuses {
			members = append(members, map[string]any{"id": "dp_" + s, "status": s})
		}
		return []string{listOf(false, members...)}
	}
	for name, c := range map[string]struct {
		payment            string
		disputes           []string
		refunded, disputed bool
		fails              bool
	}{
		"nothing":       {payment: fmt.Sprintf(charge, false, false)},
		"refunded":      {payment: fmt.Sprintf(charge, true, false), refunded: true},
		"no charge yet": {payment: `{"id":"pi_1","latest_charge":null}`},
		"free":          {payment: `null`},
		"dispute open": {payment: fmt.Sprintf(charge, false, true), disputes: disputes("needs_response"),
			disputed: true},
		"dispute in review": {payment: fmt.Sprintf(charge, false, true), disputes: disputes("under_review"), disputed: true},
		"dispute lost":      {payment: fmt.Sprintf(charge, false, true), disputes: disputes("lost"), disputed: true},
		"dispute won":       {payment: fmt.Sprintf(charge, false, true), disputes: disputes("won")},
		"inquiry":           {payment: fmt.Sprintf(charge, false, true), disputes: disputes("warning_needs_response")},
		"one won, one open": {payment: fmt.Sprintf(charge, false, true), disputes: disputes("won", "needs_response"),
			disputed: true},
		"status that is new": {payment: fmt.Sprintf(charge, false, true), disputes: disputes("escalated"), disputed: true},
		"no dispute listed":  {payment: fmt.Sprintf(charge, false, true), disputes: disputes(), disputed: true},
		"disputes not read":  {payment: fmt.Sprintf(charge, false, true), fails: true},
		"not expanded":       {payment: `"pi_1"`, fails: true},
		"charge not there":   {payment: `{"id":"pi_1","latest_charge":"ch_1"}`, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			stripe := &stripeOf{answers: map[string][]string{"GET /v1/checkout/sessions/cs_1": {fmt.Sprintf(session, false,
				c.payment)}}}
			if c.disputes != nil {
				stripe.answers["GET /v1/disputes"] = c.disputes
			}
			client, _ := serve(t, stripe.ServeHTTP)
			got, err := client.Checkout(t.Context(), "cs_1")
			if (err != nil) != c.fails {
				t.Fatal(err)
			}
			if err == nil && (got.Refunded != c.refunded || got.Disputed != c.disputed) {
				t.Errorf("refunded %v, disputed %v", got.Refunded, got.Disputed)
			}
		})
	}
}

func TestCheckoutWithManyItemsIsReadToItsEnd(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/checkout/sessions/cs_1":            {fmt.Sprintf(session, true, "null")},
		"GET /v1/checkout/sessions/cs_1/line_items": {listOf(false, map[string]any{"id": "li_2"})},
	}}
	client, _ := serve(t, stripe.ServeHTTP)
	if got, err := client.Checkout(t.Context(), "cs_1"); err != nil || len(got.Items) != 2 {
		t.Fatalf("%+v %v", got.Items, err)
	}
}

func TestCheckoutOfPayment(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{"GET /v1/checkout/sessions": {listOf(false,
		map[string]any{"id": "cs_1", "payment_intent": "pi_1"}), listOf(false)}}}
	client, _ := serve(t, stripe.ServeHTTP)
	if got, err := client.CheckoutOfPayment(t.Context(), "pi_1"); err != nil || got.ID != "cs_1" ||
		got.PaymentID != "pi_1" {
		t.Fatalf("%+v %v", got, err)
	}
	_, err := client.CheckoutOfPayment(t.Context(), "pi_2")
	var upstream *lockstep.UpstreamError
	if !errors.Is(err, lockstep.ErrNotFound) || !errors.As(err, &upstream) {
		t.Fatalf("got %v", err)
	}
	if got := first(stripe.requests[1].params)["payment_intent"]; got != "pi_2" {
		t.Errorf("asked for %q", got)
	}
}

func TestEventsSince(t *testing.T) {
	const one, two = `{"id":"evt_2","type":"customer.created",  "unknown":[1.50], "livemode":false}`,
		`{"id":"evt_1","type":"product.created","livemode":true}`
	stripe := &stripeOf{answers: map[string][]string{"GET /v1/events": {
		`{"object":"list","has_more":true,"data":[` + one + `]}`, `{"object":"list","has_more":false,"data":[` + two + `]}`,
	}}}
	client, _ := serve(t, stripe.ServeHTTP)
	hints, next, err := client.EventsSince(t.Context(), time.Unix(1767225600, 0), "")
	if err != nil || next != "evt_2" || len(hints) != 1 {
		t.Fatalf("%v %q %v", hints, next, err)
	}
	if e := hints[0].Event; string(e.Body) != one || e.Origin != lockstep.Scanned || e.ID != "evt_2" ||
		hints[0].Foreign != "" {
		t.Errorf("%s %+v", e.Body, hints[0])
	}
	hints, next, err = client.EventsSince(t.Context(), time.Unix(1767225600, 0), next)
	if err != nil || next != "" || len(hints) != 1 || hints[0].Foreign == "" {
		t.Fatalf("%v %q %v", hints, next, err)
	}
	if diff := cmp.Diff(map[string]string{"created[gte]": "1767225600", "limit": "100", "starting_after": "evt_2"},
		first(stripe.requests[1].params)); diff != "" {
		t.Error(diff)
	}
}

func TestEventsThatCannotBeReadAreAnError(t *testing.T) {
	for _, page := range []string{listOf(false, map[string]any{"id": "evt_1"}), listOf(true), `{"object":"list"}`} {
		client, _ := serve(t, (&stripeOf{answers: map[string][]string{"GET /v1/events": {page}}}).ServeHTTP)
		if hints, next, err := client.EventsSince(t.Context(), time.Time{}, ""); err == nil {
			t.Errorf("%s: %v %q", page, hints, next)
		}
	}
}

func TestBuyerEmail(t *testing.T) {
	typed := map[string]any{"id": "cs_1", "customer_details": map[string]any{"email": "office@example.com"}}
	stripe := &stripeOf{answers: map[string][]string{
		"GET /v1/checkout/sessions": {listOf(false, typed), listOf(false),
			listOf(false, map[string]any{"id": "cs_2", "customer_details": nil})},
		"GET /v1/checkout/sessions/cs_1": {`{"id":"cs_1","object":"checkout.session","customer_details":{"email":"office@example.com"}}`,
			`{"id":"cs_1","object":"checkout.session","customer_details":null}`},
	}}
	client, _ := serve(t, stripe.ServeHTTP)
	for i, tt := range []struct{ of, want string }{{"cs_1", "office@example.com"}, {"cs_1", ""},
		{"sub_1", "office@example.com"}, {"sub_2", ""}, {"sub_3", ""}} {
		got, err := client.BuyerEmail(t.Context(), tt.of)
		if err != nil || got != tt.want {
			t.Errorf("%d: of %s it is %q, want %q: %v", i, tt.of, got, tt.want, err)
		}
	}
	if got := first(stripe.requests[2].params)["subscription"]; got != "sub_1" {
		t.Errorf("asked for the subscription %q", got)
	}
	if _, err := client.BuyerEmail(t.Context(), ""); err == nil {
		t.Error("without an id it would list the sessions of everyone")
	}
}
