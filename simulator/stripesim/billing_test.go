package stripesim_test

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestARenewalMovesThePeriodAndCollectsAnHourLater(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		before := b.Mark()
		b.Advance(sub.PeriodEnd().Sub(b.Now()))
		if diff := cmp.Diff([]string{"invoice.upcoming", "customer.subscription.updated", "invoice.created"},
			b.EventsSince(before)); diff != "" {
			t.Errorf("events up to the period's end (-want +got):\n%s", diff)
		}
		if got := b.Invoices()[1]; got.Status != "draft" {
			t.Errorf("the renewal's invoice is %s, want draft", got.Status)
		}
		before = b.Mark()
		b.Advance(time.Hour)
		want := []string{"invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
			"invoice.paid",
			"invoice.payment_succeeded", "invoice.updated", "invoice_payment.paid"}
		if diff := cmp.Diff(want, b.EventsSince(before)); diff != "" {
			t.Errorf("events an hour later (-want +got):\n%s", diff)
		}
		if got := b.Subscription(sub.ID).PeriodEnd(); !got.Equal(time.Date(2000, 3, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("period ends %s, want 1 March 2000", got)
		}
	})
}

func TestACancellationDuringTheDraftHourCollectsNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		b.Advance(sub.PeriodEnd().Sub(b.Now()))
		if err := b.CancelSubscription(sub.ID, false); err != nil {
			t.Fatal(err)
		}
		b.Advance(2 * simharness.Day)
		if got := b.Invoices()[1]; got.Status != "draft" || len(b.Charges()) != 1 {
			t.Errorf("the renewal's invoice is %s and there are %d charges, want a draft and the first charge only", got.Status,
				len(b.Charges()))
		}
	})
}

func TestTimePassesByItselfWhileRunRuns(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Subscribed(b.Monthly())
		time.Sleep(32 * simharness.Day)
		synctest.Wait()
		if kinds := b.Inbox.Kinds(); !slices.Contains(kinds, "customer.subscription.updated") {
			t.Errorf("no renewal was delivered in 32 days: %v", kinds)
		}
	})
}

func TestABillingDayOnThe31stSurvivesFebruary(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Advance(30*simharness.Day + 12*time.Hour) // 31 January 2000, 12:00
		sub := b.Subscribed(b.Monthly())
		for _, want := range []string{"2000-02-29", "2000-03-31", "2000-04-30", "2000-05-31"} {
			if got := b.Subscription(sub.ID).PeriodEnd(); got.Format(time.DateOnly) != want {
				t.Errorf("period ends %s, want %s", got, want)
			}
			b.Advance(b.Subscription(sub.ID).PeriodEnd().Sub(b.Now()))
		}
	})
}

func TestALargeAdvanceLeavesTheSameTrailAsSmallOnes(t *testing.T) {
	t.Parallel()
	trail := func(step time.Duration) (trail []string) {
		inBubble(t, func(t *testing.T, b *bench) {
			b.Subscribed(b.Monthly())
			for passed := time.Duration(0); passed < 90*simharness.Day; passed += step {
				b.Advance(step)
			}
			for _, event := range b.Events() {
				trail = append(trail, event.Created.String()+" "+event.Type+" "+event.ID)
			}
		})
		return trail
	}
	if diff := cmp.Diff(trail(90*simharness.Day), trail(6*time.Hour)); diff != "" {
		t.Errorf("trail of one step of 90 days and of steps of six hours differ (-large +small):\n%s", diff)
	}
}

func TestAFailedRenewalIsRetriedAndThenEndsTheSubscription(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		if err := b.SetCard(sub.Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		b.Advance(sub.PeriodEnd().Add(time.Hour).Sub(b.Now()))
		if got := b.Subscription(sub.ID).Status; got != "past_due" {
			t.Fatalf("status after the failed renewal is %s, want past_due", got)
		}
		if kinds := b.EventsSince(""); kinds[len(kinds)-1] != "customer.subscription.updated" {
			t.Errorf("the last event is %s, want the update to past_due", kinds[len(kinds)-1])
		}
		failedAt := sub.PeriodEnd().Add(time.Hour)
		b.Advance(8 * simharness.Day)
		var failures []string
		for _, event := range b.Events() {
			if event.Type == "invoice.payment_failed" {
				failures = append(failures, event.Created.Sub(failedAt).String())
			}
		}
		if diff := cmp.Diff([]string{"0s", "72h0m0s", "120h0m0s", "168h0m0s"}, failures); diff != "" {
			t.Errorf("attempts after the first (-want +got):\n%s", diff)
		}
		got := b.Subscription(sub.ID)
		if got.Status != "canceled" || got.CancelReason != "payment_failed" {
			t.Errorf("subscription is %s because of %q, want canceled because of payment_failed", got.Status, got.CancelReason)
		}
		if kinds := b.EventsSince(""); kinds[len(kinds)-1] != "customer.subscription.deleted" {
			t.Errorf("last events are %v", kinds[len(kinds)-3:])
		}
	})
}

