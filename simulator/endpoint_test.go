package simulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v86/webhook"

	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

// control asks a control and returns status and body.
func (b *bench) control(method, path, body string) (status int, answer string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, stripeHost+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	response, answer := b.do(request)
	return response.StatusCode, answer
}

func TestARecordedOrderIsTheOneOfTheRecord(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(b *bench){
		"checkout-new-customer": func(b *bench) {
			session := b.session("subscription", monthly(b), nil)
			must(b, b.PayCheckout(session.ID, "4242 4242 4242 4242"))
		},
		"checkout-existing-customer": func(b *bench) { b.subscribed(monthly(b)) },
		"checkout-payment": func(b *bench) {
			session := b.session("payment", b.AddPlan(simulator.Plan{LookupKey: "once", ProductName: "Once", Amount: 500}), nil)
			must(b, b.PayCheckout(session.ID, "4242 4242 4242 4242"))
		},
		"refund": func(b *bench) {
			b.subscribed(monthly(b))
			b.settle()
			must(b, b.Refund(b.Charges()[0].ID, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				if status, answer := b.control("POST", "/_sim/delivery",
					fmt.Sprintf(`{"order":%q}`, name)); status != http.StatusOK {
					t.Fatalf("the control says %s", answer)
				}
				act(b)
				b.settle()
				causal := b.eventsSince("")
				var got, want []string
				for _, kind := range delivery.Orders[name] {
					if slices.Contains(causal, kind) {
						want = append(want, kind)
					}
				}
				for _, in := range b.inbox.all() {
					if slices.Contains(want, in.kind) && !slices.Contains(got, in.kind) {
						got = append(got, in.kind)
					}
				}
				if name == "checkout-existing-customer" { // the customer was made, and told of, before
					got, want = without(got, "customer.updated"), without(want, "customer.updated")
				}
				if diff := cmp.Diff(want, got); diff != "" || len(want) < 2 {
					t.Errorf("delivered (-recorded +got):\n%s", diff)
				}
				if slices.Equal(b.inbox.kinds(), causal) != (name == "refund") {
					t.Error("the order is the causal one, or that of a refund is not")
				}
			})
		})
	}
}

func without(kinds []string, kind string) []string {
	return slices.DeleteFunc(slices.Clone(kinds), func(other string) bool { return other == kind })
}

func must(b *bench, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestAnUnknownPolicyIsRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for _, policy := range []string{`{"order":"alphabetical"}`, `{"drop":2}`, `{"drop":-1}`, `{"max_delay_ns":-1}`,
			`{"hodl":true}`} {
			if status, answer := b.control("POST", "/_sim/delivery", policy); status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", policy, status, answer)
			}
		}
	})
}

func TestADisabledEndpointGetsNoRetryUnlessItIsEnabledInTime(t *testing.T) {
	t.Parallel()
	for enabledAgain, want := range map[bool]int{false: 1, true: 2} {
		inBubble(t, func(t *testing.T, b *bench) {
			b.SetStripeWebhooks(nil)
			made, err := b.endpointMade("customer.created")
			if err != nil {
				t.Fatal(err)
			}
			b.inbox.answer = func(_ received, before int) int { return []int{500, 200}[min(before, 1)] }
			b.customer("a@example.com")
			time.Sleep(time.Second)
			b.send("POST", stripeHost+"/v1/webhook_endpoints/"+made, nil, "disabled=true")
			if enabledAgain {
				time.Sleep(10 * time.Second)
				b.send("POST", stripeHost+"/v1/webhook_endpoints/"+made, nil, "disabled=false")
			}
			time.Sleep(4 * day)
			synctest.Wait()
			if got := len(b.inbox.all()); got != want || b.PendingDeliveries() != 0 {
				t.Errorf("enabled again %v: %d attempts, %d pending; want %d, 0", enabledAgain, got, b.PendingDeliveries(), want)
			}
		})
	}
}

// endpointMade makes an endpoint by the API and returns its id.
func (b *bench) endpointMade(events string) (string, error) {
	_, made := b.send("POST", stripeHost+"/v1/webhook_endpoints", nil, "url="+inboxHost+"/stripe&enabled_events[]="+events)
	id, ok := made["id"].(string)
	if !ok {
		return "", fmt.Errorf("no endpoint: %v", made)
	}
	return id, nil
}

