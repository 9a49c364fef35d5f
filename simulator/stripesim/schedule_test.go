package stripesim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

var (
	aSource   = step{"customer", "POST /v1/customers description=(created+by+Stripe+CLI) source=tok_visa"}
	aSchedule = step{"schedule", "POST /v1/subscription_schedules customer={customer} start_date=now phases[0][iterations]=1 phases[0][items][0][price]={price} phases[0][items][0][quantity]=1" +
		" phases[1][iterations]=1 phases[1][items][0][price]={price} phases[1][items][0][quantity]=2"}
)

// The requests of the Stripe CLI for each schedule trigger that needs no test
// clock.
func TestTheScheduleTriggersOfTheStripeCLIWriteTheirEvents(t *testing.T) {
	t.Parallel()
	made := []step{aSource, aProduct, aPrice, aSchedule}
	for event, steps := range map[string][]step{
		"subscription_schedule.created": made,
		"subscription_schedule.canceled": append(slices.Clone(made),
			step{"", "POST /v1/subscription_schedules/{schedule}/cancel"}),
		"subscription_schedule.released": append(slices.Clone(made),
			step{"", "POST /v1/subscription_schedules/{schedule}/release"}),
		"subscription_schedule.updated": append(slices.Clone(made),
			step{"", "POST /v1/subscription_schedules/{schedule} metadata[foo]=bar"}),
		"subscription_schedule.aborted": {aSource, aProduct, aPrice,
			{"schedule", "POST /v1/subscription_schedules customer={customer} start_date=1893456000 phases[0][items][0][price]={price} phases[0][items][0][quantity]=1"},
			{"", "POST /v1/subscription_schedules/{schedule}/cancel prorate=false invoice_now=false"}},
	} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				b.trigger(steps...)
				if kinds := b.EventsSince(""); !slices.Contains(kinds, event) {
					t.Errorf("the events are %v", kinds)
				}
			})
		})
	}
}

func TestAScheduleMovesItsSubscriptionFromPhaseToPhase(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aSource, aProduct, aPrice, step{"", aSchedule.request + " end_behavior=cancel"})
		sub := b.Subscriptions()[0]
		if sub.Status != "active" || sub.Items[0].Quantity != 1 {
			t.Fatalf("it begins as %s with %d", sub.Status, sub.Items[0].Quantity)
		}
		before := b.Mark()
		b.Advance(31*simharness.Day + 2*time.Hour)
		if diff := cmp.Diff([]int64{6000}, b.amounts()); diff != "" {
			t.Errorf("lines of the second phase (-want +got):\n%s", diff)
		}
		if got := b.Subscriptions()[0]; got.Items[0].Quantity != 2 || got.Items[0].ID != sub.Items[0].ID ||
			!slices.Contains(b.EventsSince(before), "subscription_schedule.updated") {
			t.Errorf("the second phase has %+v", got.Items[0])
		}
		before = b.Mark()
		b.Advance(29 * simharness.Day) // to 1 March
		kinds := b.EventsSince(before)
		for _, want := range []string{"subscription_schedule.expiring", "subscription_schedule.completed",
			"customer.subscription.deleted"} {
			if !slices.Contains(kinds, want) {
				t.Errorf("no %s at the end: %v", want, kinds)
			}
		}
		if got := len(b.Charges()); got != 2 {
			t.Errorf("%d charges in all, want one for each phase", got)
		}
	})
}

