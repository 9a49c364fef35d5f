package stripesim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

// TestStripeGoGoesOnTour takes unmodified stripe-go through the simulated API,
// in chapters that build on each other. At the end, every answer is checked
// against Stripe's OpenAPI document.
func TestStripeGoGoesOnTour(t *testing.T) {
	t.Parallel()
	simharness.OnTour(t, func(b *simharness.Bench, client *http.Client) []simharness.Chapter {
		b.Stripe = simharness.StripeClient(simharness.StripeHost, client)
		this := &tour{bench: &bench{b}}
		on := func(title string, visit func(*testing.T, *tour)) simharness.Chapter {
			return simharness.Chapter{Title: title, Visit: func(t *testing.T) { visit(t, this) }}
		}
		return []simharness.Chapter{
			on("a catalog", catalogChapter),
			on("customers", customersChapter),
			on("one request, twice", idempotencyChapter),
			on("a subscription is bought", buyingChapter),
			on("lists and expansions", readingChapter),
			on("other checkouts", checkoutChapter),
			on("discounts", discountsChapter),
			on("payments without a checkout", paymentsChapter),
			on("the subscription lives", livingChapter),
			on("it is changed", changesChapter),
			on("it is changed later", scheduleChapter),
			on("half the price", discountedChapter),
			on("entitlements", entitlementsChapter),
			on("money goes back", refundsChapter),
			on("invoices by hand", invoicesChapter),
			on("the portal", portalChapter),
			on("a clock of one's own", clockChapter),
			on("search", searchChapter),
			on("events and endpoints", eventsChapter),
			on("without a browser", headlessChapter),
			on("versions", versionsChapter),
			on("goodbye", farewellChapter),
		}
	})
}

// tour is the simulator that stripe-go tours.
type tour struct {
	*bench
	product *stripe.Product // Pro, with a monthly and a yearly price
	monthly *stripe.Price
	yearly  *stripe.Price
	sticker *stripe.Price // a one-time price
	buyer   *stripe.Customer
	sub     *stripe.Subscription // the buyer's
}

func catalogChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	tour.product = simharness.Ok(sc.V1Products.Create(ctx, &stripe.ProductCreateParams{Name: stripe.String("Pro"),
		Metadata:          map[string]string{"plan": "pro"},
		MarketingFeatures: []*stripe.ProductCreateMarketingFeatureParams{{Name: stripe.String("All of it")}}}))(t)
	price := func(amount int64, key, interval string) *stripe.Price {
		params := &stripe.PriceCreateParams{Product: &tour.product.ID, Currency: stripe.String("usd"), UnitAmount: &amount,
			LookupKey: &key}
		if interval != "" {
			params.Recurring = &stripe.PriceCreateRecurringParams{Interval: &interval}
		}
		return simharness.Ok(sc.V1Prices.Create(ctx, params))(t)
	}
	tour.monthly, tour.yearly, tour.sticker = price(2900, "pro_monthly", "month"), price(29000, "pro_yearly", "year"),
		price(500, "sticker", "")
	if tour.monthly.Type != "recurring" || tour.sticker.Type != "one_time" {
		t.Errorf("prices are %s and %s", tour.monthly.Type, tour.sticker.Type)
	}
	// A lookup key belongs to one price and can be transferred.
	if _, err := sc.V1Prices.Create(ctx, &stripe.PriceCreateParams{Product: &tour.product.ID,
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(1), LookupKey: stripe.String("sticker")}); err == nil {
		t.Error("a lookup key can be used twice")
	}
	tour.sticker = simharness.Ok(sc.V1Prices.Create(ctx, &stripe.PriceCreateParams{Product: &tour.product.ID,
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(700),
		LookupKey: stripe.String("sticker"), TransferLookupKey: stripe.Bool(true)}))(t)
	list := &stripe.PriceListParams{LookupKeys: stripe.StringSlice([]string{"sticker", "pro_yearly"})}
	list.AddExpand("data.product")
	found := simharness.Every(t, sc.V1Prices.List(ctx, list).All(ctx))
	if len(found) != 2 || found[0].UnitAmount != 700 || found[1].Product.Metadata["plan"] != "pro" {
		t.Errorf("prices with the keys are %+v", found)
	}
	simharness.Ok(sc.V1Products.Update(ctx, tour.product.ID,
		&stripe.ProductUpdateParams{Description: stripe.String("Everything"),
			DefaultPrice: &tour.monthly.ID}))(t)
	if got := simharness.Ok(sc.V1Products.Retrieve(ctx, tour.product.ID, nil))(t); got.Description != "Everything" ||
		got.DefaultPrice.ID != tour.monthly.ID {
		t.Errorf("the product is %+v", got)
	}
	simharness.Ok(sc.V1Prices.Update(ctx, found[0].ID, &stripe.PriceUpdateParams{Nickname: stripe.String("Sticker"),
		Metadata: map[string]string{"size": "small"}}))(t)
	tour.Wants("", "product.created", "price.created", "plan.created", "product.updated", "price.updated")
}

func customersChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	tour.buyer = simharness.Ok(sc.V1Customers.Create(ctx,
		&stripe.CustomerCreateParams{Email: stripe.String("Ada@example.com"),
			Name:     stripe.String("Ada"),
			Metadata: map[string]string{"clerk_user_id": "user_1", "team": "blue"}}))(t)
	// Metadata is merged: an empty value deletes its key, and an empty metadata
	// deletes all keys.
	update := func(metadata map[string]string) map[string]string {
		return simharness.Ok(sc.V1Customers.Update(ctx, tour.buyer.ID,
			&stripe.CustomerUpdateParams{Metadata: metadata}))(t).Metadata
	}
	if diff := cmp.Diff(map[string]string{"clerk_user_id": "user_1", "tier": "gold"},
		update(map[string]string{"tier": "gold", "team": ""})); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	for what, bad := range map[string]map[string]string{"a key of 41": {strings.Repeat("k", 41): "v"},
		"a value of 501": {"k": strings.Repeat("v", 501)}} {
		if _, err := sc.V1Customers.Update(ctx, tour.buyer.ID, &stripe.CustomerUpdateParams{Metadata: bad}); err == nil {
			t.Errorf("metadata takes %s characters", what)
		}
	}
	// A missing object is 404 in the path and 400 as a parameter.
	_, err := sc.V1Customers.Retrieve(ctx, "cus_none", nil)
	fails(t, "retrieve", err, 404, "No such customer: 'cus_none' id")
	_, err = sc.V1BillingPortalSessions.Create(ctx, &stripe.BillingPortalSessionCreateParams{
		Customer: stripe.String("cus_none")})
	fails(t, "as a parameter", err, 400, "No such customer: 'cus_none' customer")
	if simharness.Code(err) != stripe.ErrorCodeResourceMissing {
		t.Errorf("code is %q", simharness.Code(err))
	}
	// The e-mail filter is case-sensitive.
	for email, want := range map[string]int{"Ada@example.com": 1, "ada@example.com": 0} {
		if got := simharness.Every(t, sc.V1Customers.List(ctx,
			&stripe.CustomerListParams{Email: &email}).All(ctx)); len(got) != want {
			t.Errorf("%d customers with the address %s, want %d", len(got), email, want)
		}
	}
	// Deleted customers can be retrieved but not changed.
	gone := simharness.Ok(sc.V1Customers.Create(ctx, nil))(t)
	if deleted := simharness.Ok(sc.V1Customers.Delete(ctx, gone.ID, nil))(t); !deleted.Deleted {
		t.Error("the answer does not say deleted")
	}
	if again := simharness.Ok(sc.V1Customers.Retrieve(ctx, gone.ID, nil))(t); !again.Deleted {
		t.Error("a deleted customer does not say so")
	}
	_, err = sc.V1Customers.Update(ctx, gone.ID, &stripe.CustomerUpdateParams{Name: stripe.String("Eve")})
	fails(t, "update the deleted", err, 404, "No such customer")
	tour.Wants("", "customer.created", "customer.updated", "customer.deleted")
}

func idempotencyChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	create := func(email string) (*stripe.Customer, error) {
		return sc.V1Customers.Create(ctx, &stripe.CustomerCreateParams{
			Params: stripe.Params{IdempotencyKey: stripe.String("the-same")}, Email: &email})
	}
	first, second := simharness.Ok(create("once@example.com"))(t), simharness.Ok(create("once@example.com"))(t)
	header := second.LastResponse.Header
	if second.ID != first.ID || header.Get("Idempotent-Replayed") != "true" ||
		header.Get("Original-Request") != first.LastResponse.RequestID ||
		first.LastResponse.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("the second is %s after %s, with %v", second.ID, first.ID, header)
	}
	_, err := create("other@example.com")
	fails(t, "other parameters", err, 400, "Keys for idempotent requests can only be used with the same parameters")
	tour.Advance(24*time.Hour + time.Second)
	if third := simharness.Ok(create("other@example.com"))(t); third.ID == first.ID {
		t.Error("a key lives longer than a day")
	}
}

func buyingChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	mark := tour.Mark()
	session := simharness.Ok(sc.V1CheckoutSessions.Create(ctx, &stripe.CheckoutSessionCreateParams{
		Mode: stripe.String("subscription"), Customer: &tour.buyer.ID,
		SuccessURL: stripe.String("http://app.test/ok?session={CHECKOUT_SESSION_ID}"),
		CancelURL:  stripe.String("http://app.test/plans"), ClientReferenceID: stripe.String("user_1"),
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{Price: &tour.monthly.ID, Quantity: stripe.Int64(2)}},
		SubscriptionData: &stripe.CheckoutSessionCreateSubscriptionDataParams{
			Metadata: map[string]string{"of": "the subscription"}},
		Metadata: map[string]string{"of": "the session"}}))(t)
	if session.Status != "open" || session.PaymentStatus != "unpaid" || session.AmountTotal != 5800 ||
		session.ExpiresAt != session.Created+24*3600 {
		t.Errorf("the session is %+v", session)
	}
	// On the page, a declined card buys nothing, and another card does.
	if status, _, page := tour.Submit(session.URL, card("4000000000000002")); status != 402 ||
		!strings.Contains(page, "declined") {
		t.Errorf("the declined card: %d", status)
	}
	if status, location, _ := tour.Submit(session.URL, goodCard); status != 303 ||
		location != "http://app.test/ok?session="+session.ID {
		t.Errorf("paid: %d to %s", status, location)
	}
	params := &stripe.CheckoutSessionRetrieveParams{}
	for _, path := range []string{"line_items", "subscription.latest_invoice.payments", "customer"} {
		params.AddExpand(path)
	}
	paid := simharness.Ok(sc.V1CheckoutSessions.Retrieve(ctx, session.ID, params))(t)
	tour.sub = paid.Subscription
	if paid.Status != "complete" || paid.PaymentStatus != "paid" || paid.LineItems.Data[0].Quantity != 2 ||
		tour.sub.Status != "active" ||
		tour.sub.Metadata["of"] != "the subscription" || tour.sub.LatestInvoice.AmountPaid != 5800 ||
		paid.Customer.Email != "Ada@example.com" {
		t.Errorf("the paid session is %+v", paid)
	}
	tour.Wants(mark, "checkout.session.completed", "customer.subscription.created", "payment_method.attached",
		"charge.succeeded", "payment_intent.succeeded",
		"invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid")
	if lines := simharness.Every(t, sc.V1CheckoutSessions.ListLineItems(ctx,
		&stripe.CheckoutSessionListLineItemsParams{Session: &session.ID}).All(ctx)); len(lines) != 1 {
		t.Errorf("%d lines", len(lines))
	}
}

func readingChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	var want []string
	for range 25 {
		want = append([]string{tour.Customer("many@example.com").ID}, want...)
	}
	list := &stripe.CustomerListParams{Email: stripe.String("many@example.com"),
		ListParams: stripe.ListParams{Limit: stripe.Int64(10)}}
	var got []string
	for _, customer := range simharness.Every(t, sc.V1Customers.List(ctx, list).All(ctx)) {
		got = append(got, customer.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
	// Backwards from the sixth newest, in order of time.
	back := &stripe.CustomerListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(2), EndingBefore: &want[5]}}
	got = nil
	for _, customer := range simharness.Every(t, sc.V1Customers.List(ctx, back).All(ctx)) {
		got = append([]string{customer.ID}, got...)
	}
	if diff := cmp.Diff(want[:5], got); diff != "" {
		t.Errorf("backwards (-want +got):\n%s", diff)
	}
	// Expansion works four levels deep, not five.
	params := &stripe.InvoiceRetrieveParams{}
	params.AddExpand("parent.subscription_details.subscription.customer")
	invoice := simharness.Ok(sc.V1Invoices.Retrieve(ctx, tour.sub.LatestInvoice.ID, params))(t)
	if invoice.Parent.SubscriptionDetails.Subscription.Customer.Email != "Ada@example.com" {
		t.Errorf("expanded %+v", invoice.Parent.SubscriptionDetails.Subscription.Customer)
	}
	params.Expand = stripe.StringSlice([]string{"parent.subscription_details.subscription.customer.default_source"})
	_, err := sc.V1Invoices.Retrieve(ctx, invoice.ID, params)
	fails(t, "five levels", err, 400, "more than 4 levels")
	tooMany := sc.V1Customers.List(ctx, &stripe.CustomerListParams{
		ListParams: stripe.ListParams{Limit: stripe.Int64(101)}})
	fails(t, "a page of 101", tooMany.Err(), 400, "limit")
}
