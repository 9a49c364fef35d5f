package simulator_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v86/webhook"

	"github.com/lockstep-dev/lockstep/simulator"
)

func TestStripeRetriesForThreeDaysWithNewSignatures(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.inbox.answer = func(received, int) int { return http.StatusServiceUnavailable }
		b.customer("a@example.com")
		time.Sleep(4 * day)
		synctest.Wait()
		all := b.inbox.all()
		var waits []string
		for i, in := range all {
			waits = append(waits, in.at.Sub(all[0].at).Round(time.Second).String())
			if i > 0 && in.header.Get("Stripe-Signature") == all[i-1].header.Get("Stripe-Signature") {
				t.Errorf("attempt %d has the signature of the one before", i+1)
			}
		}
		want := []string{"0s", "1m0s", "6m0s", "36m0s", "2h36m0s", "7h36m0s", "17h36m0s", "27h36m0s", "37h36m0s", "47h36m0s",
			"57h36m0s", "72h0m0s"}
		if diff := cmp.Diff(want, waits); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
		if b.PendingDeliveries() != 0 {
			t.Errorf("%d deliveries are pending after the last attempt", b.PendingDeliveries())
		}
	})
}

func TestClerkRetriesOnTheSvixScheduleWithOneID(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.inbox.answer = func(received, int) int { return http.StatusFound } // a redirect is a failure
		if _, err := b.SignUp(simulator.SignUp{Email: "a@example.com"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * day)
		synctest.Wait()
		all := b.inbox.all()
		var waits []string
		ids := map[string]bool{}
		for _, in := range all {
			waits = append(waits, in.at.Sub(all[0].at).Round(time.Second).String())
			ids[in.header.Get("Svix-Id")] = true
		}
		want := []string{"0s", "5s", "5m5s", "35m5s", "2h35m5s", "7h35m5s", "17h35m5s", "27h35m5s"}
		if diff := cmp.Diff(want, waits); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
		if len(ids) != 1 {
			t.Errorf("%d different svix-ids in the attempts of one message", len(ids))
		}
	})
}

func TestAHangingEndpointDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		hanging := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		b.http.Transport.(network)["http://hang.test"] = hanging
		b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: "http://hang.test/", Secret: stripeSecret},
			{URL: inboxHost + "/stripe", Secret: stripeSecret}})
		b.start()
		began := time.Now()
		b.customer("a@example.com")
		b.customer("b@example.com")
		time.Sleep(time.Second)
		synctest.Wait()
		if all := b.inbox.all(); len(all) != 2 || all[1].at.Sub(began) > 100*time.Millisecond {
			t.Errorf("the other endpoint got %d webhooks, want 2 at once", len(all))
		}
		b.stop()
		if got := b.PendingDeliveries(); got != 2 {
			t.Errorf("%d deliveries are pending after the stop, want the 2 that hung", got)
		}
	})
}

func TestDeliveriesQueueWithoutRunAndGoOnWithTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		b.customer("a@example.com")
		if b.PendingDeliveries() != 1 || len(b.inbox.all()) != 0 {
			t.Fatalf("%d pending, %d delivered before Run", b.PendingDeliveries(), len(b.inbox.all()))
		}
		b.start()
		b.settle()
		b.stop()
		b.customer("b@example.com")
		b.start()
		b.settle()
		b.stop()
		if got := len(b.inbox.all()); got != 2 {
			t.Errorf("%d delivered, want 2", got)
		}
		if !b.Quiet() {
			t.Error("not quiet after everything was delivered")
		}
	})
}

func TestTheDeliveryPolicyLosesRepeatsAndHolds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.SetDelivery(simulator.DeliveryPolicy{Drop: 1})
		b.customer("dropped@example.com")
		b.settle()
		b.SetDelivery(simulator.DeliveryPolicy{Duplicate: 1})
		b.customer("duplicated@example.com")
		b.settle()
		b.SetDelivery(simulator.DeliveryPolicy{Twin: 1})
		b.customer("twin@example.com")
		b.settle()
		b.SetDelivery(simulator.DeliveryPolicy{Hold: true})
		b.customer("held@example.com")
		time.Sleep(time.Hour)
		synctest.Wait()
		if pending := b.PendingDeliveries(); pending != 1 || !b.Quiet() {
			t.Errorf("%d are pending while held, quiet %v; want 1, true", pending, b.Quiet())
		}
		b.SetDelivery(simulator.DeliveryPolicy{})
		b.settle()
		var got []string
		ids := map[string]int{}
		for _, in := range b.inbox.all() {
			var event struct {
				ID   string
				Data struct{ Object struct{ Email string } }
			}
			if err := json.Unmarshal(in.body, &event); err != nil {
				t.Fatal(err)
			}
			ids[event.ID]++
			got = append(got, strings.TrimSuffix(event.Data.Object.Email, "@example.com"))
		}
		if diff := cmp.Diff([]string{"duplicated", "duplicated", "twin", "twin", "held"}, got); diff != "" {
			t.Errorf("arrived (-want +got):\n%s", diff)
		}
		if len(ids) != 4 {
			t.Errorf("%d different events arrived, want 4: the twins differ, the duplicates do not", len(ids))
		}
		if _, list := b.send("GET", stripeHost+"/v1/events?delivery_success=false", nil, ""); len(list["data"].([]any)) != 1 {
			t.Errorf("undelivered events: %v, want the dropped one", list["data"])
		}
	})
}