func TestANewCardRecoversAPastDueSubscription(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		if err := b.SetCard(sub.Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		b.Advance(sub.PeriodEnd().Add(simharness.Day).Sub(b.Now()))
		if err := b.SetCard(sub.Customer, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		if got := b.Subscription(sub.ID).Status; got != "past_due" {
			t.Errorf("status before the retry is %s, want past_due", got)
		}
		b.Advance(3 * simharness.Day)
		if got := b.Subscription(sub.ID).Status; got != "active" {
			t.Errorf("status after the retry is %s, want active", got)
		}
		if b.Customers()[0].Delinquent {
			t.Error("the customer is still delinquent")
		}
	})
}

func TestAScheduledCancellationEndsTheSubscriptionInBothEncodings(t *testing.T) {
	t.Parallel()
	for name, cancel := range map[string]func(b *bench, id string) error{
		"cancel_at_period_end": func(b *bench, id string) error { return b.CancelSubscription(id, true) },
		"cancel_at":            func(b *bench, id string) error { return b.PortalCancel(id) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				sub := b.Subscribed(b.Monthly())
				if err := cancel(b, sub.ID); err != nil {
					t.Fatal(err)
				}
				got := b.Subscription(sub.ID)
				if got.Status != "active" || !got.CancelAt.Equal(sub.PeriodEnd()) ||
					got.CancelAtPeriodEnd != (name == "cancel_at_period_end") {
					t.Errorf("after the request: %s, cancel_at %s, cancel_at_period_end %v", got.Status, got.CancelAt,
						got.CancelAtPeriodEnd)
				}
				before := b.Mark()
				b.Advance(32 * simharness.Day)
				if diff := cmp.Diff([]string{"customer.subscription.deleted"}, b.EventsSince(before)); diff != "" {
					t.Errorf("events at the end (-want +got):\n%s", diff)
				}
				if got := b.Subscription(sub.ID); got.Status != "canceled" || !got.EndedAt.Equal(sub.PeriodEnd()) {
					t.Errorf("ended %s as %s, want %s as canceled", got.EndedAt, got.Status, sub.PeriodEnd())
				}
			})
		})
	}
}

func TestAResumedSubscriptionRenews(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		if err := b.PortalCancel(sub.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.ResumeSubscription(sub.ID); err != nil {
			t.Fatal(err)
		}
		b.Advance(32 * simharness.Day)
		if got := b.Subscription(sub.ID); got.Status != "active" || !got.CancelAt.IsZero() || !got.CanceledAt.IsZero() {
			t.Errorf("subscription is %+v, want active without an end", got)
		}
	})
}

func TestDeletingACustomerCancelsFirst(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		before := b.Mark()
		if err := b.DeleteCustomer(sub.Customer); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"customer.subscription.deleted", "customer.deleted"},
			b.EventsSince(before)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		got, err := b.Stripe.V1Customers.Retrieve(t.Context(), sub.Customer, nil)
		if err != nil || !got.Deleted {
			t.Errorf("retrieving answers %+v, %v; want deleted: true", got, err)
		}
		if _, err := b.Stripe.V1Customers.Delete(t.Context(), sub.Customer, nil); err == nil {
			t.Error("a customer can be deleted twice")
		}
	})
}

func TestAChangeOfPlanShowsWhatItWas(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		team := b.AddPlan(simulator.Plan{ProductName: "Team", Amount: 9900, Interval: "month"})
		b.Settle()
		got, err := b.Stripe.V1Subscriptions.Update(t.Context(), sub.ID, &stripe.SubscriptionUpdateParams{
			Items: []*stripe.SubscriptionUpdateItemParams{{ID: &sub.Items[0].ID, Price: &team, Quantity: stripe.Int64(5)}}})
		if err != nil {
			t.Fatal(err)
		}
		if item := got.Items.Data[0]; item.Price.ID != team || item.Quantity != 5 || item.ID != sub.Items[0].ID {
			t.Errorf("item is %+v", item)
		}
		b.Settle()
		all := b.Inbox.All()
		last := all[len(all)-1]
		if last.Kind != "customer.subscription.updated" {
			t.Fatalf("last webhook is %s", last.Kind)
		}
		var event stripe.Event
		if err := json.Unmarshal(last.Body, &event); err != nil {
			t.Fatal(err)
		}
		if _, has := event.Data.PreviousAttributes["items"]; !has ||
			event.Data.PreviousAttributes["quantity"] != float64(1) || event.Request.ID == "" {
			t.Errorf("previous_attributes are %v, request is %+v", event.Data.PreviousAttributes, event.Request)
		}
	})
}

func TestRefundsAndDisputesWriteTheirEvents(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Subscribed(b.Monthly())
		charge := b.Charges()[0]
		before := b.Mark()
		if err := b.Refund(charge.PaymentIntent, 1000); err != nil {
			t.Fatal(err)
		}
		if err := b.Refund(charge.ID, 5000); err == nil {
			t.Error("more than the charge can be refunded")
		}
		dispute, err := b.Dispute(charge.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.CloseDispute(dispute, true); err != nil {
			t.Fatal(err)
		}
		want := []string{"refund.created", "charge.refunded", "refund.updated", "charge.refund.updated",
			"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
			"charge.dispute.closed"}
		if diff := cmp.Diff(want, b.EventsSince(before)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
