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

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

// control makes a control request and returns the status and the body.
func (b *bench) control(method, path, body string) (status int, answer string) {
	b.T.Helper()
	request, err := http.NewRequestWithContext(b.T.Context(), method, simharness.StripeHost+path, strings.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	response, answer := b.Do(request)
	return response.StatusCode, answer
}

func TestARecordedOrderIsTheOneOfTheRecord(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(b *bench){
		"checkout-new-customer": func(b *bench) {
			session := b.Session("subscription", b.Monthly(), nil)
			b.Must(b.PayCheckout(session.ID, "4242 4242 4242 4242"))
		},
		"checkout-existing-customer": func(b *bench) { b.Subscribed(b.Monthly()) },
		"checkout-payment": func(b *bench) {
			session := b.Session("payment", b.AddPlan(simulator.Plan{LookupKey: "once", ProductName: "Once", Amount: 500}), nil)
			b.Must(b.PayCheckout(session.ID, "4242 4242 4242 4242"))
		},
		"refund": func(b *bench) {
			b.Subscribed(b.Monthly())
			b.Settle()
			b.Must(b.Refund(b.Charges()[0].ID, 0))
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
				b.Settle()
				causal := b.EventsSince("")
				var got, want []string
				for _, kind := range delivery.Orders[name] {
					if slices.Contains(causal, kind) {
						want = append(want, kind)
					}
				}
				for _, in := range b.Inbox.All() {
					if slices.Contains(want, in.Kind) && !slices.Contains(got, in.Kind) {
						got = append(got, in.Kind)
					}
				}
				if name == "checkout-existing-customer" { // the customer was made, and told of, before
					got, want = without(got, "customer.updated"), without(want, "customer.updated")
				}
				if diff := cmp.Diff(want, got); diff != "" || len(want) < 2 {
					t.Errorf("delivered (-recorded +got):\n%s", diff)
				}
				if slices.Equal(b.Inbox.Kinds(), causal) != (name == "refund") {
					t.Error("the order is the causal one, or that of a refund is not")
				}
			})
		})
	}
}

func without(kinds []string, kind string) []string {
	return slices.DeleteFunc(slices.Clone(kinds), func(other string) bool { return other == kind })
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
			b.Inbox.Answer = func(_ simharness.Received, before int) int { return []int{500, 200}[min(before, 1)] }
			b.Customer("a@example.com")
			time.Sleep(time.Second)
			b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints/"+made, nil, "disabled=true")
			if enabledAgain {
				time.Sleep(10 * time.Second)
				b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints/"+made, nil, "disabled=false")
			}
			time.Sleep(4 * simharness.Day)
			synctest.Wait()
			if got := len(b.Inbox.All()); got != want || b.PendingDeliveries() != 0 {
				t.Errorf("enabled again %v: %d attempts, %d pending; want %d, 0", enabledAgain, got, b.PendingDeliveries(), want)
			}
		})
	}
}

// endpointMade creates an endpoint through the API and returns its id.
func (b *bench) endpointMade(events string) (string, error) {
	_, made := b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", nil, "url="+simharness.InboxHost+"/stripe&enabled_events[]="+events)
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
		b.Inbox.Answer = func(simharness.Received, int) int {
			if failing {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
		for range 8 {
			b.Customer("a@example.com")
			if _, err := b.SignUp(simulator.SignUp{Email: fmt.Sprintf("u%d@example.com", b.Keys)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(simharness.Day)
		}
		synctest.Wait()
		failing = false
		before := len(b.Inbox.All())
		b.Customer("late@example.com")
		if _, err := b.SignUp(simulator.SignUp{Email: "late@example.com"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * simharness.Day)
		if got := len(b.Inbox.All()) - before; got != 0 {
			t.Errorf("%d webhooks came after a week of failures", got)
		}
		_, list := b.Send("GET", simharness.StripeHost+"/v1/webhook_endpoints", nil, "")
		if got := simharness.Element(list, 0)["status"]; got != "disabled" {
			t.Errorf("the endpoint is %v", got)
		}
		b.SetClerkWebhooks([]simulator.WebhookEndpoint{{URL: simharness.InboxHost + "/clerk", Secret: simharness.ClerkSecret}})
		b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: simharness.InboxHost + "/stripe", Secret: simharness.StripeSecret}})
		b.Customer("again@example.com")
		if _, err := b.SignUp(simulator.SignUp{Email: "again@example.com"}); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		if got := len(b.Inbox.All()) - before; got != 2 {
			t.Errorf("%d webhooks came after both were enabled again, want 2", got)
		}
	})
}

func TestAnAnswerMayEndAClerkMessageOrItsEndpoint(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		var directive atomic.Value
		var tried atomic.Int64
		network := b.HTTP.Transport.(simharness.Network)
		network[simharness.InboxHost] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
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
			time.Sleep(2 * simharness.Day)
			synctest.Wait()
			if tried.Load() != try.attempts {
				t.Errorf("%d: %q led to %d attempts, want %d", i, try.directive, tried.Load(), try.attempts)
			}
		}
		directive.Store("disable")
		tried.Store(0)
		b.Customer("a@example.com")
		time.Sleep(4 * simharness.Day)
		if tried.Load() != 12 {
			t.Errorf("Stripe obeyed a header of Svix: %d attempts", tried.Load())
		}
	})
}