func TestADelayReordersAndTheSeedDecidesHow(t *testing.T) {
	t.Parallel()
	order := func(seed uint64) (kinds []string) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, seed)
			b.start()
			b.SetDelivery(simulator.DeliveryPolicy{Shuffle: 0.5, MaxDelay: time.Minute})
			b.subscribed(monthly(b))
			b.settle()
			kinds = b.inbox.kinds()
			b.stop()
		})
		return kinds
	}
	first := order(7)
	if diff := cmp.Diff(first, order(7)); diff != "" {
		t.Errorf("the same seed gave another order:\n%s", diff)
	}
	if cmp.Equal(first, order(8)) {
		t.Error("another seed gave the same order")
	}
}

func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	t.Parallel()
	run := func(unordered bool) string {
		var history bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, 42)
			b.start()
			b.SetDelivery(simulator.DeliveryPolicy{Drop: 0.1, Duplicate: 0.2, Twin: 0.1, Shuffle: 0.3,
				MaxDelay: 30 * time.Second, Unordered: unordered})
			b.AddFault(simulator.Fault{Side: "delivery", Probability: 0.3, Status: 500})
			b.inbox.answer = func(_ received, before int) int { return []int{200, 200, 500}[before%3] }
			user, err := b.SignUp(simulator.SignUp{Email: "a@example.com"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.CreateOrganization("Acme", user.ID); err != nil {
				t.Fatal(err)
			}
			sub := b.subscribed(monthly(b))
			b.Advance(40 * day)
			if err := b.CancelSubscription(sub.ID, false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * day)
			synctest.Wait()
			b.stop()
			response, err := b.http.Get(stripeHost + "/_sim/history")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := history.ReadFrom(response.Body); err != nil {
				t.Fatal(err)
			}
		})
		return history.String()
	}
	for _, unordered := range []bool{false, true} {
		first, second := run(unordered), run(unordered)
		if first != second {
			t.Errorf("two runs with one seed differ:\n%s", cmp.Diff(strings.Split(first, "\n"), strings.Split(second, "\n")))
		}
		if lines := strings.Count(first, "\n"); lines < 50 {
			t.Errorf("the history has %d lines, want a history worth comparing", lines)
		}
	}
}

func TestUnorderedDeliveriesStillStartOneAfterTheOther(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.SetDelivery(simulator.DeliveryPolicy{Unordered: true})
		b.subscribed(monthly(b))
		b.settle()
		all := b.inbox.all()
		for i := 1; i < len(all); i++ {
			if !all[i].at.After(all[i-1].at) {
				t.Errorf("%s and %s came at the same instant, so their order is chance", all[i-1].kind, all[i].kind)
			}
		}
	})
}

func TestWhatIsHeldDoesNotHoldUpARetry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.inbox.answer = func(_ received, before int) int { return []int{500, 200}[min(before, 1)] }
		b.customer("retried@example.com")
		time.Sleep(time.Second)
		b.SetDelivery(simulator.DeliveryPolicy{Hold: true})
		b.customer("held@example.com")
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := len(b.inbox.all()); got != 2 {
			t.Errorf("%d attempts arrived, want the first and its retry", got)
		}
	})
}

func TestARolledSecretSignsBesideTheOld(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: inboxHost + "/stripe", Secret: "whsec_new",
			Secrets: []string{stripeSecret}}})
		b.customer("a@example.com")
		b.settle()
		in := b.inbox.all()[0]
		for _, secret := range []string{"whsec_new", stripeSecret} {
			if _, err := webhook.ConstructEvent(in.body, in.header.Get("Stripe-Signature"), secret); err != nil {
				t.Errorf("secret %s does not verify: %v", secret, err)
			}
		}
		if _, err := webhook.ConstructEvent(in.body, in.header.Get("Stripe-Signature"), "whsec_other"); err == nil {
			t.Error("any secret verifies")
		}
	})
}
