package stripesim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

const app = "http://app.test/"

// checkout creates a session for one unit of a price.
func (tour *tour) checkout(mode string, price *stripe.Price,
	change func(*stripe.CheckoutSessionCreateParams)) *stripe.CheckoutSession {
	tour.T.Helper()
	params := &stripe.CheckoutSessionCreateParams{Mode: &mode, SuccessURL: stripe.String(app),
		CancelURL: stripe.String(app)}
	if price != nil {
		params.LineItems = []*stripe.CheckoutSessionCreateLineItemParams{{Price: &price.ID, Quantity: stripe.Int64(1)}}
	}
	if change != nil {
		change(params)
	}
	return simharness.Ok(tour.Stripe.V1CheckoutSessions.Create(tour.T.Context(), params))(tour.T)
}

func (tour *tour) sessionNow(id string, expand ...string) *stripe.CheckoutSession {
	tour.T.Helper()
	params := &stripe.CheckoutSessionRetrieveParams{}
	for _, path := range expand {
		params.AddExpand(path)
	}
	return simharness.Ok(tour.Stripe.V1CheckoutSessions.Retrieve(tour.T.Context(), id, params))(tour.T)
}

func checkoutChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	// A guest pays once.
	mark := tour.Mark()
	once := tour.checkout("payment", tour.sticker, func(p *stripe.CheckoutSessionCreateParams) {
		p.PaymentIntentData = &stripe.CheckoutSessionCreatePaymentIntentDataParams{Metadata: map[string]string{"order": "7"}}
	})
	if status, _, _ := tour.Submit(once.URL, goodCard); status != 303 {
		t.Errorf("a guest pays: %d", status)
	}
	bought := tour.sessionNow(once.ID, "payment_intent.latest_charge")
	if bought.Customer != nil || bought.PaymentIntent.Metadata["order"] != "7" ||
		bought.PaymentIntent.LatestCharge.Amount != 700 || !bought.PaymentIntent.LatestCharge.Paid {
		t.Errorf("bought %+v", bought)
	}
	tour.Wants(mark, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
		"checkout.session.completed")

	// A card requires 3-D Secure: the challenge is failed, then passed.
	asked := tour.checkout("payment", tour.sticker, nil)
	mark = tour.Mark()
	intent := tour.asked(asked.ID, asksAlways)
	if got := simharness.Ok(sc.V1PaymentIntents.Retrieve(ctx, intent, nil))(t); got.Status != "requires_action" ||
		got.NextAction == nil {
		t.Errorf("the intent is %s with %+v", got.Status, got.NextAction)
	}
	if err := tour.Authenticate(intent, false); err == nil {
		t.Error("a failed challenge pays")
	}
	if err := tour.Authenticate(tour.asked(asked.ID, asksAlways), true); err != nil {
		t.Error(err)
	}
	if got := tour.sessionNow(asked.ID); got.PaymentStatus != "paid" {
		t.Errorf("after the challenge it is %s", got.PaymentStatus)
	}
	tour.Wants(mark, "payment_intent.requires_action", "payment_intent.payment_failed", "payment_intent.succeeded")

	// A debit settles a day later. Until then the session is complete and unpaid.
	for account, want := range map[string]string{"sepa": "checkout.session.async_payment_succeeded",
		"sepa_fail": "checkout.session.async_payment_failed"} {
		slow := tour.checkout("payment", tour.sticker, nil)
		mark = tour.Mark()
		if err := tour.PayCheckout(slow.ID, account); err != nil {
			t.Fatal(err)
		}
		if got := tour.sessionNow(slow.ID); got.Status != "complete" || got.PaymentStatus != "unpaid" {
			t.Errorf("%s is %s and %s at first", account, got.Status, got.PaymentStatus)
		}
		tour.Advance(25 * time.Hour)
		tour.Wants(mark, "checkout.session.completed", "payment_intent.processing", "charge.pending", want)
	}

	// A payment method is saved without a charge.
	setup := tour.checkout("setup", nil, func(p *stripe.CheckoutSessionCreateParams) {
		p.Customer, p.Currency = &tour.buyer.ID, stripe.String("usd")
	})
	if err := tour.PayCheckout(setup.ID, "4242424242424242"); err != nil {
		t.Fatal(err)
	}
	if got := tour.sessionNow(setup.ID, "setup_intent.payment_method"); got.PaymentStatus != "no_payment_required" ||
		got.SetupIntent.Status != "succeeded" || got.SetupIntent.PaymentMethod.Card.Last4 != "4242" {
		t.Errorf("set up %+v", got.SetupIntent)
	}

	// Sessions that are abandoned expire, by request or by time.
	left, forgotten := tour.checkout("payment", tour.sticker, nil), tour.checkout("payment", tour.sticker, nil)
	mark = tour.Mark()
	if got := simharness.Ok(sc.V1CheckoutSessions.Expire(ctx, left.ID, nil))(t); got.Status != "expired" {
		t.Errorf("closed it is %s", got.Status)
	}
	tour.Advance(24 * time.Hour)
	if got := tour.sessionNow(forgotten.ID); got.Status != "expired" {
		t.Errorf("a day later it is %s", got.Status)
	}
	if status, _, _ := tour.Get(forgotten.URL); status != 410 {
		t.Errorf("its page answers %d, want 410", status)
	}
	tour.Wants(mark, "checkout.session.expired")
}

func paymentsChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	amount := func(change func(*stripe.PaymentIntentCreateParams)) (*stripe.PaymentIntent, error) {
		params := &stripe.PaymentIntentCreateParams{Amount: stripe.Int64(1000), Currency: stripe.String("usd"),
			PaymentMethodTypes: stripe.StringSlice([]string{"card"})}
		if change != nil {
			change(params)
		}
		return sc.V1PaymentIntents.Create(ctx, params)
	}
	// Step by step.
	mark := tour.Mark()
	steps := simharness.Ok(amount(nil))(t)
	if steps.Status != "requires_payment_method" || steps.ClientSecret == "" {
		t.Errorf("created %s", steps.Status)
	}
	steps = simharness.Ok(sc.V1PaymentIntents.Update(ctx, steps.ID,
		&stripe.PaymentIntentUpdateParams{Amount: stripe.Int64(1200),
			PaymentMethod: stripe.String("pm_card_visa")}))(t)
	if steps.Status != "requires_confirmation" {
		t.Errorf("with a method it is %s", steps.Status)
	}
	if steps = simharness.Ok(sc.V1PaymentIntents.Confirm(ctx, steps.ID, nil))(t); steps.Status != "succeeded" ||
		steps.AmountReceived != 1200 {
		t.Errorf("confirmed it is %s with %d", steps.Status, steps.AmountReceived)
	}
	// Reserved, and captured in part.
	held := simharness.Ok(amount(func(p *stripe.PaymentIntentCreateParams) {
		p.CaptureMethod, p.Confirm, p.PaymentMethod = stripe.String("manual"), stripe.Bool(true),
			stripe.String("pm_card_visa")
	}))(t)
	if held.Status != "requires_capture" || held.AmountCapturable != 1000 {
		t.Errorf("held %s of %d", held.Status, held.AmountCapturable)
	}
	if held = simharness.Ok(sc.V1PaymentIntents.Capture(ctx, held.ID,
		&stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(400)}))(t); held.Status != "succeeded" ||
		held.AmountReceived != 400 {
		t.Errorf("taken %s of %d", held.Status, held.AmountReceived)
	}
	// Canceled.
	if got := simharness.Ok(sc.V1PaymentIntents.Cancel(ctx, simharness.Ok(amount(nil))(t).ID,
		nil))(t); got.Status != "canceled" {
		t.Errorf("given up it is %s", got.Status)
	}
	// Declined.
	_, err := amount(func(p *stripe.PaymentIntentCreateParams) {
		p.Confirm, p.PaymentMethod = stripe.Bool(true), stripe.String("pm_card_visa_chargeDeclined")
	})
	fails(t, "declined", err, 402, "declined")
	// It requires 3-D Secure and waits.
	waits := simharness.Ok(amount(func(p *stripe.PaymentIntentCreateParams) {
		p.Confirm, p.PaymentMethod, p.ReturnURL = stripe.Bool(true), stripe.String("pm_card_threeDSecure2Required"),
			stripe.String(app)
	}))(t)
	if waits.Status != "requires_action" || waits.NextAction.RedirectToURL == nil && waits.NextAction.UseStripeSDK == nil {
		t.Errorf("it is %s, next %+v", waits.Status, waits.NextAction)
	}
	if err := tour.Authenticate(waits.ID, true); err != nil {
		t.Error(err)
	}
	tour.Wants(mark, "payment_intent.created", "payment_intent.succeeded", "payment_intent.amount_capturable_updated",
		"charge.captured", "payment_intent.canceled",
		"payment_intent.payment_failed", "charge.failed", "payment_intent.requires_action")

	// A payment method on its own: saved by a setup intent, listed, updated,
	// detached.
	mark = tour.Mark()
	setup := simharness.Ok(sc.V1SetupIntents.Create(ctx, &stripe.SetupIntentCreateParams{Customer: &tour.buyer.ID,
		PaymentMethodTypes: stripe.StringSlice([]string{"card"})}))(t)
	if setup = simharness.Ok(sc.V1SetupIntents.Confirm(ctx, setup.ID,
		&stripe.SetupIntentConfirmParams{PaymentMethod: stripe.String("pm_card_mastercard")}))(
		t); setup.Status != "succeeded" {
		t.Errorf("set up it is %s", setup.Status)
	}
	method := setup.PaymentMethod.ID
	list := func() (ids []string) {
		for _, found := range simharness.Every(t, sc.V1PaymentMethods.List(ctx,
			&stripe.PaymentMethodListParams{Customer: &tour.buyer.ID, Type: stripe.String("card")}).All(ctx)) {
			ids = append(ids, found.ID)
		}
		return ids
	}
	if !slices.Contains(list(), method) {
		t.Errorf("the customer has %v, want also %s", list(), method)
	}
	simharness.Ok(sc.V1PaymentMethods.Update(ctx, method, &stripe.PaymentMethodUpdateParams{
		Metadata: map[string]string{"spare": "yes"}}))(t)
	if got := simharness.Ok(sc.V1PaymentMethods.Detach(ctx, method, nil))(t); got.Customer != nil ||
		slices.Contains(list(), method) {
		t.Errorf("taken away it is %+v's", got.Customer)
	}
	tour.Wants(mark, "setup_intent.created", "setup_intent.succeeded", "payment_method.attached",
		"payment_method.updated", "payment_method.detached")
}

func refundsChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	charges := slices.DeleteFunc(simharness.Every(t,
		sc.V1Charges.List(ctx, &stripe.ChargeListParams{Customer: &tour.buyer.ID}).All(
			ctx)), func(c *stripe.Charge) bool { return !c.Paid })
	charge := charges[len(charges)-1]
	mark := tour.Mark()
	part := simharness.Ok(sc.V1Refunds.Create(ctx,
		&stripe.RefundCreateParams{Charge: &charge.ID, Amount: stripe.Int64(800),
			Reason: stripe.String("requested_by_customer")}))(t)
	params := &stripe.ChargeRetrieveParams{}
	params.AddExpand("refunds")
	if got := simharness.Ok(sc.V1Charges.Retrieve(ctx, charge.ID, params))(t); part.Status != "succeeded" ||
		got.AmountRefunded != 800 || got.Refunded || len(got.Refunds.Data) != 1 {
		t.Errorf("refunded in part: %s, %d of it", part.Status, got.AmountRefunded)
	}
	simharness.Ok(sc.V1Refunds.Create(ctx, &stripe.RefundCreateParams{PaymentIntent: &charge.PaymentIntent.ID}))(t)
	_, err := sc.V1Refunds.Create(ctx, &stripe.RefundCreateParams{Charge: &charge.ID})
	if simharness.Code(err) != "charge_already_refunded" {
		t.Errorf("a third refund: %v", err)
	}
	tour.Wants(mark, "refund.created", "charge.refunded", "refund.updated", "charge.refund.updated")
	// A dispute withdraws the money. Winning it returns the money.
	mark = tour.Mark()
	dispute := simharness.Ok(tour.Dispute(charges[0].ID))(t)
	if got := simharness.Ok(sc.V1Disputes.Retrieve(ctx, dispute, nil))(t); got.Status != "needs_response" ||
		got.Charge.ID != charges[0].ID {
		t.Errorf("the dispute is %s of %s", got.Status, got.Charge.ID)
	}
	if err := tour.CloseDispute(dispute, true); err != nil {
		t.Fatal(err)
	}
	if got := simharness.Ok(sc.V1Disputes.Retrieve(ctx, dispute, nil))(t); got.Status != "won" {
		t.Errorf("the dispute is %s", got.Status)
	}
	tour.Wants(mark, "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed",
		"charge.dispute.funds_reinstated")
}

func invoicesChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	invoice := func() *stripe.Invoice {
		simharness.Ok(sc.V1InvoiceItems.Create(ctx, &stripe.InvoiceItemCreateParams{Customer: &tour.buyer.ID,
			Amount: stripe.Int64(1500), Currency: stripe.String("usd"), Description: stripe.String("An hour")}))(t)
		return simharness.Ok(sc.V1Invoices.Create(ctx, &stripe.InvoiceCreateParams{Customer: &tour.buyer.ID,
			PendingInvoiceItemsBehavior: stripe.String("include")}))(t)
	}
	simharness.Ok(sc.V1Customers.Update(ctx, tour.buyer.ID, &stripe.CustomerUpdateParams{
		InvoiceSettings: &stripe.CustomerUpdateInvoiceSettingsParams{
			DefaultPaymentMethod: &tour.now().DefaultPaymentMethod.ID}}))(t)
	mark := tour.Mark()
	paid := invoice()
	if paid.Status != "draft" || paid.Total != 1500 {
		t.Errorf("the draft is %s over %d", paid.Status, paid.Total)
	}
	if paid = simharness.Ok(sc.V1Invoices.FinalizeInvoice(ctx, paid.ID, nil))(t); paid.Status != "open" ||
		paid.Number == "" ||
		paid.HostedInvoiceURL == "" {
		t.Errorf("finalized it is %s with number %q", paid.Status, paid.Number)
	}
	if paid = simharness.Ok(sc.V1Invoices.Pay(ctx, paid.ID, nil))(t); paid.Status != "paid" || paid.AmountPaid != 1500 {
		t.Errorf("paid it is %s with %d", paid.Status, paid.AmountPaid)
	}
	payments := simharness.Every(t, sc.V1InvoicePayments.List(ctx,
		&stripe.InvoicePaymentListParams{Invoice: &paid.ID}).All(ctx))
	if len(payments) != 1 || payments[0].Status != "paid" || payments[0].Payment.Type != "payment_intent" {
		t.Errorf("its payments are %+v", payments)
	}
	void := simharness.Ok(sc.V1Invoices.FinalizeInvoice(ctx, invoice().ID, nil))(t)
	if void = simharness.Ok(sc.V1Invoices.VoidInvoice(ctx, void.ID, nil))(t); void.Status != "void" {
		t.Errorf("void it is %s", void.Status)
	}
	lost := simharness.Ok(sc.V1Invoices.FinalizeInvoice(ctx, invoice().ID, nil))(t)
	if lost = simharness.Ok(sc.V1Invoices.MarkUncollectible(ctx, lost.ID, nil))(t); lost.Status != "uncollectible" {
		t.Errorf("lost it is %s", lost.Status)
	}
	gone := invoice()
	simharness.Ok(sc.V1Invoices.Delete(ctx, gone.ID, nil))(t)
	_, err := sc.V1Invoices.Retrieve(ctx, gone.ID, nil)
	fails(t, "a deleted draft", err, 404, "No such invoice")
	tour.Wants(mark, "invoiceitem.created", "invoice.created", "invoice.finalized", "invoice.paid",
		"invoice_payment.paid", "invoice.voided", "invoice.marked_uncollectible", "invoice.deleted")
}

func discountsChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	mark := tour.Mark()
	coupon := simharness.Ok(sc.V1Coupons.Create(ctx, &stripe.CouponCreateParams{ID: stripe.String("HALF"),
		PercentOff: stripe.Float64(50), Duration: stripe.String("once")}))(t)
	if !coupon.Valid || coupon.PercentOff != 50 {
		t.Errorf("the coupon is %+v", coupon)
	}
	promotion := simharness.Ok(sc.V1PromotionCodes.Create(ctx,
		&stripe.PromotionCodeCreateParams{Code: stripe.String("FRIENDS"),
			Promotion: &stripe.PromotionCodeCreatePromotionParams{Type: stripe.String("coupon"), Coupon: &coupon.ID}}))(t)
	list := &stripe.PromotionCodeListParams{Code: stripe.String("friends")}
	list.AddExpand("data.promotion.coupon")
	found := simharness.Every(t, sc.V1PromotionCodes.List(ctx, list).All(ctx))
	if len(found) != 1 || found[0].ID != promotion.ID || found[0].Promotion.Coupon.PercentOff != 50 {
		t.Errorf("found %+v", found)
	}
	if got := simharness.Ok(sc.V1PromotionCodes.Update(ctx, promotion.ID,
		&stripe.PromotionCodeUpdateParams{Active: stripe.Bool(false)}))(t); got.Active {
		t.Error("the code is still active")
	}
	simharness.Ok(sc.V1Coupons.Delete(ctx, coupon.ID, nil))(t)
	tour.Wants(mark, "coupon.created", "promotion_code.created", "promotion_code.updated", "coupon.deleted")
}

func portalChapter(t *testing.T, tour *tour) {
	ctx, sc := t.Context(), tour.Stripe
	mark := tour.Mark()
	configuration := simharness.Ok(sc.V1BillingPortalConfigurations.Create(ctx,
		&stripe.BillingPortalConfigurationCreateParams{DefaultReturnURL: stripe.String(app),
			Features: &stripe.BillingPortalConfigurationCreateFeaturesParams{
				SubscriptionCancel: &stripe.BillingPortalConfigurationCreateFeaturesSubscriptionCancelParams{
					Enabled: stripe.Bool(true), Mode: stripe.String("at_period_end")},
				PaymentMethodUpdate: &stripe.BillingPortalConfigurationCreateFeaturesPaymentMethodUpdateParams{
					Enabled: stripe.Bool(true)},
				InvoiceHistory: &stripe.BillingPortalConfigurationCreateFeaturesInvoiceHistoryParams{
					Enabled: stripe.Bool(true)},
			}}))(t)
	session := simharness.Ok(sc.V1BillingPortalSessions.Create(ctx,
		&stripe.BillingPortalSessionCreateParams{Customer: &tour.buyer.ID, Configuration: &configuration.ID,
			ReturnURL: stripe.String(app)}))(t)
	if status, _, page := tour.Get(session.URL); status != 200 || !strings.Contains(page, "Pro") {
		t.Errorf("the portal answers %d", status)
	}
	if got := simharness.Ok(sc.V1BillingPortalConfigurations.Update(ctx, configuration.ID,
		&stripe.BillingPortalConfigurationUpdateParams{Name: stripe.String("Ours")}))(t); got.Name != "Ours" {
		t.Errorf("the configuration is called %q", got.Name)
	}
	tour.Wants(mark, "billing_portal.configuration.created", "billing_portal.session.created",
		"billing_portal.configuration.updated")
}
