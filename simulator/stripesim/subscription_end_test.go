package stripesim_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

func TestCancelingAtOnceCanCreditTheRest(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Advance(91 * simharness.Day)
		b.trigger(aPayer, aProduct, aPrice, aSubscription)
		b.Advance(15 * simharness.Day)
		b.trigger(step{"", "DELETE /v1/subscriptions/" + b.Subscriptions()[0].ID +
			" prorate=true invoice_now=true cancellation_details[feedback]=unused"})
		if got := b.Customers()[0].Balance; got != -1500 {
			t.Errorf("the balance is %d, want -1500", got)
		}
		b.trigger(step{"", "POST /v1/subscriptions/" + b.Subscriptions()[0].ID +
			" cancellation_details[feedback]=bored -> 400"})
	})
}

func TestATrialCanBeEndedMovedAndAdded(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aPayer, aProduct, aPrice, step{"", aSubscription.request + " trial_period_days=14"})
		sub := b.Subscriptions()[0]
		b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " trial_end=948000000"}) // 16 January 2000
		if got := b.Subscriptions()[0]; got.Status != "trialing" || got.PeriodEnd().Unix() != 948000000 ||
			!got.Anchor.Equal(got.TrialEnd) {
			t.Errorf("moved, it is %s until %s", got.Status, got.PeriodEnd())
		}
		b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " trial_end=now"})
		if got := b.Subscriptions()[0]; got.Status != "active" || !got.Anchor.Equal(b.Now()) || len(b.Charges()) != 1 {
			t.Errorf("ended, it is %s from %s with %d charges", got.Status, got.Anchor, len(b.Charges()))
		}
		b.Advance(15 * simharness.Day)
		b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " trial_end=" + "950000000"}) // 8 February
		// The rest of the month is credited: 16 of 31 days.
		if got := b.Subscriptions()[0]; got.Status != "trialing" || b.Customers()[0].Balance != -1548 {
			t.Errorf("a trial added, it is %s and the balance %d", got.Status, b.Customers()[0].Balance)
		}
	})
}

func TestCancelingAtOnceDropsPendingProrations(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aPayer, aProduct, aPrice, aSubscription)
		sub := b.Subscriptions()[0]
		list := b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " items[0][id]=" + sub.Items[0].ID +
			" items[0][quantity]=2"},
			step{"", "DELETE /v1/subscriptions/" + sub.ID}, step{"", "GET /v1/invoiceitems?pending=true&customer=" +
				sub.Customer})
		if data := list["data"].([]any); len(data) != 0 {
			t.Errorf("%d items are still pending", len(data))
		}
	})
}
