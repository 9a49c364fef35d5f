package reconcile

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// waiting is a Stripe with one subscription for seats, and one whose payment waits for its customer.
type waiting struct {
	lockstep.Billing
	seats int64
}

func (w *waiting) SetQuantity(_ context.Context, _, _ string, quantity int64, _ lockstep.SeatProration) error {
	w.seats = quantity
	return nil
}

func (w *waiting) Subscriptions(context.Context, string) ([]lockstep.Subscription, error) {
	item := func(price string, quantity int64) []lockstep.Item {
		return []lockstep.Item{{ID: "si_" + price, PriceID: price, ProductPlan: price, Quantity: quantity}}
	}
	return []lockstep.Subscription{
		{ID: "sub_1", CustomerID: "cus_1", Status: "active", Items: item("team", w.seats)},
		{ID: "sub_2", CustomerID: "cus_1", Status: "past_due", Items: item("extra", 1), InvoiceID: "in_2",
			TriedAt: time.Now(), LatestInvoice: lockstep.Invoice{ID: "in_2", Open: true}}}, nil
}

func (*waiting) Invoice(context.Context, string) (lockstep.Invoice, error) {
	return lockstep.Invoice{Open: true, NeedsAction: true}, nil
}

// TestAChangeOfSeatsKeepsWhatAPaymentWaitsFor: the subscriptions are read again after the change.
// The e-mail about the failed payment depends on what the first read found out.
func TestAChangeOfSeatsKeepsWhatAPaymentWaitsFor(t *testing.T) {
	t.Parallel()
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	stripe := &waiting{seats: 2}
	as := &Accounts{Providers: Providers{Billing: stripe}, Owners: &ownership.Resolver{},
		Policies: Policies{Seats: lockstep.SeatPolicy{Follow: lockstep.SeatsUp}},
		Catalog:  lockstep.Catalog{Plans: []lockstep.Plan{{Name: "team", Prices: []string{"team"}, Rank: 2}}},
		Book:     &pricebook.Book{Store: names{}, Stripe: silent{}}, Log: slog.New(slog.DiscardHandler)}
	d := newDraft(task{account: org, claim: lockstep.Claim{Scope: lockstep.ScopeSubscriptions}, log: as.Log},
		lockstep.Record{Account: org, CustomerID: "cus_1", Members: 5}, true)
	if err := as.billing().observe(t.Context(), d, false, false); err != nil {
		t.Fatal(err)
	}
	if err := as.seats().fit(t.Context(), d, false, time.Now()); err != nil {
		t.Fatal(err)
	}
	if stripe.seats != 5 {
		t.Fatalf("there are %d seats; the test wants a change", stripe.seats)
	}
	if s := d.now.Subscriptions[byID(d.now.Subscriptions, "sub_2")]; !s.LatestInvoice.NeedsAction {
		t.Error("after the change of seats, nobody knows that the payment waits for its customer")
	}
}
