package stripesim_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/simulator"
)

func (b *bench) clock(frozen time.Time) string {
	b.T.Helper()
	clock, err := b.Stripe.V1TestHelpersTestClocks.Create(b.T.Context(),
		&stripe.TestHelpersTestClockCreateParams{Params: b.Key(), FrozenTime: stripe.Int64(frozen.Unix())})
	if err != nil {
		b.T.Fatal(err)
	}
	return clock.ID
}

// advance moves a test clock and waits until it is ready.
func (b *bench) advance(clock string, to time.Time) {
	b.T.Helper()
	moved, err := b.Stripe.V1TestHelpersTestClocks.Advance(b.T.Context(), clock,
		&stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(to.Unix())})
	if err != nil {
		b.T.Fatal(err)
	}
	for range 5 {
		if moved.Status == "ready" {
			return
		}
		time.Sleep(time.Second)
		if moved, err = b.Stripe.V1TestHelpersTestClocks.Retrieve(b.T.Context(), clock, nil); err != nil {
			b.T.Fatal(err)
		}
	}
	b.T.Fatalf("the clock is still %s", moved.Status)
}

// onClock creates a customer with a card on a test clock, and subscribes it.
func (b *bench) onClock(clock, price string) (customer string, sub *stripe.Subscription) {
	b.T.Helper()
	created, err := b.Stripe.V1Customers.Create(b.T.Context(), &stripe.CustomerCreateParams{Params: b.Key(),
		TestClock: &clock, PaymentMethod: stripe.String("pm_card_visa"),
		InvoiceSettings: &stripe.CustomerCreateInvoiceSettingsParams{DefaultPaymentMethod: stripe.String("pm_card_visa")}})
	if err != nil {
		b.T.Fatal(err)
	}
	sub, err = b.Stripe.V1Subscriptions.Create(b.T.Context(), &stripe.SubscriptionCreateParams{Params: b.Key(),
		Customer: &created.ID,
		Items:    []*stripe.SubscriptionCreateItemParams{{Price: &price}}})
	if err != nil {
		b.T.Fatal(err)
	}
	return created.ID, sub
}

func (b *bench) retrieved(id string) *stripe.Subscription {
	b.T.Helper()
	sub, err := b.Stripe.V1Subscriptions.Retrieve(b.T.Context(), id, nil)
	if err != nil {
		b.T.Fatal(err)
	}
	return sub
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 10, 0, 0, 0, time.UTC)
}

func TestAMonthEndRenewsOnItsTestClock(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		clock := b.clock(date(2027, 1, 31))
		customer, sub := b.onClock(clock, b.Monthly())
		if sub.TestClock.ID != clock || sub.Created != date(2027, 1, 31).Unix() ||
			sub.Items.Data[0].CurrentPeriodEnd != date(2027, 2, 28).Unix() {
			t.Errorf("the subscription is of %s until %s", time.Unix(sub.Created, 0),
				time.Unix(sub.Items.Data[0].CurrentPeriodEnd, 0))
		}
		b.advance(clock, date(2027, 2, 28).Add(30*time.Minute))
		if sub = b.retrieved(sub.ID); sub.Items.Data[0].CurrentPeriodEnd != date(2027, 3, 31).Unix() {
			t.Errorf("after February the period ends %s", time.Unix(sub.Items.Data[0].CurrentPeriodEnd, 0))
		}
		invoice, err := b.Stripe.V1Invoices.Retrieve(t.Context(), sub.LatestInvoice.ID, nil)
		if err != nil || invoice.Status != "draft" || invoice.Created != date(2027, 2, 28).Unix() {
			t.Errorf("half an hour into the period the invoice is %+v, %v", invoice, err)
		}
		b.advance(clock, date(2027, 2, 28).Add(2*time.Hour))
		invoice, err = b.Stripe.V1Invoices.Retrieve(t.Context(), sub.LatestInvoice.ID, nil)
		if err != nil || invoice.Status != "paid" || invoice.StatusTransitions.PaidAt != date(2027, 2,
			28).Add(time.Hour).Unix() {
			t.Errorf("two hours into the period the invoice is %+v, %v", invoice, err)
		}
		charges := b.Charges()
		if last := charges[len(charges)-1]; last.Customer != customer || time.Since(last.Created) > time.Minute {
			t.Errorf("the charge of %s is dated %s: payments have the real time", last.Customer, last.Created)
		}
		if events := b.Events(); time.Since(events[len(events)-1].Created) > time.Minute {
			t.Errorf("the last event is dated %s: events have the real time", events[len(events)-1].Created)
		}
	})
}