func TestAnEndpointThatFailsForDaysIsDisabled(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		failing := true
		b.inbox.answer = func(received, int) int {
			if failing {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
		for range 8 {
			b.customer("a@example.com")
			if _, err := b.SignUp(simulator.SignUp{Email: fmt.Sprintf("u%d@example.com", b.keys)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(day)
		}
		synctest.Wait()
		failing = false
		before := len(b.inbox.all())
		b.customer("late@example.com")
		if _, err := b.SignUp(simulator.SignUp{Email: "late@example.com"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * day)
		if got := len(b.inbox.all()) - before; got != 0 {
			t.Errorf("%d webhooks came after a week of failures", got)
		}
		_, list := b.send("GET", stripeHost+"/v1/webhook_endpoints", nil, "")
		if got := element(list, 0)["status"]; got != "disabled" {
			t.Errorf("the endpoint is %v", got)
		}
		b.SetClerkWebhooks([]simulator.WebhookEndpoint{{URL: inboxHost + "/clerk", Secret: clerkSecret}})
		b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: inboxHost + "/stripe", Secret: stripeSecret}})
		b.customer("again@example.com")
		if _, err := b.SignUp(simulator.SignUp{Email: "again@example.com"}); err != nil {
			t.Fatal(err)
		}
		b.settle()
		if got := len(b.inbox.all()) - before; got != 2 {
			t.Errorf("%d webhooks came after both were enabled again, want 2", got)
		}
	})
}

func TestAnAnswerMayEndAClerkMessageOrItsEndpoint(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		var directive atomic.Value
		var tried atomic.Int64
		b.http.Transport.(network)[inboxHost] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			tried.Add(1)
			w.Header().Set("Webhook-Delivery", directive.Load().(string))
			w.WriteHeader(http.StatusInternalServerError)
		})
		for i, try := range []struct {
			directive string
			attempts  int64
		}{{"", 8}, {"abort-message", 1}, {"disable", 1}, {"", 0}} {
			directive.Store(try.directive)
			tried.Store(0)
			if _, err := b.SignUp(simulator.SignUp{Email: fmt.Sprintf("u%d@example.com", i)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * day)
			synctest.Wait()
			if tried.Load() != try.attempts {
				t.Errorf("%d: %q led to %d attempts, want %d", i, try.directive, tried.Load(), try.attempts)
			}
		}
		directive.Store("disable")
		tried.Store(0)
		b.customer("a@example.com")
		time.Sleep(4 * day)
		if tried.Load() != 12 {
			t.Errorf("Stripe obeyed a header of Svix: %d attempts", tried.Load())
		}
	})
}

func TestARolledSecretSignsUntilItExpires(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		status, answer := b.control("POST", "/_sim/roll", `{"endpoint":"`+inboxHost+`/stripe","overlap_seconds":3600}`)
		var rolled struct{ Secret string }
		if err := json.Unmarshal([]byte(answer), &rolled); err != nil || status != http.StatusOK ||
			!strings.HasPrefix(rolled.Secret, "whsec_") {
			t.Fatalf("%d %s", status, answer)
		}
		signed := func(secret string) bool {
			all := b.inbox.all()
			in := all[len(all)-1]
			_, err := webhook.ConstructEvent(in.body, in.header.Get("Stripe-Signature"), secret)
			return err == nil
		}
		b.customer("a@example.com")
		b.settle()
		if !signed(rolled.Secret) || !signed(stripeSecret) {
			t.Errorf("within the hour: new %v, old %v", signed(rolled.Secret), signed(stripeSecret))
		}
		b.Advance(2 * time.Hour) // signatures follow the real clock
		b.customer("b@example.com")
		b.settle()
		if !signed(stripeSecret) {
			t.Error("the billing clock made a secret expire")
		}
		time.Sleep(time.Hour)
		b.customer("c@example.com")
		b.settle()
		if !signed(rolled.Secret) || signed(stripeSecret) {
			t.Errorf("after the hour: new %v, old %v", signed(rolled.Secret), signed(stripeSecret))
		}
		for _, wrong := range []string{`{"endpoint":"we_none"}`, `{"endpoint":"` + inboxHost +
			`/stripe","overlap_seconds":86401}`} {
			if status, answer := b.control("POST", "/_sim/roll", wrong); status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", wrong, status, answer)
			}
		}
	})
}

func TestSecretsAreShownOnceAndEndpointsAreFew(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		form := "url=" + inboxHost + "/api&enabled_events[]=customer.created"
		_, made := b.send("POST", stripeHost+"/v1/webhook_endpoints", nil, form)
		_, shown := b.send("GET", stripeHost+"/v1/webhook_endpoints/"+made["id"].(string), nil, "")
		if secret, _ := made["secret"].(string); !strings.HasPrefix(secret, "whsec_") || shown["secret"] != nil {
			t.Errorf("secret is %v, then %v", made["secret"], shown["secret"])
		}
		for range 14 {
			b.send("POST", stripeHost+"/v1/webhook_endpoints", nil, form)
		}
		if response, failure := b.send("POST", stripeHost+"/v1/webhook_endpoints", nil,
			form); response.StatusCode != http.StatusBadRequest {
			t.Errorf("a 17th endpoint: %v", failure)
		}
	})
}