func TestARolledSecretSignsUntilItExpires(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		status, answer := b.control("POST", "/_sim/roll", `{"endpoint":"`+simharness.InboxHost+`/stripe","overlap_seconds":3600}`)
		var rolled struct{ Secret string }
		if err := json.Unmarshal([]byte(answer), &rolled); err != nil || status != http.StatusOK ||
			!strings.HasPrefix(rolled.Secret, "whsec_") {
			t.Fatalf("%d %s", status, answer)
		}
		signed := func(secret string) bool {
			all := b.Inbox.All()
			in := all[len(all)-1]
			_, err := webhook.ConstructEvent(in.Body, in.Header.Get("Stripe-Signature"), secret)
			return err == nil
		}
		b.Customer("a@example.com")
		b.Settle()
		if !signed(rolled.Secret) || !signed(simharness.StripeSecret) {
			t.Errorf("within the hour: new %v, old %v", signed(rolled.Secret), signed(simharness.StripeSecret))
		}
		b.Advance(2 * time.Hour) // signatures follow the real clock
		b.Customer("b@example.com")
		b.Settle()
		if !signed(simharness.StripeSecret) {
			t.Error("the billing clock made a secret expire")
		}
		time.Sleep(time.Hour)
		b.Customer("c@example.com")
		b.Settle()
		if !signed(rolled.Secret) || signed(simharness.StripeSecret) {
			t.Errorf("after the hour: new %v, old %v", signed(rolled.Secret), signed(simharness.StripeSecret))
		}
		for _, wrong := range []string{`{"endpoint":"we_none"}`, `{"endpoint":"` + simharness.InboxHost +
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
		form := "url=" + simharness.InboxHost + "/api&enabled_events[]=customer.created"
		_, made := b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", nil, form)
		_, shown := b.Send("GET", simharness.StripeHost+"/v1/webhook_endpoints/"+made["id"].(string), nil, "")
		if secret, _ := made["secret"].(string); !strings.HasPrefix(secret, "whsec_") || shown["secret"] != nil {
			t.Errorf("secret is %v, then %v", made["secret"], shown["secret"])
		}
		for range 14 {
			b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", nil, form)
		}
		if response, failure := b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", nil,
			form); response.StatusCode != http.StatusBadRequest {
			t.Errorf("a 17th endpoint: %v", failure)
		}
	})
}

func TestTheControlsResendLoadAndSearchTheHistory(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Customer("first@example.com")
		b.Settle()
		if status, answer := b.control("POST", "/_sim/resend", fmt.Sprintf(`{"event":%q,"endpoint":"%s/stripe"}`, b.Mark(),
			simharness.InboxHost)); status != http.StatusNoContent {
			t.Errorf("resend: %d %s", status, answer)
		}
		b.Settle()
		if got := len(b.Inbox.All()); got != 2 {
			t.Errorf("%d deliveries, want 2", got)
		}
		if status, _ := b.control("POST", "/_sim/resend",
			`{"event":"evt_none","endpoint":"`+simharness.InboxHost+`/stripe"}`); status != http.StatusBadRequest {
			t.Errorf("an unknown event: %d", status)
		}
		_, state := b.control("GET", "/_sim/state", "")
		b.Customer("second@example.com")
		if status, answer := b.control("POST", "/_sim/state", state); status != http.StatusNoContent ||
			len(b.Customers()) != 1 {
			t.Errorf("load: %d %s, %d customers", status, answer, len(b.Customers()))
		}
		if status, _ := b.control("POST", "/_sim/state", state[:len(state)/2]); status != http.StatusBadRequest ||
			len(b.Customers()) != 1 {
			t.Errorf("half a state: %d", status)
		}
		_, found := b.control("GET", "/_sim/history?q=SECOND@example.com", "")
		// the request and its webhook, or only the request
		if lines := strings.Count(found, "\n"); lines != 2 || strings.Contains(found, "first@example.com") {
			if lines != 1 {
				t.Errorf("%d lines contain it:\n%s", lines, found)
			}
		}
		if _, page := b.control("GET", "/_sim/sequence?q=first@example.com", ""); !strings.Contains(page,
			`value="first@example.com"`) || !strings.Contains(page, "POST /v1/customers") {
			t.Error("the page does not show what was asked for")
		}
		if _, page := b.control("GET", "/_sim/sequence?q=nothing-has-this", ""); strings.Contains(page, "POST /v1/customers") {
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
		session := b.Session("subscription", b.Monthly(), nil)
		page := func() (int, string, error) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, session.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := b.HTTP.Do(request)
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
		b.Settle()
		before := len(b.Inbox.All())
		b.AddFault(simulator.Fault{Side: "delivery", Path: "/stripe", Probability: 1, Times: 2})
		b.Customer("a@example.com")
		b.Settle()
		if got := len(b.Inbox.All()) - before; got != 1 {
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
