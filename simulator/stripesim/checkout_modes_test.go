package stripesim_test

import (
	"errors"
	"testing"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/simulator"
)

const backTo = "&success_url=http://app.test/ok"

func TestACheckoutSavesACardInSetupMode(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.Customer("a@example.com").ID
		b.denied(400, "POST", "/v1/checkout/sessions", "mode=setup&customer="+customer+backTo)
		b.denied(400, "POST", "/v1/checkout/sessions", "mode=setup&currency=usd&line_items[0][price]="+b.Monthly()+"&line_items[0][quantity]=1"+backTo)
		mark := b.Mark()
		session := b.answers("POST", "/v1/checkout/sessions",
			"mode=setup&currency=usd&customer="+customer+"&setup_intent_data[metadata][a]=b"+backTo)
		if session["amount_total"] != nil || session["payment_status"] != "no_payment_required" {
			t.Errorf("it asks for %v and is %v", session["amount_total"], session["payment_status"])
		}
		id, setup := session["id"].(string), session["setup_intent"].(string)
		b.denied(400, "POST", "/v1/setup_intents/"+setup+"/confirm", "payment_method=pm_card_visa")
		var declined *simulator.StripeError
		if err := b.PayCheckout(id, "4000000000000002"); !errors.As(err, &declined) || declined.Code != "card_declined" {
			t.Errorf("a declined card: %v", err)
		}
		if err := b.Authenticate(b.asked(id, asksAlways), false); err == nil {
			t.Error("a failed challenge is no error")
		}
		if err := b.Authenticate(b.asked(id, asksAlways), true); err != nil {
			t.Fatal(err)
		}
		b.wrote(mark, "setup_intent.created", "setup_intent.setup_failed", "setup_intent.requires_action",
			"setup_intent.setup_failed",
			"setup_intent.requires_action", "payment_method.attached", "setup_intent.succeeded", "checkout.session.completed")
		got := b.answers("GET", "/v1/checkout/sessions/"+id, "expand[]=setup_intent.payment_method")
		if got["status"] != "complete" || dig(got, "setup_intent", "payment_method", "customer") != customer ||
			dig(got, "setup_intent", "metadata", "a") != "b" {
			t.Errorf("it is %v", got)
		}
		left := b.answers("POST", "/v1/checkout/sessions", "mode=setup&currency=usd"+backTo)
		mark = b.Mark()
		b.answers("POST", "/v1/checkout/sessions/"+left["id"].(string)+"/expire", "")
		b.wrote(mark, "checkout.session.expired", "setup_intent.canceled")
	})
}

func TestASessionShowsItsOptionsAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		form := "mode=subscription&line_items[0][quantity]=2&line_items[0][price]=" + b.Monthly() + backTo
		session := b.answers("POST", "/v1/checkout/sessions",
			form+"&locale=de&billing_address_collection=required&submit_type=subscribe"+
				"&phone_number_collection[enabled]=true&tax_id_collection[enabled]=true&consent_collection[terms_of_service]=required"+
				"&custom_text[submit][message]=Hello&saved_payment_method_options[payment_method_save]=enabled&origin_context=web"+
				"&payment_method_types[0]=card&payment_method_collection=if_required&line_items[0][metadata][a]=b")
		for name, want := range map[string]any{"locale": "de", "billing_address_collection": "required",
			"submit_type":               "subscribe",
			"payment_method_collection": "if_required", "origin_context": "web", "consent": nil} {
			if session[name] != want {
				t.Errorf("%s is %v, want %v", name, session[name], want)
			}
		}
		if dig(session, "phone_number_collection", "enabled") != true ||
			dig(session, "tax_id_collection", "required") != "never" ||
			dig(session, "custom_text", "submit", "message") != "Hello" ||
			dig(session, "saved_payment_method_options", "payment_method_save") != "enabled" {
			t.Errorf("it shows %v", session)
		}
		path := "/v1/checkout/sessions/" + session["id"].(string)
		if got := b.answers("POST", path, "metadata[a]=b"); dig(got, "metadata", "a") != "b" {
			t.Errorf("metadata is %v", got["metadata"])
		}
		if err := b.PayCheckout(session["id"].(string), "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		if got := dig(b.answers("GET", path, ""), "consent", "terms_of_service"); got != "accepted" {
			t.Errorf("the terms are %v", got)
		}
		for _, wrong := range []string{"&locale=xx", "&automatic_tax[enabled]=true", "&phone_number_collection[on]=1",
			"&customer_update[name]=auto",
			"&subscription_data[trial_period_days]=0", "&subscription_data[nonsense]=1",
			"&subscription_data[trial_settings][end_behavior][x]=1",
			"&subscription_data[trial_end]=946771200", "&payment_intent_data[metadata][a]=b", "&line_items[0][nonsense]=1",
			"&line_items[0][adjustable_quantity][maximum]=5", "&payment_method_types[0]=bitcoin",
			"&after_expiration[recovery][enabled]=true",
			"&payment_method_options[card][request_three_d_secure]=any", "&currency=eur"} {
			b.denied(400, "POST", "/v1/checkout/sessions", form+wrong)
		}
		b.denied(400, "POST", "/v1/checkout/sessions", "mode=subscription&line_items[0][price]="+b.Monthly()+backTo)
	})
}

