package stripesim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	stripe "github.com/stripe/stripe-go/v86"
	"github.com/stripe/stripe-go/v86/webhook"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

// now reads the buyer's subscription.
func (tour *tour) now(expand ...string) *stripe.Subscription {
	tour.T.Helper()
	params := &stripe.SubscriptionRetrieveParams{}
	for _, path := range expand {
		params.AddExpand(path)
	}
	return simharness.Ok(tour.Stripe.V1Subscriptions.Retrieve(tour.T.Context(), tour.sub.ID, params))(tour.T)
}

func (tour *tour) change(params *stripe.SubscriptionUpdateParams) *stripe.Subscription {
	tour.T.Helper()
	return simharness.Ok(tour.Stripe.V1Subscriptions.Update(tour.T.Context(), tour.sub.ID, params))(tour.T)
}

func livingChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	// The month ends: the period changes at once, and the charge follows an hour
	// later.
	mark := tour.Mark()
	end := time.Unix(tour.now().Items.Data[0].CurrentPeriodEnd, 0)
	tour.Eventually(end)
	if got := tour.now("latest_invoice"); got.LatestInvoice.Status != "draft" ||
		got.Items.Data[0].CurrentPeriodStart != end.Unix() {
		t.Errorf("at the end of the month the invoice is %s, the period starts %d", got.LatestInvoice.Status,
			got.Items.Data[0].CurrentPeriodStart)
	}
	tour.Advance(time.Hour)
	if got := tour.now("latest_invoice"); got.LatestInvoice.Status != "paid" ||
		got.LatestInvoice.BillingReason != "subscription_cycle" {
		t.Errorf("an hour later the invoice is %s for %s", got.LatestInvoice.Status, got.LatestInvoice.BillingReason)
	}
	tour.Wants(mark, "invoice.upcoming", "customer.subscription.updated", "invoice.created", "invoice.finalized",
		"invoice.paid", "invoice_payment.paid")

	// A new price and quantity: unused time is credited.
	mark = tour.Mark()
	item := tour.now().Items.Data[0].ID
	changed := tour.change(&stripe.SubscriptionUpdateParams{ProrationBehavior: stripe.String("create_prorations"),
		Items: []*stripe.SubscriptionUpdateItemParams{{ID: &item, Price: &tour.yearly.ID, Quantity: stripe.Int64(1)}}})
	if got := changed.Items.Data[0]; got.Price.ID != tour.yearly.ID || got.Quantity != 1 {
		t.Errorf("changed to %d of %s", got.Quantity, got.Price.ID)
	}
	tour.Wants(mark, "customer.subscription.updated")
	back := tour.now().Items.Data[0].ID
	tour.change(&stripe.SubscriptionUpdateParams{ProrationBehavior: stripe.String("none"),
		Items: []*stripe.SubscriptionUpdateItemParams{{ID: &back, Price: &tour.monthly.ID}}})

	// Canceled at the period's end, then resumed.
	if got := tour.change(&stripe.SubscriptionUpdateParams{
		CancelAtPeriodEnd: stripe.Bool(true)}); !got.CancelAtPeriodEnd || got.CanceledAt == 0 {
		t.Errorf("canceled at the period's end it is %+v", got)
	}
	if got := tour.change(&stripe.SubscriptionUpdateParams{
		CancelAtPeriodEnd: stripe.Bool(false)}); got.CancelAtPeriodEnd || got.CanceledAt != 0 || got.CancelAt != 0 {
		t.Errorf("taken back it is %+v", got)
	}

	// A failing card: past due, retried, and canceled in the end.
	poor := simharness.Ok(sc.V1Customers.Create(ctx, &stripe.CustomerCreateParams{Email: stripe.String("poor@example.com"),
		PaymentMethod:   stripe.String("pm_card_visa"),
		InvoiceSettings: &stripe.CustomerCreateInvoiceSettingsParams{DefaultPaymentMethod: stripe.String("pm_card_visa")}}))(
		t)
	owed := simharness.Ok(sc.V1Subscriptions.Create(ctx, &stripe.SubscriptionCreateParams{Customer: &poor.ID,
		Items: []*stripe.SubscriptionCreateItemParams{{Price: &tour.monthly.ID}}}))(t)
	if err := tour.SetCard(poor.ID, "4000000000000341"); err != nil {
		t.Fatal(err)
	}
	mark = tour.Mark()
	tour.Eventually(time.Unix(owed.Items.Data[0].CurrentPeriodEnd, 0).Add(2 * time.Hour))
	if got := simharness.Ok(sc.V1Subscriptions.Retrieve(ctx, owed.ID, nil))(t); got.Status != "past_due" {
		t.Errorf("unpaid it is %s", got.Status)
	}
	tour.Advance(20 * simharness.Day)
	if got := simharness.Ok(sc.V1Subscriptions.Retrieve(ctx, owed.ID, nil))(t); got.Status != "canceled" ||
		got.CancellationDetails.Reason != "payment_failed" {
		t.Errorf("in the end it is %s for %s", got.Status, got.CancellationDetails.Reason)
	}
	tour.Wants(mark, "invoice.payment_failed", "customer.subscription.updated", "customer.subscription.deleted")

	// A first payment that never comes.
	nobody := tour.Customer("nobody@example.com")
	open := simharness.Ok(sc.V1Subscriptions.Create(ctx, &stripe.SubscriptionCreateParams{Customer: &nobody.ID,
		PaymentBehavior: stripe.String("default_incomplete"),
		Items:           []*stripe.SubscriptionCreateItemParams{{Price: &tour.monthly.ID}}}))(t)
	if open.Status != "incomplete" {
		t.Errorf("without payment it is %s", open.Status)
	}
	tour.Advance(23*time.Hour + time.Minute)
	if got := simharness.Ok(sc.V1Subscriptions.Retrieve(ctx, open.ID, nil))(t); got.Status != "incomplete_expired" {
		t.Errorf("23 hours later it is %s", got.Status)
	}

	// A trial without a card ends as configured.
	trial := simharness.Ok(sc.V1Subscriptions.Create(ctx, &stripe.SubscriptionCreateParams{Customer: &nobody.ID,
		TrialPeriodDays: stripe.Int64(14), Items: []*stripe.SubscriptionCreateItemParams{{Price: &tour.monthly.ID}},
		TrialSettings: &stripe.SubscriptionCreateTrialSettingsParams{
			EndBehavior: &stripe.SubscriptionCreateTrialSettingsEndBehaviorParams{
				MissingPaymentMethod: stripe.String("cancel")}}}))(t)
	mark = tour.Mark()
	tour.Eventually(time.Unix(trial.TrialEnd, 0))
	if got := simharness.Ok(sc.V1Subscriptions.Retrieve(ctx, trial.ID, nil))(t); trial.Status != "trialing" ||
		got.Status != "canceled" {
		t.Errorf("the trial is %s and then %s", trial.Status, got.Status)
	}
	tour.Wants(mark, "customer.subscription.trial_will_end", "customer.subscription.deleted")
}

func entitlementsChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	mark := tour.Mark()
	feature := simharness.Ok(sc.V1EntitlementsFeatures.Create(ctx,
		&stripe.EntitlementsFeatureCreateParams{Name: stripe.String("Exports"), LookupKey: stripe.String("exports")}))(t)
	simharness.Ok(sc.V1ProductFeatures.Create(ctx, &stripe.ProductFeatureCreateParams{Product: &tour.product.ID,
		EntitlementFeature: &feature.ID}))(t)
	if got := simharness.Every(t, sc.V1ProductFeatures.List(ctx,
		&stripe.ProductFeatureListParams{Product: &tour.product.ID}).All(
		ctx)); len(got) != 1 || got[0].EntitlementFeature.LookupKey != "exports" {
		t.Errorf("the product has %+v", got)
	}
	// It counts from the next period on.
	tour.Eventually(time.Unix(tour.now().Items.Data[0].CurrentPeriodEnd, 0))
	active := simharness.Every(t, sc.V1EntitlementsActiveEntitlements.List(ctx,
		&stripe.EntitlementsActiveEntitlementListParams{Customer: &tour.buyer.ID}).All(ctx))
	if len(active) != 1 || active[0].LookupKey != "exports" {
		t.Errorf("the buyer has %+v", active)
	}
	tour.Wants(mark, "entitlements.active_entitlement_summary.updated")
}

func clockChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	// January 31: the next period ends on the last day of February, then on the
	// 31st again.
	clock := tour.clock(date(2027, 1, 31))
	_, sub := tour.onClock(clock, tour.monthly.ID)
	for _, want := range []time.Time{date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)} {
		if got := time.Unix(tour.retrieved(sub.ID).Items.Data[0].CurrentPeriodEnd, 0).UTC(); !got.Equal(want) {
			t.Errorf("the period ends %s, want %s", got, want)
		}
		tour.advance(clock, want.Add(2*time.Hour))
	}
	if got := simharness.Ok(sc.V1TestHelpersTestClocks.Retrieve(ctx, clock, nil))(t); got.Status != "ready" ||
		got.FrozenTime != date(2027, 4, 30).Add(2*time.Hour).Unix() {
		t.Errorf("the clock is %s at %d", got.Status, got.FrozenTime)
	}
	mark := tour.Mark()
	simharness.Ok(sc.V1TestHelpersTestClocks.Delete(ctx, clock, nil))(t)
	if got := tour.retrieved(sub.ID); got.Status != "canceled" {
		t.Errorf("without its clock the subscription is %s", got.Status)
	}
	tour.Wants(mark, "test_helpers.test_clock.deleted")
}

