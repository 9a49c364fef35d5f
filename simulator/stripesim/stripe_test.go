package stripesim_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestStripeGoReadsTheCatalogItWrites(t *testing.T) {
	t.Parallel()
	b := onLoopback(t)
	product, err := b.Stripe.V1Products.Create(t.Context(), &stripe.ProductCreateParams{Name: stripe.String("Pro"),
		Metadata: map[string]string{"plan": "pro"}})
	if err != nil {
		t.Fatal(err)
	}
	price, err := b.Stripe.V1Prices.Create(t.Context(), &stripe.PriceCreateParams{Product: &product.ID,
		Currency: stripe.String("eur"), UnitAmount: stripe.Int64(1200),
		LookupKey: stripe.String("pro_monthly"), Recurring: &stripe.PriceCreateRecurringParams{
			Interval: stripe.String("month")}})
	if err != nil {
		t.Fatal(err)
	}
	list := &stripe.PriceListParams{LookupKeys: []*string{stripe.String("pro_monthly")}}
	list.AddExpand("data.product")
	var found []*stripe.Price
	for p, err := range b.Stripe.V1Prices.List(t.Context(), list).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, p)
	}
	if len(found) != 1 || found[0].ID != price.ID || found[0].Product.Metadata["plan"] != "pro" ||
		found[0].Recurring.Interval != "month" {
		t.Errorf("found %+v", found)
	}
	if _, err := b.Stripe.V1Prices.Create(t.Context(), &stripe.PriceCreateParams{Product: &product.ID,
		Currency: stripe.String("eur"), UnitAmount: stripe.Int64(1), LookupKey: stripe.String("pro_monthly")}); err == nil {
		t.Error("a lookup key can be used twice")
	}
	moved, err := b.Stripe.V1Prices.Create(t.Context(), &stripe.PriceCreateParams{Product: &product.ID,
		Currency: stripe.String("eur"), UnitAmount: stripe.Int64(1), LookupKey: stripe.String("pro_monthly"),
		TransferLookupKey: stripe.Bool(true)})
	if err != nil || moved.LookupKey != "pro_monthly" {
		t.Errorf("transfer_lookup_key: %+v, %v", moved, err)
	}
}

func TestStripeGoExpandsFourLevels(t *testing.T) {
	t.Parallel()
	b := onLoopback(t)
	sub := b.Subscribed(b.Monthly())
	params := &stripe.SubscriptionRetrieveParams{}
	for _, path := range []string{"customer", "latest_invoice.payments", "items.data.price.product",
		"default_payment_method"} {
		params.AddExpand(path)
	}
	got, err := b.Stripe.V1Subscriptions.Retrieve(t.Context(), sub.ID, params)
	if err != nil {
		t.Fatal(err)
	}
	if got.Customer.Email != "buyer@example.com" || got.Items.Data[0].Price.Product.Name != "Pro" ||
		got.DefaultPaymentMethod.Card.Last4 != "4242" ||
		got.LatestInvoice.Status != "paid" || len(got.LatestInvoice.Payments.Data) != 1 {
		t.Errorf("expanded subscription is %+v", got)
	}
	if got.Items.Data[0].CurrentPeriodEnd != sub.PeriodEnd().Unix() {
		t.Errorf("the item's period ends %d, want %d", got.Items.Data[0].CurrentPeriodEnd, sub.PeriodEnd().Unix())
	}
	params.Expand = []*string{stripe.String("metadata")}
	if _, err := b.Stripe.V1Subscriptions.Retrieve(t.Context(), sub.ID, params); err == nil {
		t.Error("metadata can be expanded")
	}
	cs := &stripe.CheckoutSessionRetrieveParams{}
	cs.AddExpand("line_items")
	cs.AddExpand("subscription")
	session, err := b.Stripe.V1CheckoutSessions.Retrieve(t.Context(), b.CheckoutSessions()[0].ID, cs)
	if err != nil || session.LineItems.Data[0].Price.UnitAmount != 2900 || session.Subscription.Status != "active" {
		t.Errorf("expanded session is %+v, %v", session, err)
	}
}