func TestABuyerChoosesAnAdjustableQuantity(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.answers("POST", "/v1/checkout/sessions",
			"mode=subscription&line_items[0][quantity]=2&line_items[0][adjustable_quantity][enabled]=true"+
				"&line_items[0][adjustable_quantity][minimum]=2&line_items[0][adjustable_quantity][maximum]=9&line_items[0][price]="+b.Monthly()+backTo)
		id := session["id"].(string)
		if err := b.SetCheckoutQuantity(id, 0, 1); err == nil {
			t.Error("less than the minimum can be chosen")
		}
		if err := b.PayCheckout(id, "4000000000000002"); err == nil {
			t.Error("a declined card is no error")
		}
		if err := b.SetCheckoutQuantity(id, 0, 5); err != nil {
			t.Fatal(err)
		}
		if err := b.PayCheckout(id, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		if got := b.Subscriptions()[0].Items[0].Quantity; got != 5 {
			t.Errorf("the subscription has %d", got)
		}
		charges := b.Charges()
		if got := charges[len(charges)-1].Amount; got != 5*2900 {
			t.Errorf("%d was charged", got)
		}
		if err := b.SetCheckoutQuantity(id, 0, 6); err == nil {
			t.Error("the quantity of a paid session can be changed")
		}
	})
}

func TestATrialWithoutACardIsPausedAtItsEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), func(p *stripe.CheckoutSessionCreateParams) {
			p.PaymentMethodCollection = stripe.String("if_required")
			p.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{TrialPeriodDays: stripe.Int64(14),
				TrialSettings: &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsParams{
					EndBehavior: &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsEndBehaviorParams{
						MissingPaymentMethod: stripe.String("pause")}}}
		})
		if err := b.PayCheckout(session.ID, ""); err != nil {
			t.Fatal(err)
		}
		if got := b.Subscriptions()[0]; got.Status != "trialing" || got.DefaultPaymentMethod != "" {
			t.Errorf("it is %s with the method %q", got.Status, got.DefaultPaymentMethod)
		}
		b.Advance(15 * 24 * time.Hour)
		if got := b.Subscriptions()[0].Status; got != "paused" {
			t.Errorf("after the trial it is %s", got)
		}
		always := b.Session("subscription", b.Monthly(), func(p *stripe.CheckoutSessionCreateParams) {
			p.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{TrialPeriodDays: stripe.Int64(14)}
		})
		if err := b.PayCheckout(always.ID, ""); err == nil {
			t.Error("a session that asks for a card is completed without one")
		}
	})
}

func TestASessionsPaymentKeepsItsMethodForLater(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.Customer("a@example.com").ID
		price := b.AddPlan(simulator.Plan{ProductName: "Lifetime", Amount: 9900})
		session := b.answers("POST", "/v1/checkout/sessions",
			"mode=payment&customer="+customer+"&payment_intent_data[setup_future_usage]=off_session"+
				"&payment_intent_data[receipt_email]=r@example.com&line_items[0][quantity]=1&line_items[0][price]="+price+backTo)
		if err := b.PayCheckout(session["id"].(string), "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		methods := b.answers("GET", "/v1/payment_methods", "customer="+customer)["data"].([]any)
		if len(methods) != 1 {
			t.Fatalf("the customer has %d methods", len(methods))
		}
		if got := b.Charges()[0].ReceiptEmail; got != "r@example.com" {
			t.Errorf("the receipt goes to %q", got)
		}
	})
}
