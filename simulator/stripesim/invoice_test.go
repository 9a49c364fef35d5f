package stripesim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// step is one request of a Stripe CLI trigger, such as "POST /v1/invoices
// customer={customer}". {name} stands for the id in the answer to the step of
// that name.
type step struct{ name, request string }

// trigger sends the requests of a trigger as the Stripe CLI does, and returns
// the last answer. A step may end with "-> 402" to expect an error.
func (b *bench) trigger(steps ...step) map[string]any {
	b.T.Helper()
	ids := map[string]string{}
	var answer map[string]any
	for _, s := range steps {
		request, want := s.request, http.StatusOK
		if at := strings.Index(request, " -> "); at >= 0 {
			_, _ = fmt.Sscan(request[at+4:], &want)
			request = request[:at]
		}
		for name, id := range ids {
			request = strings.ReplaceAll(request, "{"+name+"}", id)
		}
		method, rest, _ := strings.Cut(request, " ")
		path, form, _ := strings.Cut(rest, " ")
		values := url.Values{}
		for _, pair := range strings.Fields(form) {
			name, value, _ := strings.Cut(pair, "=")
			values.Add(name, strings.ReplaceAll(value, "+", " "))
		}
		response, body := b.Send(method, simharness.StripeHost+path,
			map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, values.Encode())
		if response.StatusCode != want {
			b.T.Fatalf("%s answered %d, want %d: %v", request, response.StatusCode, want, body)
		}
		if id, ok := body["id"].(string); ok && s.name != "" {
			ids[s.name] = id
		}
		answer = body
	}
	return answer
}

var (
	aCustomer = step{"customer", "POST /v1/customers description=(created+by+Stripe+CLI)"}
	anItem    = step{"item", "POST /v1/invoiceitems amount=2000 currency=usd customer={customer} description=(created+by+Stripe+CLI)"}
	anInvoice = step{"invoice", "POST /v1/invoices customer={customer} description=(created+by+Stripe+CLI) pending_invoice_items_behavior=include"}
)

// The requests of the Stripe CLI for each invoice trigger, and the event they
// cause.
func TestTheInvoiceTriggersOfTheStripeCLIWriteTheirEvents(t *testing.T) {
	t.Parallel()
	made := []step{aCustomer, anItem, anInvoice}
	for event, steps := range map[string][]step{
		"invoiceitem.created": {aCustomer, anItem},
		"invoiceitem.deleted": {aCustomer, anItem, {"", "DELETE /v1/invoiceitems/{item}"}},
		"invoice.created":     made,
		"invoice.deleted":     append(made, step{"", "DELETE /v1/invoices/{invoice}"}),
		"invoice.finalized":   append(made, step{"", "POST /v1/invoices/{invoice}/finalize"}),
		"invoice.updated":     append(made, step{"", "POST /v1/invoices/{invoice} metadata[foo]=bar"}),
		"invoice.voided": append(made, step{"", "POST /v1/invoices/{invoice}/finalize"},
			step{"", "POST /v1/invoices/{invoice}/void"}),
		"invoice.marked_uncollectible": append(made, step{"", "POST /v1/invoices/{invoice}/finalize"},
			step{"", "POST /v1/invoices/{invoice}/mark_uncollectible"}),
		"invoice.paid": {aCustomer, {"method",
			"POST /v1/payment_methods/pm_card_visa/attach customer={customer}"}, anItem, anInvoice,
			{"", "POST /v1/invoices/{invoice}/pay payment_method={method}"}},
		"invoice.payment_succeeded": {aCustomer, {"method",
			"POST /v1/payment_methods/pm_card_visa/attach customer={customer}"}, anItem, anInvoice,
			{"", "POST /v1/invoices/{invoice}/pay payment_method={method}"}},
		"invoice.payment_failed": {aCustomer, {"method",
			"POST /v1/payment_methods/pm_card_chargeCustomerFail/attach customer={customer}"}, anItem, anInvoice,
			{"", "POST /v1/invoices/{invoice}/pay payment_method={method} -> 402"}},
		"invoice.sent": {{"customer", "POST /v1/customers email=bob@example.com"}, anItem,
			{"invoice", anInvoice.request + " collection_method=send_invoice days_until_due=7"},
			{"", "POST /v1/invoices/{invoice}/send"}},
	} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				b.trigger(steps...)
				kinds := b.EventsSince("")
				for _, kind := range kinds {
					if kind == event {
						return
					}
				}
				t.Errorf("the events are %v", kinds)
			})
		})
	}
}