func TestStripeGoPagesInBothDirections(t *testing.T) {
	t.Parallel()
	b := onLoopback(t)
	var want []string
	for i := range 25 {
		want = append([]string{b.Customer(fmt.Sprintf("%d@example.com", i)).ID}, want...)
	}
	var got []string
	for customer, err := range b.Stripe.V1Customers.List(t.Context(),
		&stripe.CustomerListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(10)}}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, customer.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
	events := b.Events()
	var after []string
	list := &stripe.EventListParams{ListParams: stripe.ListParams{EndingBefore: &events[3].ID, Limit: stripe.Int64(7)},
		Types: []*string{stripe.String("customer.created")}}
	for event, err := range b.Stripe.V1Events.List(t.Context(), list).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		after = append(after, event.ID)
	}
	var wantAfter []string
	for _, event := range events[4:] {
		wantAfter = append(wantAfter, event.ID)
	}
	if diff := cmp.Diff(wantAfter, after); diff != "" {
		t.Errorf("events after the cursor, in the order of time (-want +got):\n%s", diff)
	}
}

func TestStripeGoSeesTheSubscriptionListsDefaults(t *testing.T) {
	t.Parallel()
	b := onLoopback(t)
	sub := b.Subscribed(b.Monthly())
	count := func(status string) int {
		params := &stripe.SubscriptionListParams{Customer: &sub.Customer}
		if status != "" {
			params.Status = &status
		}
		n := 0
		for _, err := range b.Stripe.V1Subscriptions.List(t.Context(), params).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if _, err := b.Stripe.V1Subscriptions.Cancel(t.Context(), sub.ID, nil); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{"": count(""), "all": count("all"), "canceled": count("canceled"), "ended": count("ended"),
		"active": count("active")}
	if diff := cmp.Diff(map[string]int{"": 0, "all": 1, "canceled": 1, "ended": 1, "active": 0}, got); diff != "" {
		t.Errorf("subscriptions by status (-want +got):\n%s", diff)
	}
}

func TestErrorsHaveStripesShape(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Monthly()
		form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		for name, test := range map[string]struct {
			method, path, body string
			status             int
			code, param        string
		}{
			"unknown object in the path": {"GET", "/v1/customers/cus_x", "", 404, "resource_missing", "id"},
			"unknown object as parameter": {"POST", "/v1/billing_portal/sessions", "customer=cus_x", 400, "resource_missing",
				"customer"},
			"unknown parameter":            {"POST", "/v1/customers", "bogus=1", 400, "parameter_unknown", "bogus"},
			"unknown parameter of a query": {"GET", "/v1/customers?bogus=1", "", 400, "parameter_unknown", "bogus"},
			"missing parameter": {"POST", "/v1/checkout/sessions", "success_url=http://x.test", 400,
				"parameter_missing", "mode"},
			"number": {"GET", "/v1/customers?limit=many", "", 400, "parameter_invalid_integer", "limit"},
			"limit":  {"GET", "/v1/customers?limit=101", "", 400, "parameter_invalid_integer", "limit"},
			"cursor": {"GET", "/v1/customers?starting_after=cus_x", "", 400, "resource_missing",
				"starting_after"},
			"unknown operation": {"GET", "/v1/nothing", "", 404, "", ""},
			"metadata value": {"POST", "/v1/customers", "metadata[k]=" + strings.Repeat("x", 501), 400, "",
				"metadata[k]"},
			"metadata key": {"POST", "/v1/customers", "metadata[" + strings.Repeat("k", 41) + "]=x", 400, "",
				"metadata"},
			"price of nobody": {"POST", "/v1/checkout/sessions",
				"mode=payment&success_url=http://x.test&line_items[0][quantity]=1&line_items[0][price]=price_x", 400,
				"resource_missing", "line_items[0][price]"},
			"both customers": {"POST", "/v1/checkout/sessions",
				"mode=payment&success_url=http://x.test&customer=cus_x&customer_email=a@x.test", 400, "", "customer_email"},
		} {
			response, body := b.Send(test.method, simharness.StripeHost+test.path, form, test.body)
			failure, _ := body["error"].(map[string]any)
			text := func(name string) string { s, _ := failure[name].(string); return s }
			if response.StatusCode != test.status || text("code") != test.code || text("param") != test.param ||
				text("type") != "invalid_request_error" || text("message") == "" {
				t.Errorf("%s: %d %v", name, response.StatusCode, body)
			}
			if response.Header.Get("Request-Id") == "" || response.Header.Get(simulator.MarkHeader) != "stripe" {
				t.Errorf("%s: headers are %v", name, response.Header)
			}
		}
		if len(b.Customers()) != 0 {
			t.Errorf("refused requests left customers: %+v", b.Customers())
		}
	})
}

