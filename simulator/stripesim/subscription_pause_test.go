package stripesim_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

func TestAPausedCollectionRenewsWithoutMoney(t *testing.T) {
	t.Parallel()
	for behaviour, want := range map[string]string{"keep_as_draft": "draft", "mark_uncollectible": "uncollectible",
		"void": "void"} {
		t.Run(behaviour, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				sub := b.Subscribed(b.Monthly())
				// March 2
				b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " pause_collection[behavior]=" + behaviour +
					" pause_collection[resumes_at]=952000000"})
				b.Advance(32 * simharness.Day)
				if got := b.Invoices()[1]; got.Status != want || len(b.Charges()) != 1 ||
					b.Subscription(sub.ID).Status != "active" {
					t.Errorf("the renewal is %s with %d charges, want %s with the first only", got.Status, len(b.Charges()), want)
				}
				b.Advance(60 * simharness.Day)
				if got := b.Subscription(sub.ID); got.PauseBehavior != "" || len(b.Charges()) < 2 {
					t.Errorf("after resumes_at it is paused by %q with %d charges", got.PauseBehavior, len(b.Charges()))
				}
			})
		})
	}
}

func TestAPausedSubscriptionResumesWhenItIsPaid(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aCustomer, aProduct, aPrice, step{"", aSubscription.request +
			" trial_period_days=7 trial_settings[end_behavior][missing_payment_method]=pause"})
		b.Advance(8 * simharness.Day)
		sub := b.Subscriptions()[0]
		if sub.Status != "paused" {
			t.Fatalf("after the trial it is %s", sub.Status)
		}
		if err := b.SetCard(sub.Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		answer := b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + "/resume"})
		if answer["status"] != "paused" {
			t.Errorf("with a declined card it is %v", answer["status"])
		}
		b.Advance(23 * time.Hour)
		if got := b.Invoices()[1].Status; got != "void" {
			t.Errorf("after 23 hours the invoice is %s", got)
		}
		if err := b.SetCard(sub.Customer, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		answer = b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + "/resume"})
		if answer["status"] != "active" || !slices.Contains(b.EventsSince(""), "customer.subscription.resumed") {
			t.Errorf("with a good card it is %v", answer["status"])
		}
		b.Advance(32 * simharness.Day)
		if got := len(b.Charges()); got != 3 {
			t.Errorf("%d charges a month later, want the declined one and two more", got)
		}
	})
}

func TestOnlyEndiveKnowsAnExplicitPause(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		if response, _ := b.Send(http.MethodPost, simharness.StripeHost+"/v1/subscriptions/"+sub.ID+"/pause",
			map[string]string{"Stripe-Version": "2026-08-26.dahlia"}, ""); response.StatusCode != http.StatusNotFound {
			t.Errorf("dahlia answers %d", response.StatusCode)
		}
		if _, body := b.Send(http.MethodPost, simharness.StripeHost+"/v1/subscriptions/"+sub.ID+"/pause",
			map[string]string{"Stripe-Version": "2026-10-28.endive"}, ""); body["status"] != "paused" {
			t.Errorf("endive answers %v", body)
		}
	})
}
