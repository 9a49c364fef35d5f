package stripesim_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

func TestEveryMoveOfABalanceIsBooked(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer, err := b.Stripe.V1Customers.Create(t.Context(), &stripe.CustomerCreateParams{Balance: stripe.Int64(-1000)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Stripe.V1Customers.Update(t.Context(), customer.ID,
			&stripe.CustomerUpdateParams{Balance: stripe.Int64(-1500)}); err != nil {
			t.Fatal(err)
		}
		made, err := b.Stripe.V1CustomerBalanceTransactions.Create(t.Context(),
			&stripe.CustomerBalanceTransactionCreateParams{Customer: &customer.ID,
				Amount: stripe.Int64(-500), Currency: stripe.String("usd"), Description: stripe.String("sorry")})
		if err != nil || made.EndingBalance != -2000 {
			t.Fatalf("created %+v, %v", made, err)
		}
		if err := b.SetCard(customer.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		price := b.Monthly()
		if _, err := b.Stripe.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{Customer: &customer.ID,
			Items: []*stripe.SubscriptionCreateItemParams{{Price: &price}}}); err != nil {
			t.Fatal(err)
		}
		type entry struct {
			Kind         string
			Amount, Left int64
		}
		var entries []entry
		for booked, err := range b.Stripe.V1CustomerBalanceTransactions.List(t.Context(),
			&stripe.CustomerBalanceTransactionListParams{Customer: &customer.ID}).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, entry{string(booked.Type), booked.Amount, booked.EndingBalance})
		}
		slices.Reverse(entries)
		want := []entry{{"initial", -1000, -1000}, {"adjustment", -500, -1500}, {"adjustment", -500, -2000},
			{"applied_to_invoice", 2000, 0}}
		if diff := cmp.Diff(want, entries); diff != "" {
			t.Errorf("booked (-want +got):\n%s", diff)
		}
		if charges := b.Charges(); charges[len(charges)-1].Amount != 900 {
			t.Errorf("charged %d", charges[len(charges)-1].Amount)
		}
		status, body := b.post("/v1/customers/"+customer.ID+"/balance_transactions",
			url.Values{"amount": {"5"}, "currency": {"eur"}})
		if failure, _ := body["error"].(map[string]any); status != http.StatusBadRequest || failure["param"] != "currency" {
			t.Errorf("in another currency: %d %v", status, body)
		}
	})
}

func TestACustomersDiscountIsOfTheTimeBeforeBasil(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		first, second := b.coupon(lasting("forever", 0)), b.coupon(func(p *stripe.CouponCreateParams) {
			p.PercentOff, p.Duration = stripe.Float64(50), stripe.String("forever")
		})
		status, body := b.post("/v1/customers", url.Values{"coupon": {first.ID}})
		if failure, _ := body["error"].(map[string]any); status != http.StatusBadRequest ||
			failure["code"] != "parameter_unknown" {
			t.Errorf("with the newest version: %d %v", status, body)
		}
		old := map[string]string{"Stripe-Version": "2024-06-20"}
		mark := b.Mark()
		_, customer := b.Send(http.MethodPost, simharness.StripeHost+"/v1/customers", old, "coupon="+first.ID)
		id, _ := customer["id"].(string)
		b.Send(http.MethodPost, simharness.StripeHost+"/v1/customers/"+id, old, "coupon="+second.ID)
		if err := b.SetCard(id, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		price := b.Monthly()
		sub, err := b.Stripe.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{Customer: &id,
			Items: []*stripe.SubscriptionCreateItemParams{{Price: &price}}})
		if err != nil || !slices.Equal(b.totals(sub.ID), []int64{1450}) {
			t.Errorf("the invoices are of %v, %v", b.totals(sub.ID), err)
		}
		if _, err := b.Stripe.V1Customers.DeleteDiscount(t.Context(), id, nil); err != nil {
			t.Error(err)
		}
		_, err = b.Stripe.V1Customers.DeleteDiscount(t.Context(), id, nil)
		refused(t, err, "")
		kinds := slices.DeleteFunc(b.EventsSince(mark), func(kind string) bool {
			return !slices.Contains([]string{"customer.discount.created", "customer.discount.updated",
				"customer.discount.deleted"}, kind)
		})
		if diff := cmp.Diff([]string{"customer.discount.created", "customer.discount.updated", "customer.discount.deleted"},
			kinds); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestCustomersAreFoundByTheAddressThatTheyHaveNow(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		moved := b.Customer("a@example.com")
		time.Sleep(time.Second)
		twin := b.Customer("b@example.com")
		b.Customer("B@example.com")
		if _, err := b.Stripe.V1Customers.Update(t.Context(), moved.ID,
			&stripe.CustomerUpdateParams{Email: &twin.Email}); err != nil {
			t.Fatal(err)
		}
		find := func(email string) (found []string) {
			for customer, err := range b.Stripe.V1Customers.List(t.Context(),
				&stripe.CustomerListParams{Email: &email}).All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, customer.ID)
			}
			return found
		}
		if got := find("a@example.com"); len(got) != 0 {
			t.Errorf("at the old address: %v", got)
		}
		if diff := cmp.Diff([]string{twin.ID, moved.ID}, find("b@example.com")); diff != "" {
			t.Errorf("at the new address (-want +got):\n%s", diff)
		}
	})
}

func TestACustomersSubscriptionsAreListedBelowIt(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		_, body := b.Send(http.MethodGet, simharness.StripeHost+"/v1/customers/"+sub.Customer+"/subscriptions", nil, "")
		if data, _ := body["data"].([]any); len(data) != 1 {
			t.Errorf("listed %v", body)
		}
		if _, body := b.Send(http.MethodGet, simharness.StripeHost+"/v1/customers/"+sub.Customer+"/subscriptions/"+sub.ID, nil,
			""); body["id"] != sub.ID {
			t.Errorf("retrieved %v", body)
		}
	})
}