func TestOnlyTheConfiguredKeyIsAccepted(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for key, says := range map[string]string{"": "did not provide", "sk_test_other": "Invalid API Key",
			"sk_live_x": "refuses live keys", "rk_live_x": "refuses live keys"} {
			header := map[string]string{"Authorization": "Bearer " + key}
			response, body := b.Send("GET", simharness.StripeHost+"/v1/customers", header, "")
			message, _ := body["error"].(map[string]any)["message"].(string)
			if response.StatusCode != http.StatusUnauthorized || !strings.Contains(message, says) || key != "" &&
				strings.Contains(message, key) {
				t.Errorf("key %q: %d %s", key, response.StatusCode, message)
			}
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, simharness.StripeHost+"/v1/customers",
			http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(simulator.DefaultStripeKey, "")
		response, err := b.HTTP.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("basic authentication: %v, %v", response, err)
		}
		response, _ = b.Send("GET", simharness.StripeHost+"/v1/customers", map[string]string{"Stripe-Version": "2026-10-28.endive"}, "")
		if got := response.Header.Get("Stripe-Version"); got != "2026-10-28.endive" {
			t.Errorf("the version is echoed as %q", got)
		}
	})
}

func TestLiveKeysAndBadSecretsAreRefusedAtStart(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]simulator.Config{
		"stripe live":       {StripeKey: "sk_live_1"},
		"stripe restricted": {StripeKey: "rk_live_1"},
		"clerk live":        {ClerkKey: "sk_live_1"},
		"empty secret":      {StripeWebhooks: []simulator.WebhookEndpoint{{URL: "http://127.0.0.1:1/"}}},
		"bare prefix":       {StripeWebhooks: []simulator.WebhookEndpoint{{URL: "http://127.0.0.1:1/", Secret: "whsec_"}}},
		"not base64":        {ClerkWebhooks: []simulator.WebhookEndpoint{{URL: "http://127.0.0.1:1/", Secret: "whsec_###"}}},
		"relative url":      {StripeURL: "localhost"},
	} {
		if _, err := simulator.New(config); err == nil {
			t.Errorf("%s: New accepts it", name)
		}
	}
}

func TestBothListNotationsAndMetadataRulesWork(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.Monthly()
		customer := b.Customer("a@example.com")
		for _, items := range []string{"items[0][price]=" + price + "&items[0][quantity]=3", "items[][price]=" + price +
			"&items[][quantity]=3"} {
			_, sub := b.Send("POST", simharness.StripeHost+"/v1/subscriptions", nil,
				"customer="+customer.ID+"&default_payment_method=pm_card_visa&"+items)
			if sub["quantity"] != float64(3) || sub["status"] != "active" {
				t.Errorf("%s: %v", items, sub)
			}
		}
		path := simharness.StripeHost + "/v1/customers/" + customer.ID
		b.Send("POST", path, nil, "metadata[a]=1&metadata[b]=2")
		if _, got := b.Send("POST", path, nil, "metadata[a]=&metadata[c]=3"); !cmp.Equal(got["metadata"],
			map[string]any{"b": "2", "c": "3"}) {
			t.Errorf("metadata is %v, want b and c", got["metadata"])
		}
		if _, got := b.Send("POST", path, nil, "metadata="); !cmp.Equal(got["metadata"], map[string]any{}) {
			t.Errorf("metadata is %v, want none", got["metadata"])
		}
	})
}

func TestCreatedFiltersAndDeletedEndpoints(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Customer("old@example.com")
		time.Sleep(time.Hour)
		since := time.Now().Unix()
		b.Customer("new@example.com")
		_, got := b.Send("GET", simharness.StripeHost+"/v1/customers?"+url.Values{"created[gte]": {fmt.Sprint(since)}}.Encode(), nil, "")
		if data := got["data"].([]any); len(data) != 1 || data[0].(map[string]any)["email"] != "new@example.com" {
			t.Errorf("customers since an hour: %v", data)
		}
		_, endpoint := b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", nil,
			"url="+simharness.InboxHost+"/second&enabled_events[]=customer.created&enabled_events[]=customer.updated")
		id, secret := endpoint["id"].(string), endpoint["secret"].(string)
		if _, got := b.Send("GET", simharness.StripeHost+"/v1/webhook_endpoints/"+id, nil, ""); got["secret"] != nil ||
			!strings.HasPrefix(secret, "whsec_") {
			t.Errorf("the secret is shown again: %v", got)
		}
		b.Settle()
		before := len(b.Inbox.All())
		b.Customer("both@example.com")
		b.Settle()
		if got := len(b.Inbox.All()) - before; got != 2 {
			t.Errorf("%d deliveries to two endpoints", got)
		}
		b.Send("DELETE", simharness.StripeHost+"/v1/webhook_endpoints/"+id, nil, "")
		b.Customer("one@example.com")
		b.Settle()
		if got := len(b.Inbox.All()) - before; got != 3 {
			t.Errorf("%d deliveries, the deleted endpoint still gets some", got)
		}
	})
}