func TestTwoTestClocksDoNotMoveEachOtherNorTheWorld(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.Monthly()
		past, future := b.clock(date(1999, 6, 1)), b.clock(date(2031, 6, 1))
		_, early := b.onClock(past, price)
		_, late := b.onClock(future, price)
		elsewhere := b.Subscribed(b.AddPlan(simulator.Plan{LookupKey: "weekly", ProductName: "Weekly", Amount: 900,
			Interval: "week"}))
		b.advance(past, date(1999, 7, 15))
		if got := b.retrieved(early.ID).Items.Data[0].CurrentPeriodEnd; got != date(1999, 8, 1).Unix() {
			t.Errorf("the advanced one ends %s", time.Unix(got, 0))
		}
		if got := b.retrieved(late.ID).Items.Data[0].CurrentPeriodEnd; got != date(2031, 7, 1).Unix() {
			t.Errorf("the one on the other clock ends %s", time.Unix(got, 0))
		}
		b.Advance(20 * 24 * time.Hour)
		if got := b.retrieved(late.ID).Items.Data[0].CurrentPeriodEnd; got != date(2031, 7, 1).Unix() {
			t.Errorf("after 20 days of the world, the one on a clock that stands ends %s", time.Unix(got, 0))
		}
		if got := b.Subscription(elsewhere.ID); !got.PeriodEnd().After(time.Now().Add(20 * 24 * time.Hour)) {
			t.Errorf("the one without a clock ends %s", got.PeriodEnd())
		}
		var listed []string
		for sub, err := range b.Stripe.V1Subscriptions.List(t.Context(), &stripe.SubscriptionListParams{}).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, sub.ID)
		}
		for sub, err := range b.Stripe.V1Subscriptions.List(t.Context(),
			&stripe.SubscriptionListParams{TestClock: &future}).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, sub.ID)
		}
		if diff := cmp.Diff([]string{elsewhere.ID, late.ID}, listed); diff != "" {
			t.Errorf("listed without and with a clock (-want +got):\n%s", diff)
		}
	})
}

func TestAFailedRenewalOnATestClockNeedsASecondAdvance(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		clock := b.clock(date(2027, 1, 10))
		customer, sub := b.onClock(clock, b.Monthly())
		if err := b.SetCard(customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		b.advance(clock, date(2027, 2, 10))
		mark := b.Mark()
		if got := b.retrieved(sub.ID); got.Status != "active" {
			t.Errorf("at the period's end it is %s, want active with a draft", got.Status)
		}
		b.advance(clock, date(2027, 2, 10).Add(time.Hour))
		if got := b.retrieved(sub.ID); got.Status != "past_due" {
			t.Errorf("an hour later it is %s, want past_due", got.Status)
		}
		kinds := b.EventsSince(mark)
		if kinds[0] != "test_helpers.test_clock.advancing" || kinds[len(kinds)-1] != "test_helpers.test_clock.ready" ||
			!slices.Contains(kinds, "invoice.payment_failed") {
			t.Errorf("the second advance wrote %v", kinds)
		}
	})
}