func searchChapter(t *testing.T, tour *tour) {
	fresh := simharness.Ok(tour.Stripe.V1Customers.Create(t.Context(),
		&stripe.CustomerCreateParams{Email: stripe.String("found@example.com"),
			Metadata: map[string]string{"clerk_user_id": "user_9"}}))(t)
	query := "email:'found@example.com' AND metadata['clerk_user_id']:'user_9'"
	if got := tour.searchCustomers(query); len(got) != 0 {
		t.Errorf("read after write finds %v", got)
	}
	tour.Advance(longestLag)
	if got := tour.searchCustomers(query); !slices.Equal(got, []string{fresh.Email}) {
		t.Errorf("a minute later %v is found", got)
	}
}

func eventsChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	cursor := tour.Mark()
	endpoint := simharness.Ok(sc.V1WebhookEndpoints.Create(ctx,
		&stripe.WebhookEndpointCreateParams{URL: stripe.String(simharness.InboxHost +
			"/second"), EnabledEvents: stripe.StringSlice([]string{"customer.created"})}))(t)
	if !strings.HasPrefix(endpoint.Secret, "whsec_") ||
		simharness.Ok(sc.V1WebhookEndpoints.Retrieve(ctx, endpoint.ID, nil))(t).Secret != "" {
		t.Errorf("the secret is %q, and is shown again", endpoint.Secret)
	}
	// It signs with its own secret.
	verified := 0
	before := tour.Inbox.Answer
	tour.Inbox.Answer = func(r simharness.Received, _ int) int {
		if _, err := webhook.ConstructEvent(r.Body, r.Header.Get("Stripe-Signature"), endpoint.Secret); err == nil {
			verified++
		}
		return 200
	}
	created := tour.Customer("seen@example.com")
	tour.Settle()
	tour.Inbox.Answer = before
	if verified != 1 {
		t.Errorf("%d webhooks verify with the endpoint's own secret, want 1", verified)
	}
	// Missed events are read again, in order of time.
	list := &stripe.EventListParams{Types: stripe.StringSlice([]string{"customer.created", "customer.updated"}),
		ListParams: stripe.ListParams{EndingBefore: &cursor}}
	missed := simharness.Every(t, sc.V1Events.List(ctx, list).All(ctx))
	if len(missed) != 1 || missed[0].Data.Object["id"] != created.ID || missed[0].Request == nil {
		t.Errorf("missed %+v", missed)
	}
	if got := simharness.Ok(sc.V1Events.Retrieve(ctx, missed[0].ID, nil))(t); got.Type != "customer.created" ||
		got.PendingWebhooks != 0 {
		t.Errorf("the event is %s with %d pending", got.Type, got.PendingWebhooks)
	}
	if got := simharness.Ok(sc.V1WebhookEndpoints.Update(ctx, endpoint.ID,
		&stripe.WebhookEndpointUpdateParams{Disabled: stripe.Bool(true)}))(t); got.Status != "disabled" {
		t.Errorf("the endpoint is %s", got.Status)
	}
	simharness.Ok(sc.V1WebhookEndpoints.Delete(ctx, endpoint.ID, nil))(t)
}

func farewellChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	mark := tour.Mark()
	simharness.Ok(sc.V1Customers.Delete(ctx, tour.buyer.ID, nil))(t)
	if got := tour.now(); got.Status != "canceled" {
		t.Errorf("the buyer is gone and the subscription is %s", got.Status)
	}
	if got := simharness.Every(t, sc.V1Subscriptions.List(ctx, &stripe.SubscriptionListParams{Customer: &tour.buyer.ID,
		Status: stripe.String("all")}).All(ctx)); len(got) != 1 {
		t.Errorf("the buyer had %d subscriptions", len(got))
	}
	events := tour.EventsSince(mark)
	if deleted, last := slices.Index(events, "customer.subscription.deleted"), slices.Index(events,
		"customer.deleted"); deleted < 0 || last < deleted {
		t.Errorf("the events are %v, want the subscription's end before the customer's", events)
	}
}
