package stripesim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/simulator"
)

func (b *bench) product(name string) *stripe.Product {
	b.T.Helper()
	product, err := b.Stripe.V1Products.Create(b.T.Context(), &stripe.ProductCreateParams{Params: b.Key(), Name: &name})
	if err != nil {
		b.T.Fatal(err)
	}
	return product
}

func TestAProductIsMadeWithItsDefaultPrice(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		product, err := b.Stripe.V1Products.Create(t.Context(), &stripe.ProductCreateParams{Name: stripe.String("Pro"),
			URL:    stripe.String("https://pro.example"),
			Images: stripe.StringSlice([]string{"https://pro.example/1.png"}), UnitLabel: stripe.String("seat"),
			Shippable: stripe.Bool(false),
			DefaultPriceData: &stripe.ProductCreateDefaultPriceDataParams{Currency: stripe.String("eur"),
				UnitAmount: stripe.Int64(900),
				Recurring:  &stripe.ProductCreateDefaultPriceDataRecurringParams{Interval: stripe.String("month")}}})
		if err != nil || product.DefaultPrice == nil || product.UnitLabel != "seat" ||
			!slices.Equal(product.Images, []string{"https://pro.example/1.png"}) {
			t.Fatalf("created %+v, %v", product, err)
		}
		if diff := cmp.Diff([]string{"product.created", "plan.created", "price.created", "product.updated"},
			b.EventsSince("")); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		_, err = b.Stripe.V1Prices.Update(t.Context(), product.DefaultPrice.ID,
			&stripe.PriceUpdateParams{Active: stripe.Bool(false)})
		refused(t, err, "active")
		_, err = b.Stripe.V1Products.Delete(t.Context(), product.ID, nil)
		refused(t, err, "")
		var found []string
		for p, err := range b.Stripe.V1Products.List(t.Context(),
			&stripe.ProductListParams{URL: stripe.String("https://pro.example"), Shippable: stripe.Bool(false)}).All(
			t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, p.ID)
		}
		if !slices.Equal(found, []string{product.ID}) {
			t.Errorf("listed by its address: %v", found)
		}
	})
}

func TestAProductWithoutPricesCanBeDeleted(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		product := b.product("Draft")
		if gone, err := b.Stripe.V1Products.Delete(t.Context(), product.ID, nil); err != nil || !gone.Deleted {
			t.Errorf("deleted %+v, %v", gone, err)
		}
		_, err := b.Stripe.V1Products.Retrieve(t.Context(), product.ID, nil)
		refused(t, err, "id")
		_, err = b.Stripe.V1Prices.Create(t.Context(), &stripe.PriceCreateParams{Product: &product.ID,
			Currency: stripe.String("usd"), UnitAmount: stripe.Int64(1)})
		refused(t, err, "product")
		if diff := cmp.Diff([]string{"product.created", "product.deleted"}, b.EventsSince("")); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestAPlanIsARecurringPriceInTheOldShape(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		status, plan := b.post("/v1/plans", url.Values{"id": {"gold"}, "currency": {"usd"}, "interval": {"month"},
			"amount": {"2000"}, "product[name]": {"Gold"}})
		if status != http.StatusOK || plan["object"] != "plan" || plan["id"] != "gold" {
			t.Fatalf("created %d %v", status, plan)
		}
		price, err := b.Stripe.V1Prices.Retrieve(t.Context(), "gold",
			&stripe.PriceRetrieveParams{Expand: []*string{stripe.String("product")}})
		if err != nil || price.UnitAmount != 2000 || price.Recurring.Interval != "month" || price.Product.Name != "Gold" {
			t.Errorf("as a price it is %+v, %v", price, err)
		}
		customer := b.Customer("a@example.com")
		if err := b.SetCard(customer.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		sub, err := b.Stripe.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{Customer: &customer.ID,
			Items: []*stripe.SubscriptionCreateItemParams{{Price: stripe.String("gold")}}})
		if err != nil {
			t.Fatal(err)
		}
		mark := b.Mark()
		if _, err := b.Stripe.V1Prices.Update(t.Context(), "gold",
			&stripe.PriceUpdateParams{Nickname: stripe.String("Au")}); err != nil {
			t.Error(err)
		}
		if _, err := b.Stripe.V1Plans.Update(t.Context(), "gold",
			&stripe.PlanUpdateParams{Active: stripe.Bool(false)}); err != nil {
			t.Error(err)
		}
		if gone, err := b.Stripe.V1Plans.Delete(t.Context(), "gold", nil); err != nil || !gone.Deleted {
			t.Errorf("deleted %+v, %v", gone, err)
		}
		want := []string{"plan.updated", "price.updated", "plan.updated", "price.updated", "plan.deleted", "price.deleted"}
		if diff := cmp.Diff(want, b.EventsSince(mark)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if got := b.retrieved(sub.ID); got.Items.Data[0].Price.ID != "gold" {
			t.Errorf("its subscriber now has %+v", got.Items.Data[0].Price)
		}
		_, err = b.Stripe.V1Plans.Retrieve(t.Context(), "gold", nil)
		refused(t, err, "id")
	})
}

