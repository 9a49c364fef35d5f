package stripesim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// ask sends a form to the API and returns the status and the body.
func (b *bench) ask(method, path, form string) (int, map[string]any) {
	b.T.Helper()
	address := simharness.StripeHost + path
	if method == http.MethodGet && form != "" {
		address, form = address+"?"+form, ""
	}
	response, answer := b.Send(method, address, map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		form)
	return response.StatusCode, answer
}

// answers sends a request that must succeed.
func (b *bench) answers(method, path, form string) map[string]any {
	b.T.Helper()
	status, answer := b.ask(method, path, form)
	if status != http.StatusOK {
		b.T.Fatalf("%s %s %s answers %d: %v", method, path, form, status, answer)
	}
	return answer
}

// denied sends a request that must fail, and returns the error object.
func (b *bench) denied(status int, method, path, form string) map[string]any {
	b.T.Helper()
	got, answer := b.ask(method, path, form)
	failure, _ := answer["error"].(map[string]any)
	if got != status || failure == nil {
		b.T.Fatalf("%s %s %s answers %d, want %d: %v", method, path, form, got, status, answer)
	}
	return failure
}

// dig returns the field at a path of an answer, or nil.
func dig(at any, path ...string) any {
	for _, name := range path {
		fields, _ := at.(map[string]any)
		at = fields[name]
	}
	return at
}

// wrote compares the types of the events since a mark.
func (b *bench) wrote(mark string, want ...string) {
	b.T.Helper()
	if diff := cmp.Diff(want, b.EventsSince(mark)); diff != "" {
		b.T.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAPaymentIntentGoesThroughItsStatuses(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		intent := b.answers("POST", "/v1/payment_intents", "amount=2000&currency=usd&metadata[order]=7")
		if intent["status"] != "requires_payment_method" {
			t.Errorf("without a method it is %v", intent["status"])
		}
		path := "/v1/payment_intents/" + intent["id"].(string)
		if got := b.answers("POST", path, "payment_method=pm_card_visa&amount=2500"); got["status"] != "requires_confirmation" || got["amount"] != 2500.0 {
			t.Errorf("with a method it is %v over %v", got["status"], got["amount"])
		}
		paid := b.answers("POST", path+"/confirm", "")
		if paid["status"] != "succeeded" || paid["amount_received"] != 2500.0 {
			t.Errorf("confirmed it is %v and %v was received", paid["status"], paid["amount_received"])
		}
		b.wrote("", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded")
		if got := dig(b.answers("GET", path, "expand[]=latest_charge"), "latest_charge", "metadata", "order"); got != "7" {
			t.Errorf("the charge's metadata has order %v", got)
		}
		for form, code := range map[string]string{"/confirm": "payment_intent_unexpected_state",
			"/capture": "payment_intent_unexpected_state", "/cancel": "payment_intent_unexpected_state"} {
			if failure := b.denied(400, "POST", path+form, ""); failure["code"] != code ||
				dig(failure, "payment_intent", "id") != intent["id"] {
				t.Errorf("%s of a paid intent: %v", form, failure)
			}
		}
		if failure := b.denied(400, "POST", path, "amount=1"); failure["code"] != "amount_too_small" {
			t.Errorf("amount 1: %v", failure["code"])
		}
		b.denied(400, "POST", path, "amount=900")
		b.denied(400, "GET", path, "client_secret=other")
		b.answers("GET", path, "client_secret="+intent["client_secret"].(string))
	})
}

func TestADeclinedIntentAnswersWithTheIntent(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		failure := b.denied(402, "POST", "/v1/payment_intents",
			"amount=2000&currency=usd&confirm=true&payment_method=pm_card_chargeDeclinedInsufficientFunds")
		intent := failure["payment_intent"].(map[string]any)
		if failure["type"] != "card_error" || failure["decline_code"] != "insufficient_funds" ||
			intent["status"] != "requires_payment_method" ||
			dig(intent, "last_payment_error", "payment_method", "card", "last4") != "9995" ||
			failure["charge"] != intent["latest_charge"] {
			t.Errorf("error is %v", failure)
		}
		b.wrote("", "payment_intent.created", "charge.failed", "payment_intent.payment_failed")
		if got := b.answers("POST", "/v1/payment_intents/"+intent["id"].(string)+"/confirm",
			"payment_method=pm_card_visa"); got["status"] != "succeeded" {
			t.Errorf("with another card it is %v", got["status"])
		}
	})
}

