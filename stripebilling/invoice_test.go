package stripebilling

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
)

func TestAnInvoiceSaysWhetherItsPaymentNeedsAction(t *testing.T) {
	const paying = `,"payments":{"object":"list","data":[{"payment":{"type":"payment_intent","payment_intent":`
	for name, c := range map[string]struct {
		status, payments string
		needs            bool
	}{
		"waits for the customer": {"open", paying + `{"id":"pi_1","status":"requires_action"}}}]}`, true},
		"declined":               {"open", paying + `{"id":"pi_1","status":"requires_payment_method"}}}]}`, false},
		"paid in the meantime":   {"paid", paying + `{"id":"pi_1","status":"requires_action"}}}]}`, false},
		"not expanded":           {"open", paying + `"pi_1"}}]}`, false},
		"no payments":            {"open", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			stripe := &stripeOf{answers: map[string][]string{"GET /v1/invoices/in_1": {`{"id":"in_1","object":"invoice",
				"status":"` + c.status + `","amount_due":2000,"currency":"usd","hosted_invoice_url":"https://pay.test/in_1"` +
				c.payments + `}`}}}
			client, _ := serve(t, stripe.ServeHTTP)
			got, err := client.Invoice(t.Context(), "in_1")
			if err != nil {
				t.Fatal(err)
			}
			want := lockstep.Invoice{ID: "in_1", URL: "https://pay.test/in_1", Amount: 2000, Currency: "usd",
				Open: c.status == "open", NeedsAction: c.needs}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	client, _ := serve(t, (&stripeOf{}).ServeHTTP)
	if _, err := client.Invoice(t.Context(), "in_1"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := client.Invoice(t.Context(), ""); err == nil {
		t.Error("without an id it would list all invoices")
	}
}

func TestNextInvoice(t *testing.T) {
	stripe := &stripeOf{answers: map[string][]string{"POST /v1/invoices/create_preview": {
		`{"id":"upcoming_in_1","object":"invoice","status":"draft","amount_due":2000,"currency":"usd"}`}}}
	client, _ := serve(t, stripe.ServeHTTP)
	got, err := client.NextInvoice(t.Context(), "sub_1")
	if want := (lockstep.Invoice{Amount: 2000, Currency: "usd"}); err != nil || got != want {
		t.Errorf("got %+v, want %+v: %v", got, want, err)
	}
	if of := first(stripe.requests[0].params)["subscription"]; of != "sub_1" {
		t.Errorf("asked for the subscription %q", of)
	}
	if _, err := client.NextInvoice(t.Context(), ""); err == nil {
		t.Error("it asked for no subscription")
	}
}

func TestRefundsAreThoseThatSendMoneyBack(t *testing.T) {
	refund := func(id, status string) map[string]any {
		return map[string]any{"id": id, "status": status, "amount": 1500, "currency": "usd", "created": 1798113600,
			"charge": map[string]any{"id": "ch_1", "amount": 4900, "customer": "cus_1", "receipt_url": "https://pay.test/r"}}
	}
	stripe := &stripeOf{answers: map[string][]string{"GET /v1/refunds": {listOf(false, refund("re_5", "pending"),
		refund("re_4", "failed"), refund("re_3", "canceled"), refund("re_2", "requires_action"),
		refund("re_1", "succeeded"))}}}
	client, _ := serve(t, stripe.ServeHTTP)
	got, err := client.Refunds(t.Context(), "pi_1")
	want := lockstep.Refund{ID: "re_5", CustomerID: "cus_1", Amount: 1500, Currency: "usd", PaymentAmount: 4900,
		ReceiptURL: "https://pay.test/r", CreatedAt: time.Unix(1798113600, 0).UTC()}
	second := want
	second.ID = "re_1"
	if diff := cmp.Diff([]lockstep.Refund{want, second}, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if of := first(stripe.requests[0].params)["payment_intent"]; of != "pi_1" {
		t.Errorf("asked for the payment %q", of)
	}
	if _, err := client.Refunds(t.Context(), ""); err == nil {
		t.Error("without an id it would list everybody's refunds")
	}
}