func TestTheControlsResendLoadAndSearchTheHistory(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.customer("first@example.com")
		b.settle()
		if status, answer := b.control("POST", "/_sim/resend", fmt.Sprintf(`{"event":%q,"endpoint":"%s/stripe"}`, b.mark(),
			inboxHost)); status != http.StatusNoContent {
			t.Errorf("resend: %d %s", status, answer)
		}
		b.settle()
		if got := len(b.inbox.all()); got != 2 {
			t.Errorf("%d deliveries, want 2", got)
		}
		if status, _ := b.control("POST", "/_sim/resend",
			`{"event":"evt_none","endpoint":"`+inboxHost+`/stripe"}`); status != http.StatusBadRequest {
			t.Errorf("an unknown event: %d", status)
		}
		_, state := b.control("GET", "/_sim/state", "")
		b.customer("second@example.com")
		if status, answer := b.control("POST", "/_sim/state", state); status != http.StatusNoContent ||
			len(b.Customers()) != 1 {
			t.Errorf("load: %d %s, %d customers", status, answer, len(b.Customers()))
		}
		if status, _ := b.control("POST", "/_sim/state", state[:len(state)/2]); status != http.StatusBadRequest ||
			len(b.Customers()) != 1 {
			t.Errorf("half a state: %d", status)
		}
		_, found := b.control("GET", "/_sim/history?q=SECOND@example.com", "")
		// the request and its webhook, or the request alone
		if lines := strings.Count(found, "\n"); lines != 2 || strings.Contains(found, "first@example.com") {
			if lines != 1 {
				t.Errorf("%d lines contain it:\n%s", lines, found)
			}
		}
		if _, page := b.control("GET", "/_sim?q=first@example.com", ""); !strings.Contains(page,
			`value="first@example.com"`) || !strings.Contains(page, "POST /v1/customers") {
			t.Error("the page does not show what was asked for")
		}
		if _, page := b.control("GET", "/_sim?q=nothing-has-this", ""); strings.Contains(page, "POST /v1/customers") {
			t.Error("the page shows what was not asked for")
		}
	})
}

func TestEveryFaultOfADeliveryAndOfAPage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if status, answer := b.control("POST", "/_sim/faults",
			`{"side":"stripe","path":"/c/pay/*","status":503,"body":"<html>later</html>","times":1}`); status != http.StatusOK {
			t.Fatal(answer)
		}
		session := b.session("subscription", monthly(b), nil)
		page := func() (int, string, error) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, session.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := b.http.Do(request)
			if err != nil {
				return 0, "", err
			}
			body, err := io.ReadAll(response.Body)
			return response.StatusCode, string(body), err
		}
		if status, body, err := page(); status != http.StatusServiceUnavailable || body != "<html>later</html>" ||
			err != nil {
			t.Errorf("the page answers %d %s %v", status, body, err)
		}
		b.AddFault(simulator.Fault{Side: "stripe", Path: "/c/pay/*", CutAfter: -1, Times: 1})
		if _, _, err := page(); err == nil {
			t.Error("a page whose connection was cut came")
		}
		b.AddFault(simulator.Fault{Side: "stripe", Path: "/c/pay/*", Hang: time.Minute, Times: 1})
		began := time.Now()
		if status, _, err := page(); status != http.StatusOK || err != nil || time.Since(began) != time.Minute {
			t.Errorf("after %s: %d %v", time.Since(began), status, err)
		}
		if status, _ := b.control("DELETE", "/_sim/faults", ""); status != http.StatusNoContent {
			t.Errorf("clearing the faults: %d", status)
		}
		b.settle()
		before := len(b.inbox.all())
		b.AddFault(simulator.Fault{Side: "delivery", Path: "/stripe", Probability: 1, Times: 2})
		b.customer("a@example.com")
		b.settle()
		if got := len(b.inbox.all()) - before; got != 1 {
			t.Errorf("%d deliveries arrived, want one, after two that could not reach the endpoint", got)
		}
		var history bytes.Buffer
		_, text := b.control("GET", "/_sim/history?q=could+not+be+reached", "")
		history.WriteString(text)
		if got := strings.Count(history.String(), "\n"); got != 2 {
			t.Errorf("%d attempts are told of that failed", got)
		}
	})
}