func TestNothingOnAnAdvancingClockCanBeChanged(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		clock := b.clock(date(2027, 1, 10))
		_, sub := b.onClock(clock, b.Monthly())
		moved, err := b.Stripe.V1TestHelpersTestClocks.Advance(t.Context(), clock,
			&stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(date(2027, 2, 11).Unix())})
		if err != nil || moved.Status != "advancing" || moved.StatusDetails.Advancing.TargetFrozenTime != date(2027, 2,
			11).Unix() {
			t.Fatalf("the answer is %+v, %v", moved, err)
		}
		time.Sleep(500 * time.Millisecond)
		if !slices.Contains(b.Inbox.Kinds(), "customer.subscription.updated") {
			t.Error("half a second later the webhooks are not out, although the clock is still advancing")
		}
		_, err = b.Stripe.V1Subscriptions.Cancel(t.Context(), sub.ID, nil)
		var failure *stripe.Error
		if !errors.As(err, &failure) || failure.HTTPStatusCode != http.StatusTooManyRequests {
			t.Errorf("a change during the advance got %v, want 429", err)
		}
		time.Sleep(2 * time.Second)
		if _, err := b.Stripe.V1Subscriptions.Cancel(t.Context(), sub.ID, nil); err != nil {
			t.Errorf("a change after the advance: %v", err)
		}
	})
}

func TestATestClockHasLimits(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		clock, price := b.clock(date(2027, 1, 31)), b.Monthly()
		advance := func(to time.Time) error {
			_, err := b.Stripe.V1TestHelpersTestClocks.Advance(t.Context(), clock,
				&stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(to.Unix())})
			return err
		}
		refused(t, advance(date(2029, 2, 1)), "frozen_time")
		customer, _ := b.onClock(clock, price)
		refused(t, advance(date(2027, 4, 1)), "frozen_time")
		refused(t, advance(date(2027, 1, 31)), "frozen_time")
		b.advance(clock, date(2027, 3, 31))
		for range 2 {
			b.onClock(clock, price)
		}
		_, err := b.Stripe.V1Customers.Create(t.Context(), &stripe.CustomerCreateParams{TestClock: &clock})
		refused(t, err, "test_clock")
		for range 3 {
			_, err = b.Stripe.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{Customer: &customer,
				Items: []*stripe.SubscriptionCreateItemParams{{Price: &price}}})
		}
		refused(t, err, "customer")
	})
}

func TestDeletingATestClockDeletesItsCustomers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		clock := b.clock(date(2027, 1, 31))
		customer, _ := b.onClock(clock, b.Monthly())
		mark := b.Mark()
		if _, err := b.Stripe.V1TestHelpersTestClocks.Delete(t.Context(), clock, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"customer.subscription.deleted", "customer.deleted", "test_helpers.test_clock.deleted"},
			b.EventsSince(mark)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if got, err := b.Stripe.V1Customers.Retrieve(t.Context(), customer, nil); err != nil || !got.Deleted {
			t.Errorf("its customer is %+v, %v", got, err)
		}
		_, err := b.Stripe.V1TestHelpersTestClocks.Retrieve(t.Context(), clock, nil)
		refused(t, err, "id")
		abandoned := b.clock(date(2027, 1, 31))
		b.Advance(31 * 24 * time.Hour)
		_, err = b.Stripe.V1TestHelpersTestClocks.Retrieve(t.Context(), abandoned, nil)
		refused(t, err, "id")
	})
}

func TestATestClockSurvivesSaveAndLoad(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		clock := b.clock(date(2027, 1, 31))
		_, sub := b.onClock(clock, b.Monthly())
		var saved bytes.Buffer
		if err := b.Save(&saved); err != nil {
			t.Fatal(err)
		}
		other := newBench(t, 2)
		if err := other.Load(&saved); err != nil {
			t.Fatal(err)
		}
		other.advance(clock, date(2027, 3, 1))
		if got := other.retrieved(sub.ID).Items.Data[0].CurrentPeriodEnd; got != date(2027, 3, 31).Unix() {
			t.Errorf("the loaded one ends %s", time.Unix(got, 0))
		}
	})
}
