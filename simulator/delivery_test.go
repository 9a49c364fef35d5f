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

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestStripeRetriesForThreeDaysWithNewSignatures(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Inbox.Answer = func(simharness.Received, int) int { return http.StatusServiceUnavailable }
		b.Customer("a@example.com")
		time.Sleep(4 * simharness.Day)
		synctest.Wait()
		all := b.Inbox.All()
		var waits []string
		for i, in := range all {
			waits = append(waits, in.At.Sub(all[0].At).Round(time.Second).String())
			if i > 0 && in.Header.Get("Stripe-Signature") == all[i-1].Header.Get("Stripe-Signature") {
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
		b.Inbox.Answer = func(simharness.Received, int) int { return http.StatusFound } // a redirect is a failure
		if _, err := b.SignUp(simulator.SignUp{Email: "a@example.com"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * simharness.Day)
		synctest.Wait()
		all := b.Inbox.All()
		var waits []string
		ids := map[string]bool{}
		for _, in := range all {
			waits = append(waits, in.At.Sub(all[0].At).Round(time.Second).String())
			ids[in.Header.Get("Svix-Id")] = true
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
		b.HTTP.Transport.(simharness.Network)["http://hang.test"] = hanging
		b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: "http://hang.test/", Secret: simharness.StripeSecret},
			{URL: simharness.InboxHost + "/stripe", Secret: simharness.StripeSecret}})
		b.Start()
		began := time.Now()
		b.Customer("a@example.com")
		b.Customer("b@example.com")
		time.Sleep(time.Second)
		synctest.Wait()
		if all := b.Inbox.All(); len(all) != 2 || all[1].At.Sub(began) > 100*time.Millisecond {
			t.Errorf("the other endpoint got %d webhooks, want 2 at once", len(all))
		}
		b.Stop()
		if got := b.PendingDeliveries(); got != 2 {
			t.Errorf("%d deliveries are pending after the stop, want the 2 that hung", got)
		}
	})
}

func TestDeliveriesQueueWithoutRunAndGoOnWithTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1)
		b.Customer("a@example.com")
		if b.PendingDeliveries() != 1 || len(b.Inbox.All()) != 0 {
			t.Fatalf("%d pending, %d delivered before Run", b.PendingDeliveries(), len(b.Inbox.All()))
		}
		b.Start()
		b.Settle()
		b.Stop()
		b.Customer("b@example.com")
		b.Start()
		b.Settle()
		b.Stop()
		if got := len(b.Inbox.All()); got != 2 {
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
		b.Customer("dropped@example.com")
		b.Settle()
		b.SetDelivery(simulator.DeliveryPolicy{Duplicate: 1})
		b.Customer("duplicated@example.com")
		b.Settle()
		b.SetDelivery(simulator.DeliveryPolicy{Twin: 1})
		b.Customer("twin@example.com")
		b.Settle()
		b.SetDelivery(simulator.DeliveryPolicy{Hold: true})
		b.Customer("held@example.com")
		time.Sleep(time.Hour)
		synctest.Wait()
		if pending := b.PendingDeliveries(); pending != 1 || !b.Quiet() {
			t.Errorf("%d are pending while held, quiet %v; want 1, true", pending, b.Quiet())
		}
		b.SetDelivery(simulator.DeliveryPolicy{})
		b.Settle()
		var got []string
		ids := map[string]int{}
		for _, in := range b.Inbox.All() {
			var event struct {
				ID   string
				Data struct{ Object struct{ Email string } }
			}
			if err := json.Unmarshal(in.Body, &event); err != nil {
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
		if _, list := b.Send("GET", simharness.StripeHost+"/v1/events?delivery_success=false", nil, ""); len(list["data"].([]any)) != 1 {
			t.Errorf("undelivered events: %v, want the dropped one", list["data"])
		}
	})
}

func TestADelayReordersAndTheSeedDecidesHow(t *testing.T) {
	t.Parallel()
	order := func(seed uint64) (kinds []string) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, seed)
			b.Start()
			b.SetDelivery(simulator.DeliveryPolicy{Shuffle: 0.5, MaxDelay: time.Minute})
			b.Subscribed(b.Monthly())
			b.Settle()
			kinds = b.Inbox.Kinds()
			b.Stop()
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
			b.Start()
			b.SetDelivery(simulator.DeliveryPolicy{Drop: 0.1, Duplicate: 0.2, Twin: 0.1, Shuffle: 0.3,
				MaxDelay: 30 * time.Second, Unordered: unordered})
			b.AddFault(simulator.Fault{Side: "delivery", Probability: 0.3, Status: 500})
			b.Inbox.Answer = func(_ simharness.Received, before int) int { return []int{200, 200, 500}[before%3] }
			user, err := b.SignUp(simulator.SignUp{Email: "a@example.com"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.CreateOrganization("Acme", user.ID); err != nil {
				t.Fatal(err)
			}
			sub := b.Subscribed(b.Monthly())
			b.Advance(40 * simharness.Day)
			if err := b.CancelSubscription(sub.ID, false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * simharness.Day)
			synctest.Wait()
			b.Stop()
			response, err := b.HTTP.Get(simharness.StripeHost + "/_sim/history")
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
		b.Subscribed(b.Monthly())
		b.Settle()
		all := b.Inbox.All()
		for i := 1; i < len(all); i++ {
			if !all[i].At.After(all[i-1].At) {
				t.Errorf("%s and %s came at the same instant, so their order is chance", all[i-1].Kind, all[i].Kind)
			}
		}
	})
}

func TestWhatIsHeldDoesNotHoldUpARetry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Inbox.Answer = func(_ simharness.Received, before int) int { return []int{500, 200}[min(before, 1)] }
		b.Customer("retried@example.com")
		time.Sleep(time.Second)
		b.SetDelivery(simulator.DeliveryPolicy{Hold: true})
		b.Customer("held@example.com")
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := len(b.Inbox.All()); got != 2 {
			t.Errorf("%d attempts arrived, want the first and its retry", got)
		}
	})
}

func TestARolledSecretSignsBesideTheOld(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: simharness.InboxHost + "/stripe", Secret: "whsec_new",
			Secrets: []string{simharness.StripeSecret}}})
		b.Customer("a@example.com")
		b.Settle()
		in := b.Inbox.All()[0]
		for _, secret := range []string{"whsec_new", simharness.StripeSecret} {
			if _, err := webhook.ConstructEvent(in.Body, in.Header.Get("Stripe-Signature"), secret); err != nil {
				t.Errorf("secret %s does not verify: %v", secret, err)
			}
		}
		if _, err := webhook.ConstructEvent(in.Body, in.Header.Get("Stripe-Signature"), "whsec_other"); err == nil {
			t.Error("any secret verifies")
		}
	})
}
