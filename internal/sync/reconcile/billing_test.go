package reconcile

import (
	"context"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// silent is a Stripe that lists no subscription but knows the names of products.
type silent struct{ lockstep.Billing }

func (silent) Subscriptions(context.Context, string) ([]lockstep.Subscription, error) {
	return nil, nil
}

func (silent) Product(_ context.Context, id string) (lockstep.Product, error) {
	return lockstep.Product{ID: id, Name: "Pro"}, nil
}

// names is a store that knows one name of each price: the last one that it was given.
type names struct{ lockstep.PriceNames }

func (names) NamePrices(_ context.Context, seen []lockstep.PriceName) ([]lockstep.PriceName, error) {
	return seen, nil
}

// A subscription that Stripe no longer lists stays. If the catalog does not name its plan any more,
// its product does. That is a change, which must be saved.
func TestANewPlanOfAnUnlistedSubscriptionIsSaved(t *testing.T) {
	t.Parallel()
	was := lockstep.Record{Account: alice, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{
		{ID: "sub_1", Status: "canceled", Items: []lockstep.Item{{ID: "si_1", PriceID: "price_1", ProductID: "prod_1"}}}}}
	book := &pricebook.Book{Store: names{}, Stripe: silent{}}
	b := (&Accounts{Providers: Providers{Billing: silent{}}, Owners: &ownership.Resolver{}, Book: book}).billing()
	d := newDraft(task{account: alice}, was, true)
	if err := b.readSubscriptions(t.Context(), d, false); err != nil {
		t.Fatal(err)
	}
	if plan := d.now.Subscriptions[0].Items[0].ProductPlan; plan != "Pro" {
		t.Fatalf("the plan is %q", plan)
	}
	if unchanged(d.was, d.now) {
		t.Error("the change is not saved, because it also changed the record that it is compared with")
	}
}