func TestEventsAreKeptFor30Days(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Customer("a@example.com")
		id := b.Events()[0].ID
		b.Advance(30 * simharness.Day)
		if response, _ := b.Send("GET", simharness.StripeHost+"/v1/events/"+id, nil, ""); response.StatusCode != http.StatusOK {
			t.Errorf("on the 30th day: %d", response.StatusCode)
		}
		b.Advance(time.Second)
		if response, _ := b.Send("GET", simharness.StripeHost+"/v1/events/"+id, nil, ""); response.StatusCode != http.StatusNotFound {
			t.Errorf("after 30 days: %d", response.StatusCode)
		}
	})
}

func TestEntitlementsFollowTheSubscription(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.AddPlan(simulator.Plan{ProductName: "Pro", Amount: 2900, Interval: "month",
			Features: []string{"seats", "sso"}})
		sub := b.Subscribed(price)
		count := func() (keys []string) {
			for entitlement, err := range b.Stripe.V1EntitlementsActiveEntitlements.List(t.Context(),
				&stripe.EntitlementsActiveEntitlementListParams{Customer: &sub.Customer}).All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, entitlement.LookupKey)
			}
			return keys
		}
		if got := count(); len(got) != 2 {
			t.Errorf("entitlements are %v, want two", got)
		}
		if err := b.CancelSubscription(sub.ID, false); err != nil {
			t.Fatal(err)
		}
		if got := count(); len(got) != 0 {
			t.Errorf("entitlements after the end are %v", got)
		}
	})
}

func TestAnIncompleteSubscriptionExpiresIn23Hours(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price, customer := b.Monthly(), b.Customer("a@example.com")
		_, sub := b.Send("POST", simharness.StripeHost+"/v1/subscriptions", nil,
			"customer="+customer.ID+"&default_payment_method=pm_card_chargeDeclined&items[0][price]="+price)
		if sub["status"] != "incomplete" {
			t.Fatalf("status is %v, want incomplete", sub["status"])
		}
		b.Advance(23 * time.Hour)
		if got := b.Subscriptions()[0].Status; got != "incomplete_expired" {
			t.Errorf("status after 23 h is %s", got)
		}
		if got := b.Invoices()[0].Status; got != "void" {
			t.Errorf("its invoice is %s, want void", got)
		}
		_, failed := b.Send("POST", simharness.StripeHost+"/v1/subscriptions", nil,
			"customer="+customer.ID+"&payment_behavior=error_if_incomplete&default_payment_method=pm_card_chargeDeclined&items[0][price]="+price)
		if failed["error"] == nil || len(b.Subscriptions()) != 1 {
			t.Errorf("error_if_incomplete answered %v", failed)
		}
	})
}

func TestStripeGoReadsACardError(t *testing.T) {
	t.Parallel()
	b := onLoopback(t)
	sub := b.Subscribed(b.Monthly())
	if err := b.SetCard(sub.Customer, "4000000000000341"); err != nil {
		t.Fatal(err)
	}
	b.Advance(sub.PeriodEnd().Add(2 * time.Hour).Sub(b.Now()))
	invoices := b.Invoices()
	_, err := b.Stripe.V1Invoices.Pay(t.Context(), invoices[len(invoices)-1].ID, nil)
	var failure *stripe.Error
	if !errors.As(err, &failure) || failure.HTTPStatusCode != http.StatusPaymentRequired ||
		failure.Code != stripe.ErrorCodeCardDeclined || failure.DeclineCode != "generic_decline" {
		t.Errorf("paying with a failing card: %v", err)
	}
	if got := b.Subscription(sub.ID).Status; got != "past_due" {
		t.Errorf("an attempt by hand made the subscription %s", got)
	}
}