func TestReservedMoneyIsCapturedOrGivenBack(t *testing.T) {
	t.Parallel()
	const reserve = "amount=2000&currency=usd&confirm=true&payment_method=pm_card_visa&capture_method=manual"
	inBubble(t, func(t *testing.T, b *bench) {
		intent := b.answers("POST", "/v1/payment_intents", reserve+"&expand[]=latest_charge")
		if intent["status"] != "requires_capture" || intent["amount_capturable"] != 2000.0 ||
			dig(intent, "latest_charge", "captured") != false {
			t.Errorf("reserved it is %v", intent)
		}
		b.denied(400, "POST", "/v1/refunds", "payment_intent="+intent["id"].(string))
		got := b.answers("POST", "/v1/payment_intents/"+intent["id"].(string)+"/capture",
			"amount_to_capture=1500&expand[]=latest_charge")
		if got["status"] != "succeeded" || got["amount_received"] != 1500.0 ||
			dig(got, "latest_charge", "amount_captured") != 1500.0 {
			t.Errorf("captured it is %v", got)
		}
		b.wrote("", "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated",
			"charge.captured", "payment_intent.succeeded")

		canceled, mark := b.answers("POST", "/v1/payment_intents", reserve), b.Mark()
		b.answers("POST", "/v1/payment_intents/"+canceled["id"].(string)+"/cancel", "cancellation_reason=abandoned")
		b.wrote(mark, "charge.refunded", "payment_intent.canceled")

		lapsed := b.answers("POST", "/v1/payment_intents", reserve)
		mark = b.Mark()
		b.Advance(8 * 24 * time.Hour)
		b.wrote(mark, "charge.expired", "payment_intent.canceled")
		if got := b.answers("GET", "/v1/payment_intents/"+lapsed["id"].(string),
			""); got["cancellation_reason"] != "automatic" {
			t.Errorf("reason is %v", got["cancellation_reason"])
		}
	})
}

func TestAnIntentAsksForAuthentication(t *testing.T) {
	t.Parallel()
	const pay = "amount=2000&currency=usd&confirm=true&payment_method=pm_card_authenticationRequired"
	inBubble(t, func(t *testing.T, b *bench) {
		intent := b.answers("POST", "/v1/payment_intents", pay+"&return_url=http://app.test/back")
		challenge, _ := dig(intent, "next_action", "redirect_to_url", "url").(string)
		if intent["status"] != "requires_action" || !strings.HasPrefix(challenge, simharness.StripeHost+"/3ds/") {
			t.Fatalf("it is %v and leads to %q", intent["status"], challenge)
		}
		if got := dig(b.answers("POST", "/v1/payment_intents", pay), "next_action", "type"); got != "use_stripe_sdk" {
			t.Errorf("without return_url the next action is %v", got)
		}
		mark := b.Mark()
		if err := b.Authenticate(intent["id"].(string), true); err != nil {
			t.Fatal(err)
		}
		b.wrote(mark, "charge.succeeded", "payment_intent.succeeded")
		if got := dig(b.answers("GET", "/v1/payment_intents/"+intent["id"].(string), "expand[]=latest_charge"),
			"latest_charge", "payment_method_details", "card", "three_d_secure", "result"); got != "authenticated" {
			t.Errorf("the charge's 3-D Secure is %v", got)
		}

		for _, form := range []string{"&off_session=true", "&error_on_requires_action=true"} {
			failure := b.denied(402, "POST", "/v1/payment_intents", pay+form)
			if failure["code"] != "authentication_required" ||
				dig(failure, "payment_intent", "status") != "requires_payment_method" {
				t.Errorf("%s: %v", form, failure)
			}
		}

		manual := b.answers("POST", "/v1/payment_intents", pay+"&confirmation_method=manual")
		if err := b.Authenticate(manual["id"].(string), true); err != nil {
			t.Fatal(err)
		}
		path := "/v1/payment_intents/" + manual["id"].(string)
		if got := b.answers("GET", path, ""); got["status"] != "requires_confirmation" {
			t.Errorf("with manual confirmation it is %v after the challenge", got["status"])
		}
		if got := b.answers("POST", path+"/confirm", ""); got["status"] != "succeeded" {
			t.Errorf("confirmed again it is %v", got["status"])
		}
	})
}

func TestACardThatWasSetUpIsChargedOffSession(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.Customer("a@example.com").ID
		pay := "amount=2000&currency=usd&confirm=true&off_session=true&customer=" + customer + "&payment_method="
		fresh := b.answers("POST", "/v1/payment_methods/pm_card_authenticationRequiredOnSetup/attach",
			"customer="+customer)["id"].(string)
		b.denied(402, "POST", "/v1/payment_intents", pay+fresh)
		setup := b.answers("POST", "/v1/setup_intents", "confirm=true&customer="+customer+"&payment_method="+fresh)
		if err := b.Authenticate(setup["id"].(string), true); err != nil {
			t.Fatal(err)
		}
		if got := b.answers("POST", "/v1/payment_intents", pay+fresh); got["status"] != "succeeded" {
			t.Errorf("after its setup the card leaves the intent %v", got["status"])
		}
	})
}

