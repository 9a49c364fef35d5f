package stripesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

func changesChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	item := tour.now().Items.Data[0]
	// A preview of a change changes nothing.
	preview := simharness.Ok(sc.V1Invoices.CreatePreview(ctx,
		&stripe.InvoiceCreatePreviewParams{Subscription: &tour.sub.ID,
			SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
				Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{ID: &item.ID,
					Price: &tour.monthly.ID, Quantity: stripe.Int64(9)}},
				ProrationBehavior: stripe.String("always_invoice")}}))(t)
	if preview.AmountDue <= 0 || tour.now().Items.Data[0].Quantity != item.Quantity {
		t.Errorf("the preview is over %d, the quantity %d", preview.AmountDue, tour.now().Items.Data[0].Quantity)
	}
	mark := tour.Mark()
	changed := tour.change(&stripe.SubscriptionUpdateParams{ProrationBehavior: stripe.String("always_invoice"),
		Items: []*stripe.SubscriptionUpdateItemParams{{ID: &item.ID, Quantity: stripe.Int64(9)}}})
	if changed.Items.Data[0].Quantity != 9 || tour.now("latest_invoice").LatestInvoice.AmountPaid != preview.AmountDue {
		t.Errorf("paid %d after a preview of %d", tour.now("latest_invoice").LatestInvoice.AmountPaid, preview.AmountDue)
	}
	tour.Wants(mark, "customer.subscription.updated", "invoiceitem.created", "invoice.paid")

	// A second item, through the subscription items API.
	extra := simharness.Ok(sc.V1Prices.Create(ctx, &stripe.PriceCreateParams{Currency: stripe.String("usd"),
		UnitAmount: stripe.Int64(100), Recurring: &stripe.PriceCreateRecurringParams{Interval: stripe.String("month")},
		ProductData: &stripe.PriceCreateProductDataParams{Name: stripe.String("Extra")}}))(t)
	second := simharness.Ok(sc.V1SubscriptionItems.Create(ctx,
		&stripe.SubscriptionItemCreateParams{Subscription: &tour.sub.ID,
			Price: &extra.ID, Quantity: stripe.Int64(3)}))(t)
	simharness.Ok(sc.V1SubscriptionItems.Update(ctx, second.ID,
		&stripe.SubscriptionItemUpdateParams{Quantity: stripe.Int64(4)}))(t)
	if items := simharness.Every(t, sc.V1SubscriptionItems.List(ctx,
		&stripe.SubscriptionItemListParams{Subscription: &tour.sub.ID}).All(ctx)); len(items) != 2 {
		t.Errorf("%d items", len(items))
	}
	simharness.Ok(sc.V1SubscriptionItems.Delete(ctx, second.ID, nil))(t)
	if items := tour.now().Items.Data; len(items) != 1 {
		t.Errorf("%d items are left", len(items))
	}

	// While collection is paused, invoices are void.
	mark = tour.Mark()
	tour.change(&stripe.SubscriptionUpdateParams{PauseCollection: &stripe.SubscriptionUpdatePauseCollectionParams{
		Behavior: stripe.String("void")}})
	tour.Wants(mark, "customer.subscription.updated")
	mark = tour.Mark()
	tour.Eventually(time.Unix(tour.now().Items.Data[0].CurrentPeriodEnd, 0).Add(2 * time.Hour))
	if got := tour.now("latest_invoice"); got.Status != "active" || got.LatestInvoice.Status != "void" {
		t.Errorf("while it pauses the subscription is %s and its invoice %s", got.Status, got.LatestInvoice.Status)
	}
	tour.Wants(mark, "invoice.voided")
	resumed := &stripe.SubscriptionUpdateParams{}
	resumed.AddExtra("pause_collection", "")
	if got := tour.change(resumed); got.PauseCollection != nil {
		t.Errorf("it still pauses: %+v", got.PauseCollection)
	}
}

func scheduleChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	mark := tour.Mark()
	schedule := simharness.Ok(sc.V1SubscriptionSchedules.Create(ctx,
		&stripe.SubscriptionScheduleCreateParams{FromSubscription: &tour.sub.ID}))(t)
	phase := schedule.Phases[0]
	// From the next period on there is one item, monthly.
	schedule = simharness.Ok(sc.V1SubscriptionSchedules.Update(ctx, schedule.ID,
		&stripe.SubscriptionScheduleUpdateParams{EndBehavior: stripe.String("release"),
			Phases: []*stripe.SubscriptionScheduleUpdatePhaseParams{
				{StartDate: &phase.StartDate, EndDate: &phase.EndDate,
					Items: []*stripe.SubscriptionScheduleUpdatePhaseItemParams{{Price: &tour.monthly.ID, Quantity: stripe.Int64(9)}}},
				{StartDate: &phase.EndDate, Items: []*stripe.SubscriptionScheduleUpdatePhaseItemParams{{Price: &tour.monthly.ID,
					Quantity: stripe.Int64(1)}}, Duration: &stripe.SubscriptionScheduleUpdatePhaseDurationParams{
					Interval: stripe.String("month"), IntervalCount: stripe.Int64(1)}},
			}}))(t)
	if schedule.Status != "active" || len(schedule.Phases) != 2 || tour.now().Schedule == nil {
		t.Errorf("the schedule is %s with %d phases", schedule.Status, len(schedule.Phases))
	}
	tour.Wants(mark, "subscription_schedule.created", "subscription_schedule.updated") // events expire
	mark = tour.Mark()
	tour.Eventually(time.Unix(phase.EndDate, 0).Add(time.Minute))
	if got := tour.now().Items.Data[0].Quantity; got != 1 {
		t.Errorf("in the second phase there are %d, want 1", got)
	}
	if got := simharness.Ok(sc.V1SubscriptionSchedules.Release(ctx, schedule.ID, nil))(t); got.Status != "released" ||
		tour.now().Schedule != nil {
		t.Errorf("released it is %s", got.Status)
	}
	tour.Wants(mark, "customer.subscription.updated", "subscription_schedule.released")
}

func discountedChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	coupon := simharness.Ok(sc.V1Coupons.Create(ctx, &stripe.CouponCreateParams{PercentOff: stripe.Float64(50),
		Duration: stripe.String("once")}))(t)
	promotion := simharness.Ok(sc.V1PromotionCodes.Create(ctx,
		&stripe.PromotionCodeCreateParams{Code: stripe.String("WELCOME"),
			Promotion: &stripe.PromotionCodeCreatePromotionParams{Type: stripe.String("coupon"), Coupon: &coupon.ID}}))(t)
	mark := tour.Mark()
	session := tour.checkout("subscription", tour.monthly, func(p *stripe.CheckoutSessionCreateParams) {
		p.Discounts = []*stripe.CheckoutSessionCreateDiscountParams{{PromotionCode: &promotion.ID}}
	})
	if session.AmountSubtotal != 2900 || session.AmountTotal != 1450 || session.TotalDetails.AmountDiscount != 1450 {
		t.Errorf("half off %d is %d", session.AmountSubtotal, session.AmountTotal)
	}
	if status, _, _ := tour.Submit(session.URL, goodCard); status != 303 {
		t.Errorf("paid: %d", status)
	}
	if got := tour.sessionNow(session.ID, "subscription.latest_invoice").Subscription.LatestInvoice; got.AmountPaid != 1450 {
		t.Errorf("paid %d, want 1450", got.AmountPaid)
	}
	if got := simharness.Ok(sc.V1PromotionCodes.Retrieve(ctx, promotion.ID, nil))(t); got.TimesRedeemed != 1 {
		t.Errorf("redeemed %d times", got.TimesRedeemed)
	}
	tour.Wants(mark, "customer.discount.created")
}

// headlessChapter does what the Stripe CLI does without a browser.
func headlessChapter(t *testing.T, tour *tour) {
	session := tour.checkout("payment", tour.sticker, nil)
	page := simharness.StripeHost + "/v1/payment_pages/" + session.ID
	if response, _ := tour.Send(http.MethodGet, page, nil, ""); response.StatusCode != 200 {
		t.Errorf("the payment page answers %d", response.StatusCode)
	}
	method := simharness.Ok(tour.Stripe.V1PaymentMethods.Create(t.Context(),
		&stripe.PaymentMethodCreateParams{Type: stripe.String("card"),
			Card:           &stripe.PaymentMethodCreateCardParams{Token: stripe.String("tok_visa")},
			BillingDetails: &stripe.PaymentMethodCreateBillingDetailsParams{Email: stripe.String("cli@example.com")}}))(t)
	response, answer := tour.Send(http.MethodPost, page+"/confirm", nil,
		url.Values{"payment_method": {method.ID}, "expected_amount": {"700"}}.Encode())
	if got := tour.sessionNow(session.ID); response.StatusCode != 200 || got.PaymentStatus != "paid" {
		t.Errorf("confirmed with %d, it is %s: %v", response.StatusCode, got.PaymentStatus, answer)
	}
	tour.Settle()
	// An event is resent unchanged.
	endpoints := simharness.Every(t, tour.Stripe.V1WebhookEndpoints.List(t.Context(), nil).All(t.Context()))
	before, event := len(tour.Inbox.All()), tour.Mark()
	if response, answer := tour.Send(http.MethodPost, simharness.StripeHost+"/v1/events/"+event+"/retry", nil,
		"webhook_endpoint="+endpoints[0].ID); response.StatusCode != 200 {
		t.Errorf("sent again: %d %v", response.StatusCode, answer)
	}
	tour.Settle()
	if all := tour.Inbox.All(); len(all) != before+1 || !strings.Contains(string(all[before].Body), event) {
		t.Errorf("%d came, want the one", len(all)-before)
	}
}

// versionsChapter reads one subscription in the shapes of three releases.
func versionsChapter(t *testing.T, tour *tour) {
	for version, has := range map[string]bool{"2025-02-24.acacia": true, "2026-08-26.dahlia": false,
		"2026-10-28.endive": false} {
		_, shown := tour.Send(http.MethodGet, simharness.StripeHost+"/v1/subscriptions/"+tour.sub.ID, speaking(version), "")
		if _, there := shown["current_period_end"]; there != has {
			t.Errorf("in %s the subscription has its period itself: %v, want %v", version, there, has)
		}
	}
	response, _ := tour.Send(http.MethodPost, simharness.StripeHost+"/v1/checkout/sessions", speaking("2026-10-28.endive"),
		url.Values{"mode": {"payment"}, "success_url": {app},
			"line_items[0][price]": {tour.sticker.ID}, "line_items[0][quantity]": {"1"},
			"allowed_payment_method_types[]": {"card"}}.Encode())
	if response.StatusCode != 200 {
		t.Errorf("the newest release's parameter is answered %d", response.StatusCode)
	}
	if response, _ = tour.Send(http.MethodGet, simharness.StripeHost+"/v1/customers", speaking("1999-01-01"),
		""); response.StatusCode != 400 {
		t.Errorf("a version that never was is answered %d", response.StatusCode)
	}
}