func TestADowngradeAtThePeriodsEndIsAScheduleOfTheSubscription(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aSource, aProduct, aPrice, anotherPrice,
			step{"", strings.Replace(aSubscription.request, "{price}", "{other}", 1)})
		sub := b.Subscriptions()[0]
		answer := b.trigger(step{"", "POST /v1/subscription_schedules from_subscription=" + sub.ID})
		if answer["status"] != "active" || answer["subscription"] != sub.ID || b.Subscriptions()[0].Schedule != answer["id"] {
			t.Fatalf("the schedule is %v", answer)
		}
		b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " cancel_at_period_end=true -> 400"})
		end := "952000000" // not the end that the first phase must have
		b.trigger(step{"", "POST /v1/subscription_schedules/" + answer["id"].(string) + " phases[0][start_date]=" + end +
			" phases[0][items][0][price]=" + b.Prices()[1].ID + " -> 400"})
		b.trigger(step{"", "POST /v1/subscription_schedules/" + answer["id"].(string) +
			" phases[0][start_date]=946684800 phases[0][end_date]=949363200 phases[0][items][0][price]=" + b.Prices()[1].ID +
			" phases[1][items][0][price]=" + b.Prices()[0].ID + " phases[1][proration_behavior]=none"})
		if got := b.Subscriptions()[0]; got.Items[0].Price != b.Prices()[1].ID || len(b.Invoices()) != 1 {
			t.Errorf("before the period's end it has %s and %d invoices", got.Items[0].Price, len(b.Invoices()))
		}
		b.Advance(31*simharness.Day + 2*time.Hour)
		if diff := cmp.Diff([]int64{3000}, b.amounts()); diff != "" {
			t.Errorf("lines of the renewal (-want +got):\n%s", diff)
		}
		b.Advance(30 * simharness.Day)
		if got := b.Subscriptions()[0]; got.Schedule != "" || got.Status != "active" ||
			!slices.Contains(b.EventsSince(""), "subscription_schedule.released") {
			t.Errorf("after its last phase it is %s under %q", got.Status, got.Schedule)
		}
		list := b.trigger(step{"", "GET /v1/subscription_schedules?customer=" + sub.Customer})
		if data := list["data"].([]any); len(data) != 1 || data[0].(map[string]any)["released_subscription"] != sub.ID {
			t.Errorf("listed as %v", data)
		}
	})
}

func TestAScheduleOfTheFutureStartsInItsTime(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		// In a week.
		b.trigger(aSource, aProduct, aPrice, aYear, step{"schedule", strings.Replace(aSchedule.request, "start_date=now",
			"start_date=947289600", 1)},
			step{"", "POST /v1/subscription_schedules/{schedule} phases[0][items][0][price]={price} phases[0][duration][interval]=month phases[1][items][0][price]={year}"})
		if len(b.Subscriptions()) != 0 {
			t.Fatal("it has begun")
		}
		b.Advance(7*simharness.Day + time.Hour)
		if got := b.Subscriptions(); len(got) != 1 || len(b.Charges()) != 1 {
			t.Fatalf("after a week there are %d subscriptions and %d charges", len(got), len(b.Charges()))
		}
		b.Advance(31*simharness.Day + time.Hour)
		if got := b.Subscriptions()[0].PeriodEnd(); !got.Equal(time.Date(2001, 2, 8, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("the year ends %s", got)
		}
	})
}

func TestAnUnpaidSubscriptionAbortsItsSchedule(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(step{"customer", "POST /v1/customers source=tok_chargeCustomerFail"}, aProduct, aPrice, aSchedule)
		b.Advance(10 * simharness.Day)
		if kinds := b.EventsSince(""); b.Subscriptions()[0].Status != "canceled" ||
			!slices.Contains(kinds, "subscription_schedule.aborted") {
			t.Errorf("it is %s: %v", b.Subscriptions()[0].Status, kinds)
		}
	})
}

// The Stripe CLI's trigger of subscription_schedule.completed: the customer
// cannot pay, and that ends nothing.
func TestAScheduleWithoutAPaymentMethodGoesOnToItsEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(step{"clock", "POST /v1/test_helpers/test_clocks frozen_time=1577836800"},
			step{"customer", "POST /v1/customers test_clock={clock}"}, aProduct, aPrice,
			step{"", "POST /v1/subscription_schedules customer={customer} start_date=1577836800 end_behavior=release phases[0][iterations]=1 phases[0][items][0][price]={price} phases[0][items][0][quantity]=1"},
			step{"", "POST /v1/test_helpers/test_clocks/{clock}/advance frozen_time=1580515200"})
		time.Sleep(3 * time.Second)
		kinds := b.EventsSince("")
		if !slices.Contains(kinds, "subscription_schedule.completed") ||
			!slices.Contains(kinds, "subscription_schedule.released") {
			t.Errorf("the events are %v", kinds)
		}
		if got := b.Subscriptions()[0]; got.Status != "past_due" {
			t.Errorf("the subscription is %s, want past_due", got.Status)
		}
	})
}