func TestASetupIntentSavesTheCard(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer, mark := b.Customer("a@example.com").ID, b.Mark()
		setup := b.answers("POST", "/v1/setup_intents", "customer="+customer+"&payment_method=pm_card_visa&confirm=true")
		b.wrote(mark, "setup_intent.created", "payment_method.attached", "setup_intent.succeeded")
		if got := b.answers("GET", "/v1/payment_methods/"+setup["payment_method"].(string), ""); got["customer"] != customer {
			t.Errorf("the method belongs to %v", got["customer"])
		}
		mark = b.Mark()
		asks := b.answers("POST", "/v1/setup_intents", "customer="+customer+"&payment_method=pm_card_authenticationRequired&confirm=true")
		if err := b.Authenticate(asks["id"].(string), false); err == nil {
			t.Error("a failed challenge is no error")
		}
		b.wrote(mark, "setup_intent.created", "setup_intent.requires_action", "setup_intent.setup_failed")
		if got := b.answers("GET", "/v1/setup_intents/"+asks["id"].(string),
			""); got["status"] != "requires_payment_method" ||
			dig(got, "last_setup_error", "code") != "setup_intent_authentication_failure" {
			t.Errorf("after it the intent is %v", got)
		}
		b.answers("POST", "/v1/setup_intents/"+asks["id"].(string), "payment_method=pm_card_visa&metadata[a]=b")
		b.answers("POST", "/v1/setup_intents/"+asks["id"].(string)+"/confirm", "")
		b.denied(400, "POST", "/v1/setup_intents/"+asks["id"].(string)+"/cancel", "")
	})
}

func TestAPaymentMethodBelongsToOneCustomer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		one, other := b.Customer("a@example.com").ID, b.Customer("b@example.com").ID
		method := b.answers("POST", "/v1/payment_methods",
			"type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123&billing_details[name]=Jenny&metadata[a]=b")["id"].(string)
		b.denied(400, "POST", "/v1/payment_methods/"+method, "metadata[a]=c")
		b.answers("POST", "/v1/payment_methods/"+method+"/attach", "customer="+one)
		b.denied(400, "POST", "/v1/payment_methods/"+method+"/attach", "customer="+other)
		b.denied(400, "POST", "/v1/payment_intents", "amount=500&currency=usd&customer="+other+"&payment_method="+method)
		b.denied(400, "POST", "/v1/payment_intents", "amount=500&currency=usd&payment_method="+method)
		for path, form := range map[string]string{"/v1/customers/" + other: "invoice_settings[default_payment_method]=" +
			method, "/v1/customers": "payment_method=" + method,
			"/v1/subscriptions": "items[0][price]=" + b.Monthly() + "&customer=" + other + "&default_payment_method=" + method,
			"/v1/setup_intents": "customer=" + other + "&payment_method=" + method, "/v1/invoices": "customer=" + other +
				"&default_payment_method=" + method} {
			b.denied(400, "POST", path, form)
		}
		b.answers("POST", "/v1/invoices", "customer="+one+"&default_payment_method="+method)
		changed := b.answers("POST", "/v1/payment_methods/"+method,
			"card[exp_year]=2035&billing_details[email]=jenny@example.com")
		if dig(changed, "card", "exp_year") != 2035.0 || dig(changed, "billing_details", "name") != "Jenny" {
			t.Errorf("changed it is %v", changed)
		}
		for path, want := range map[string]int{"/v1/payment_methods?type=card&customer=" + one: 1, "/v1/customers/" + one +
			"/payment_methods": 1,
			"/v1/customers/" + one + "/payment_methods?type=sepa_debit": 0, "/v1/payment_methods?customer=" +
				other: 0, "/v1/payment_methods": 0} {
			if got := b.answers("GET", path, "")["data"].([]any); len(got) != want {
				t.Errorf("%s lists %d, want %d", path, len(got), want)
			}
		}
		b.answers("GET", "/v1/customers/"+one+"/payment_methods/"+method, "")
		b.denied(404, "GET", "/v1/customers/"+other+"/payment_methods/"+method, "")
		b.answers("POST", "/v1/customers/"+one, "invoice_settings[default_payment_method]="+method)
		mark := b.Mark()
		b.answers("POST", "/v1/payment_methods/"+method+"/detach", "")
		b.wrote(mark, "payment_method.detached", "customer.updated")
		b.denied(400, "POST", "/v1/payment_methods/"+method+"/detach", "")
		b.denied(400, "POST", "/v1/payment_methods/"+method+"/attach", "customer="+one)
		b.denied(402, "POST", "/v1/payment_methods/pm_card_chargeDeclined/attach", "customer="+one)
		b.answers("POST", "/v1/payment_methods/pm_card_chargeCustomerFail/attach", "customer="+one)
		b.denied(402, "POST", "/v1/payment_methods", "type=card&card[number]=4111111111111111&card[exp_month]=12&card[exp_year]=2034")
		b.denied(402, "POST", "/v1/payment_methods", "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=1999")
		b.denied(400, "POST", "/v1/payment_methods", "type=card&card[nonsense]=1")
	})
}