func TestAnInvoiceByHandTakesUpThePendingItems(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aCustomer, anItem, step{"", strings.Replace(anItem.request, "2000", "500", 1)}, anInvoice)
		invoice := b.Invoices()[0]
		if invoice.Total() != 2500 || invoice.Status != "draft" || invoice.Subscription != "" || invoice.Reason != "manual" {
			t.Errorf("the invoice is %+v", invoice)
		}
		got, err := b.Stripe.V1Invoices.Retrieve(t.Context(), invoice.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Parent != nil || got.Number != "" || got.Lines.Data[0].Amount != 500 ||
			got.Lines.Data[0].Parent.Type != "invoice_item_details" {
			t.Errorf("shown with parent %v, number %q, first line %+v; want none, none, the newest item", got.Parent,
				got.Number, got.Lines.Data[0])
		}
		// The items of the first invoice are no longer pending.
		second := b.trigger(step{"", "POST /v1/invoiceitems amount=100 customer=" + invoice.Customer},
			step{"", "POST /v1/invoices pending_invoice_items_behavior=include customer=" + invoice.Customer})
		if second["total"] != float64(100) {
			t.Errorf("the second invoice has %v", second["total"])
		}
		empty := b.trigger(step{"", "POST /v1/invoices customer=" + invoice.Customer})
		b.trigger(step{"", "POST /v1/invoices/" + empty["id"].(string) + "/finalize -> 400"})
	})
}

func TestAnInvoiceThatAdvancesIsFinalizedAndChargedByItself(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(step{"customer", "POST /v1/customers payment_method=pm_card_visa invoice_settings[default_payment_method]=pm_card_visa"}, anItem,
			step{"invoice", anInvoice.request + " auto_advance=true"})
		b.Advance(time.Hour)
		if got := b.Invoices()[0]; got.Status != "paid" || len(b.Charges()) != 1 || b.Charges()[0].Amount != 2000 {
			t.Errorf("an hour later it is %s with %d charges", got.Status, len(b.Charges()))
		}
	})
}

func TestABalanceIsUsedBeforeMoney(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(step{"customer", "POST /v1/customers balance=-1500 payment_method=pm_card_visa invoice_settings[default_payment_method]=pm_card_visa"}, anItem, anInvoice,
			step{"", "POST /v1/invoices/{invoice}/pay"})
		got, err := b.Stripe.V1Invoices.Retrieve(t.Context(), b.Invoices()[0].ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Total != 2000 || got.AmountDue != 500 || got.AmountPaid != 500 || got.StartingBalance != -1500 ||
			got.EndingBalance != 0 {
			t.Errorf("total %d, due %d, paid %d, balance %d to %d; want 2000, 500, 500, -1500 to 0", got.Total, got.AmountDue,
				got.AmountPaid, got.StartingBalance, got.EndingBalance)
		}
		if b.Customers()[0].Balance != 0 || b.Charges()[0].Amount != 500 {
			t.Errorf("balance %d, charged %d", b.Customers()[0].Balance, b.Charges()[0].Amount)
		}
	})
}

func TestACreditInvoiceIsPaidAtOnceAndFillsTheBalance(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aCustomer, step{"", "POST /v1/invoiceitems amount=-700 currency=usd customer={customer}"}, anInvoice,
			step{"", "POST /v1/invoices/{invoice}/finalize"})
		if got := b.Invoices()[0]; got.Status != "paid" || got.EndingBalance != -700 || b.Customers()[0].Balance != -700 {
			t.Errorf("invoice is %s with ending balance %d; the customer's is %d", got.Status, got.EndingBalance,
				b.Customers()[0].Balance)
		}
	})
}

func TestVoidingGivesTheBalanceBackAndCancelsThePayment(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(step{"customer", "POST /v1/customers balance=-300"}, anItem, anInvoice,
			step{"", "POST /v1/invoices/{invoice}/finalize"}, step{"", "POST /v1/invoices/{invoice}/void"})
		if got := b.Customers()[0].Balance; got != -300 {
			t.Errorf("the balance is %d, want -300 again", got)
		}
		invoice := b.Invoices()[0]
		intent, err := b.Stripe.V1PaymentIntents.Retrieve(t.Context(), invoice.PaymentIntent, nil)
		if err != nil || intent.Status != "canceled" {
			t.Errorf("its payment intent is %v, %v; want canceled", intent, err)
		}
		b.trigger(step{"", "POST /v1/invoices/" + invoice.ID + "/pay -> 400"})
	})
}

func TestPaidOutOfBandChargesNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		answer := b.trigger(aCustomer, anItem, anInvoice, step{"", "POST /v1/invoices/{invoice}/pay paid_out_of_band=true"})
		if answer["status"] != "paid" || answer["amount_paid_off_stripe"] != float64(2000) || len(b.Charges()) != 0 {
			t.Errorf("the invoice is %v, %v outside, %d charges", answer["status"], answer["amount_paid_off_stripe"],
				len(b.Charges()))
		}
	})
}

