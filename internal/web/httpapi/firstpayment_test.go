package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// incomplete starts a subscription with an open first payment, as the app's own payment page does. It returns the
// subscription and its invoice.
func (k *kit) incomplete(account lockstep.Account, plan, quantity string) (id, invoice string) {
	k.Helper()
	record, err := k.store.Account(k.Context(), account)
	if err != nil {
		k.Fatal(err)
	}
	id = k.stripe("/v1/subscriptions", "payment_behavior=default_incomplete&customer="+record.CustomerID+
		"&items[0][price]="+k.prices[plan]+"&items[0][quantity]="+quantity)
	for _, s := range k.sim.Subscriptions() {
		if s.ID == id {
			return id, s.LatestInvoice
		}
	}
	k.Fatalf("no subscription %s", id)
	return "", ""
}

func (k *kit) statusOf(subscription string) string {
	for _, s := range k.sim.Subscriptions() {
		if s.ID == subscription {
			return s.Status
		}
	}
	return "none"
}

// charged returns how often a card was charged.
func (k *kit) charged() (times int) {
	for _, c := range k.sim.Charges() {
		if c.Status == "succeeded" {
			times++
		}
	}
	return times
}

func TestAnOpenFirstPaymentIsPaidOnItsOwnPage(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	older := k.checkout(ada, "basic") // could be paid beside it
	id, invoice := k.incomplete(ada, "pro", "1")
	got := k.checkout(ada, "pro")
	k.want("the same", got, 200, "")
	if !got.Reused || got.ID != invoice || !strings.HasSuffix(got.URL, "/i/"+invoice) {
		t.Errorf("the answer is %+v, want the page of invoice %s", got, invoice)
	}
	if open := k.sessions("open"); len(open) != 0 {
		t.Errorf("checkouts %v can be paid beside it (%s)", open, older.ID)
	}
	if again := k.checkout(ada, "pro"); again.ID != invoice {
		t.Errorf("asked again: %+v", again)
	}
	answer, err := k.client.PostForm(got.URL, url.Values{"card": {card}, "expiry": {"12/34"}, "cvc": {"123"},
		"action": {"pay"}, "method": {"card"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if k.statusOf(id) != "active" || k.charged() != 1 {
		t.Errorf("paid, it is %s, charged %d times (%d)", k.statusOf(id), k.charged(), answer.StatusCode)
	}
	k.want("what is paid", k.checkout(ada, "pro"), 409, "already-subscribed")
}

// Another order replaces it, and the open invoice can no longer be paid.
func TestAnOpenFirstPaymentIsGivenUpForAnotherOrder(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]string{"another quantity": "pro", "another plan": "basic"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			ada := k.signUp("ada@example.com")
			id, invoice := k.incomplete(ada, plan, "3")
			got := k.checkout(ada, "pro")
			k.want(name, got, 200, "")
			if got.Reused || !strings.HasPrefix(got.ID, "cs_") {
				t.Errorf("the answer is %+v, want a new checkout", got)
			}
			if s := k.statusOf(id); s != "canceled" && s != "incomplete_expired" {
				t.Errorf("the open subscription is %s", s)
			}
			if err := k.sim.PayInvoice(invoice); err == nil {
				t.Error("its invoice can still be paid")
			}
			k.pay(got.ID)
			k.until("there is access", func() bool { return as[lockstep.Access](k, k.access(ada, "")).Plan == "pro" })
			if k.charged() != 1 {
				t.Errorf("charged %d times", k.charged())
			}
		})
	}
}

// A payment in progress cannot be stopped, and a checkout beside it would charge twice.
func TestAFirstPaymentThatIsBeingProcessedIsWaitedFor(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	id, invoice := k.incomplete(ada, "basic", "1")
	k.sim.AddFault(simulator.Fault{Side: "stripe", Method: "GET", Path: "/v1/invoices/" + invoice, Times: 1, Status: 200,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"id":"in_1","object":"invoice","status":"open","payments":{"object":"list","data":[
			{"id":"inpay_1","status":"open","payment":{"type":"payment_intent","payment_intent":{"id":"pi_1","status":"processing"}}}]}}`})
	k.want("another plan", k.checkout(ada, "pro"), 409, "payment-under-way")
	if got := k.checkout(ada, "basic"); got.ID != invoice {
		t.Errorf("the same: %+v, want the page of invoice %s, which says that the payment is on its way", got, invoice)
	}
	if open := k.sessions("open"); len(open) != 0 || k.statusOf(id) != "incomplete" {
		t.Errorf("checkouts %v, the subscription is %s", open, k.statusOf(id))
	}
}

// The buyer pays while we void the invoice.
func TestAFirstPaymentThatIsMadeMeanwhileCounts(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	id, invoice := k.incomplete(ada, "basic", "1")
	k.sim.AddFault(simulator.Fault{Side: "stripe", Method: "POST", Path: "/v1/invoices/" + invoice + "/void", Times: 1,
		Status: 400,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   `{"error":{"type":"invalid_request_error","message":"This invoice is paid."}}`})
	first := k.checkout(ada, "pro") // Stripe refuses to void it: the service looks again, and gives up the next time
	k.want("after a refusal", first, 200, "")
	if s := k.statusOf(id); s == "incomplete" {
		t.Errorf("the open subscription is %s", s)
	}
}
