package reconcile

import (
	"context"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// silent is a Stripe that lists no subscription, but knows what a product is called.
type silent struct{ lockstep.Billing }

func (silent) Subscriptions(context.Context, string) ([]lockstep.Subscription, error) {
	return nil, nil
}

func (silent) Product(_ context.Context, id string) (lockstep.Product, error) {
	return lockstep.Product{ID: id, Name: "Pro"}, nil
}

// names is a store that knows one name of each price: the one it was given last.
type names struct{ lockstep.PriceNames }

func (names) NamePrices(_ context.Context, seen []lockstep.PriceName) ([]lockstep.PriceName, error) {
	return seen, nil
}

// A subscription that is no longer listed is kept. When the catalog does not name its plan any
// more, its product does: that is a change, which is saved.
func TestAPlanThatAKeptSubscriptionGetsIsAChange(t *testing.T) {
	t.Parallel()
	was := lockstep.Record{Account: alice, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{
		{ID: "sub_1", Status: "canceled", Items: []lockstep.Item{{ID: "si_1", PriceID: "price_1", ProductID: "prod_1"}}}}}
	r := &run{Accounts: &Accounts{Billing: silent{}, Book: &pricebook.Book{Store: names{}, Stripe: silent{}}},
		account: alice, was: was, now: was}
	if err := r.observeSubscriptions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if plan := r.now.Subscriptions[0].Items[0].ProductPlan; plan != "Pro" {
		t.Fatalf("the product is called %q", plan)
	}
	if unchanged(r.was, r.now) {
		t.Error("what changed is not saved, since what was known has changed with it")
	}
}