func TestPricesTakeWhatTheyCanBillAndRefuseTheRest(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		product := b.product("Pro")
		create := func(more string) (int, map[string]any) {
			values, err := url.ParseQuery("product=" + product.ID + "&currency=usd&" + more)
			if err != nil {
				t.Fatal(err)
			}
			return b.post("/v1/prices", values)
		}
		if status, price := create("unit_amount_decimal=1500.0&tax_behavior=exclusive"); status != http.StatusOK ||
			price["unit_amount"] != 1500.0 || price["tax_behavior"] != "exclusive" {
			t.Errorf("with a decimal amount: %d %v", status, price)
		}
		for more, param := range map[string]string{
			"unit_amount=1&unit_amount_decimal=1":                                   "unit_amount_decimal",
			"unit_amount_decimal=0.5":                                               "unit_amount_decimal",
			"unit_amount=-1":                                                        "unit_amount",
			"unit_amount=1&currency_options[eur][unit_amount]=1":                    "currency_options",
			"unit_amount=1&recurring[interval]=month&recurring[interval_count]=37":  "recurring[interval_count]",
			"unit_amount=1&recurring[interval]=month&recurring[usage_type]=metered": "recurring[usage_type]",
			"unit_amount=1&recurring[interval]=month&recurring[meter]=m":            "recurring[meter]",
			"unit_amount=1&product_data[name]=x":                                    "product_data",
			"unit_amount=1&billing_scheme=tiered":                                   "billing_scheme",
		} {
			status, body := create(more)
			if failure, _ := body["error"].(map[string]any); status != http.StatusBadRequest || failure["param"] != param {
				t.Errorf("%s: %d %v", more, status, body)
			}
		}
	})
}

func TestALookupKeyMovesOnlyWhenItIsTransferred(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		product, old := b.product("Pro"), b.Monthly()
		params := &stripe.PriceCreateParams{Product: &product.ID, Currency: stripe.String("usd"),
			UnitAmount: stripe.Int64(3900), LookupKey: stripe.String("pro")}
		_, err := b.Stripe.V1Prices.Create(t.Context(), params)
		refused(t, err, "lookup_key")
		mark := b.Mark()
		params.TransferLookupKey = stripe.Bool(true)
		fresh, err := b.Stripe.V1Prices.Create(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for price, err := range b.Stripe.V1Prices.List(t.Context(),
			&stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"pro"})}).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, price.ID)
		}
		if !slices.Equal(found, []string{fresh.ID}) {
			t.Errorf("the key is at %v, want %s and no longer %s", found, fresh.ID, old)
		}
		events := b.Events()
		updated := events[slices.IndexFunc(events, func(e simulator.Event) bool { return e.Type == "price.updated" })]
		if string(updated.Previous) != `{"lookup_key":"pro"}` {
			t.Errorf("previous_attributes are %s", updated.Previous)
		}
		if diff := cmp.Diff([]string{"price.updated", "price.created"}, b.EventsSince(mark)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestATaxRateCanBeMadeAndGivenToNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		rate, err := b.Stripe.V1TaxRates.Create(t.Context(), &stripe.TaxRateCreateParams{DisplayName: stripe.String("VAT"),
			Percentage: stripe.Float64(19), Inclusive: stripe.Bool(true)})
		if err != nil || rate.Percentage != 19 || !rate.Inclusive || !rate.Active {
			t.Fatalf("created %+v, %v", rate, err)
		}
		if _, err := b.Stripe.V1TaxRates.Update(t.Context(), rate.ID,
			&stripe.TaxRateUpdateParams{Active: stripe.Bool(false)}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"tax_rate.created", "tax_rate.updated"}, b.EventsSince("")); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		customer, price := b.Customer("a@example.com"), b.Monthly()
		_, err = b.Stripe.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{Customer: &customer.ID,
			Items:           []*stripe.SubscriptionCreateItemParams{{Price: &price}},
			DefaultTaxRates: []*string{&rate.ID}})
		refused(t, err, "default_tax_rates")
	})
}

func TestAProductThatAPriceNamesIsFoundWhateverItsID(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		_, product := b.post("/v1/products", url.Values{"id": {"my-own"}, "name": {"Own"}})
		if product["id"] != "my-own" {
			t.Fatal(product)
		}
		_, price := b.post("/v1/prices", url.Values{"product": {"my-own"}, "currency": {"usd"}, "unit_amount": {"5"},
			"expand[]": {"product"}})
		if expanded, _ := price["product"].(map[string]any); expanded["name"] != "Own" {
			t.Errorf("expanded: %v", fmt.Sprint(price["product"]))
		}
	})
}