func TestASentInvoiceBecomesOverdue(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		answer := b.trigger(aCustomer, anItem, step{"invoice", anInvoice.request +
			" collection_method=send_invoice days_until_due=7"}, step{"", "POST /v1/invoices/{invoice}/send"})
		if want := float64(b.Now().Add(7 * simharness.Day).Unix()); answer["due_date"] != want || answer["status"] != "open" {
			t.Errorf("due %v as %v, want %v as open", answer["due_date"], answer["status"], want)
		}
		before := b.Mark()
		b.Advance(7 * simharness.Day)
		if diff := cmp.Diff([]string{"invoice.overdue"}, b.EventsSince(before)); diff != "" {
			t.Errorf("events a week later (-want +got):\n%s", diff)
		}
	})
}

func TestInvoicePaymentsAreFoundByIntentAndByInvoice(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		invoice, err := b.Stripe.V1Invoices.Retrieve(t.Context(), sub.LatestInvoice,
			&stripe.InvoiceRetrieveParams{Expand: stripe.StringSlice([]string{"payments", "confirmation_secret"})})
		if err != nil {
			t.Fatal(err)
		}
		payment := invoice.Payments.Data[0]
		for name, query := range map[string]string{"intent": "payment[type]=payment_intent&payment[payment_intent]=" +
			payment.Payment.PaymentIntent.ID, "invoice": "invoice=" + invoice.ID + "&status=paid"} {
			_, found := b.Send(http.MethodGet, simharness.StripeHost+"/v1/invoice_payments?"+query, nil, "")
			data := found["data"].([]any)
			if len(data) != 1 || data[0].(map[string]any)["id"] != payment.ID {
				t.Errorf("by %s: %v, want %s", name, data, payment.ID)
			}
		}
		_, one := b.Send(http.MethodGet, simharness.StripeHost+"/v1/invoice_payments/"+payment.ID, nil, "")
		if one["status"] != "paid" || one["amount_paid"] != float64(2900) || invoice.ConfirmationSecret.ClientSecret == "" {
			t.Errorf("the payment is %v, the secret %+v", one, invoice.ConfirmationSecret)
		}
	})
}

func TestAnUnansweredInvoiceCreatedDelaysTheFinalizationByUpTo72Hours(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		recovers time.Duration // when the endpoint recovers after the renewal; 0 for never
		want     time.Duration
	}{"recovers after ten hours": {10 * time.Hour, 18 * time.Hour}, "never recovers": {0, 73 * time.Hour}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				sub := b.Subscribed(b.Monthly())
				b.Settle()
				renewal := sub.PeriodEnd()
				b.Inbox.Answer = func(r simharness.Received, _ int) int {
					if r.Kind == "invoice.created" && (test.recovers == 0 || r.At.Before(renewal.Add(test.recovers))) {
						return http.StatusInternalServerError
					}
					return http.StatusOK
				}
				time.Sleep(renewal.Sub(b.Now()) + 2*time.Hour)
				if got := b.Invoices()[1]; got.Status != "draft" {
					t.Fatalf("two hours after the renewal it is %s, want draft", got.Status)
				}
				time.Sleep(test.want - 2*time.Hour)
				b.Advance(0)
				if got := b.Invoices()[1]; got.Status != "paid" {
					t.Errorf("%s after the renewal it is %s, want paid", test.want, got.Status)
				}
			})
		})
	}
}

func TestTheEndOfDunningIsConfigurable(t *testing.T) {
	t.Parallel()
	for end, want := range map[string]string{"cancel": "canceled", "unpaid": "unpaid", "past_due": "past_due"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			inConfiguredBubble(t, func(c *simulator.Config) {
				c.Dunning = simulator.Dunning{RetryAfter: []time.Duration{simharness.Day}, End: end}
			}, func(t *testing.T, b *bench) {
				sub := b.Subscribed(b.Monthly())
				if err := b.SetCard(sub.Customer, "4000000000000341"); err != nil {
					t.Fatal(err)
				}
				b.Advance(sub.PeriodEnd().Add(time.Hour).Sub(b.Now()))
				if got := b.Subscription(sub.ID).Status; got != "past_due" {
					t.Errorf("after the first failure it is %s", got)
				}
				b.Advance(simharness.Day)
				if got := b.Subscription(sub.ID).Status; got != want {
					t.Errorf("after the last failure it is %s, want %s", got, want)
				}
				b.Advance(31 * simharness.Day)
				invoices := b.Invoices()
				if last := invoices[len(invoices)-1]; want == "unpaid" && (last.Status != "draft" || len(invoices) != 3) {
					t.Errorf("the next period's invoice is %s of %d, want a draft of 3", last.Status, len(invoices))
				}
				if want == "unpaid" {
					if err := b.SetCard(sub.Customer, "4242424242424242"); err != nil {
						t.Fatal(err)
					}
					if err := b.PayInvoice(invoices[1].ID); err != nil {
						t.Fatal(err)
					}
					if got := b.Subscription(sub.ID).Status; got != "active" {
						t.Errorf("after payment it is %s, want active", got)
					}
				}
			})
		})
	}
}