func TestAMethodUsedOnceWithoutCustomerIsSpent(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.Customer("a@example.com").ID
		method := b.answers("POST", "/v1/payment_methods", "type=card&card[token]=tok_visa")["id"].(string)
		pay := "amount=500&currency=usd&confirm=true&payment_method="
		b.answers("POST", "/v1/payment_intents", pay+method)
		b.denied(400, "POST", "/v1/payment_intents", pay+method)
		kept := b.answers("POST", "/v1/payment_methods", "type=card&card[token]=tok_visa")["id"].(string)
		b.answers("POST", "/v1/payment_intents", pay+kept+"&setup_future_usage=off_session&customer="+customer)
		b.answers("POST", "/v1/payment_intents", pay+kept+"&off_session=true&customer="+customer)
	})
}

func TestARenewalThatNeedsAuthenticationWaitsForTheCustomer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		if err := b.Authenticate(b.asked(session.ID, asksAlways), true); err != nil {
			t.Fatal(err)
		}
		sub := b.Subscriptions()[0]
		b.Advance(sub.PeriodEnd().Sub(b.Now()) + 10*time.Minute)
		mark := b.Mark()
		b.Advance(time.Hour)
		b.wrote(mark, "invoice.finalized", "payment_intent.created", "payment_intent.requires_action",
			"invoice.payment_action_required",
			"invoice.payment_failed", "invoice.updated", "customer.updated", "customer.subscription.updated")
		if got := b.Subscription(sub.ID).Status; got != "past_due" {
			t.Fatalf("subscription is %s", got)
		}
		invoice := b.answers("GET", "/v1/invoices/"+b.Subscription(sub.ID).LatestInvoice, "expand[]=payments")
		intent := dig(dig(invoice, "payments").(map[string]any)["data"].([]any)[0], "payment", "payment_intent").(string)
		if err := b.Authenticate(intent, true); err != nil {
			t.Fatal(err)
		}
		if got := b.Subscription(sub.ID).Status; got != "active" {
			t.Errorf("after the customer came back the subscription is %s", got)
		}
	})
}

func TestAnIncompleteSubscriptionIsCompletedByConfirmingItsIntent(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer, price := b.Customer("a@example.com").ID, b.Monthly()
		sub := b.answers("POST", "/v1/subscriptions", "customer="+customer+"&payment_behavior=default_incomplete&items[0][price]="+price+"&expand[]=latest_invoice.payments")
		payment := dig(sub, "latest_invoice", "payments", "data").([]any)[0]
		path := "/v1/payment_intents/" + dig(payment, "payment", "payment_intent").(string)
		b.denied(402, "POST", path+"/confirm", "payment_method=pm_card_chargeDeclined")
		if got := b.Subscription(sub["id"].(string)).Status; got != "incomplete" {
			t.Fatalf("after a decline it is %s", got)
		}
		b.denied(400, "POST", path+"/cancel", "")
		b.answers("POST", path+"/confirm", "payment_method=pm_card_visa")
		if got := b.Subscription(sub["id"].(string)).Status; got != "active" {
			t.Errorf("after the payment it is %s", got)
		}
	})
}

func TestAnOldSessionCannotBePaidByItsChallenge(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("payment", b.AddPlan(simulator.Plan{ProductName: "Lifetime", Amount: 9900}), nil)
		intent := b.asked(session.ID, asksAlways)
		b.denied(400, "POST", "/v1/payment_intents/"+intent+"/confirm", "payment_method=pm_card_visa")
		b.Advance(25 * time.Hour)
		if err := b.Authenticate(intent, true); err == nil || len(b.Charges()) != 0 {
			t.Errorf("error is %v, with %d charges", err, len(b.Charges()))
		}
	})
}
