package stripesim_test

import (
	"slices"
	"strings"
	"testing"
)

// cliStep is one request of a trigger of the Stripe CLI, from its fixtures
// (github.com/stripe/stripe-cli, pkg/fixtures/triggers). A word in braces is a
// field of an earlier answer. A status other than 200 is expected.
type cliStep struct {
	name, request, form string
	status              int
}

const (
	byCLI   = "description=(created+by+Stripe+CLI)"
	cards   = "&payment_method_types[0]=card&"
	pay100  = "amount=100&currency=usd&confirm=true&" + byCLI + cards
	pay2000 = "amount=2000&currency=usd&confirm=true&" + byCLI + cards
	jenny   = "[name]=Jenny+Rosen&"
	ships   = "payment_intent_data[shipping]" + jenny +
		"payment_intent_data[shipping][address][line1]=510+Townsend+St&payment_intent_data[shipping][address][postal_code]=94103&" +
		"payment_intent_data[shipping][address][city]=San+Francisco&payment_intent_data[shipping][address][state]=CA&payment_intent_data[shipping][address][country]=US"
	billed = "billing_details[email]=stripe@example.com&billing_details" + jenny +
		"billing_details[address][line1]=71+Crown+Street&" +
		"billing_details[address][city]=London&billing_details[address][postal_code]=W10+2WB&billing_details[address][country]=GB"
)

// checkoutSteps complete a session without a browser.
func checkoutSteps(currency, session, method string) []cliStep {
	return []cliStep{
		{"product", "POST /v1/products", "name=myproduct&" + byCLI, 200},
		{"price", "POST /v1/prices", "product={product.id}&unit_amount=1500&currency=" + currency, 200},
		{"session", "POST /v1/checkout/sessions", "success_url=https://httpbin.org/post&cancel_url=https://httpbin.org/post&mode=payment&" +
			"line_items[0][price]={price.id}&line_items[0][quantity]=2" + session, 200},
		{"", "GET /v1/payment_pages/{session.id}", "", 200},
		{"method", "POST /v1/payment_methods", method + "&" + billed, 200},
		{"", "POST /v1/payment_pages/{session.id}/confirm", "payment_method={method.id}&expected_amount=3000", 200},
	}
}

var triggers = map[string][]cliStep{
	"charge.captured": {{"pi", "POST /v1/payment_intents", pay2000 + "capture_method=manual&payment_method=pm_card_visa",
		200},
		{"", "POST /v1/payment_intents/{pi.id}/capture", "", 200}},
	"charge.dispute.created": {{"pi", "POST /v1/payment_intents", pay100 + "payment_method=pm_card_createDisputeInquiry",
		200}},
	"charge.dispute.updated": {{"pi", "POST /v1/payment_intents", pay100 + "payment_method=pm_card_createDisputeInquiry",
		200},
		{"list", "GET /v1/disputes", "payment_intent={pi.id}", 200}, {"", "POST /v1/disputes/{list.id}", "metadata[foo]=bar",
			200}},
	"charge.dispute.closed": {{"pi", "POST /v1/payment_intents", pay100 + "payment_method=pm_card_createDisputeInquiry",
		200},
		{"list", "GET /v1/disputes", "payment_intent={pi.id}", 200}, {"", "POST /v1/disputes/{list.id}/close", "", 200}},
	"charge.failed": {{"", "POST /v1/payment_intents", pay100 + "payment_method=pm_card_visa_chargeDeclined", 402}},
	"charge.refund.updated": {{"pi", "POST /v1/payment_intents", pay100 + "payment_method=pm_card_visa", 200},
		{"re", "POST /v1/refunds", "payment_intent={pi.id}", 200}, {"", "POST /v1/refunds/{re.id}",
			"metadata[order_id]=6735", 200}},
	"charge.refunded": {{"pi", "POST /v1/payment_intents", pay100 + "payment_method=pm_card_visa", 200},
		{"", "POST /v1/refunds", "payment_intent={pi.id}", 200}},
	"charge.succeeded": {{"", "POST /v1/payment_intents", pay100 + "payment_method=pm_card_visa",
		200}},
	"payment_intent.amount_capturable_updated": {{"", "POST /v1/payment_intents", pay2000 +
		"capture_method=manual&confirmation_method=manual&payment_method=pm_card_visa&return_url=https://stripe.com", 200}},
	"payment_intent.canceled": {{"pi", "POST /v1/payment_intents", "amount=2000&currency=usd&" + byCLI, 200},
		{"", "POST /v1/payment_intents/{pi.id}/cancel", "cancellation_reason=requested_by_customer", 200}},
	"payment_intent.created": {{"", "POST /v1/payment_intents", "amount=2000&currency=usd&" + byCLI +
		"&payment_method_types[]=card", 200}},
	"payment_intent.payment_failed": {{"", "POST /v1/payment_intents", pay2000 + "payment_method=pm_card_chargeDeclined",
		402}},
	"payment_intent.processing": {{"pm", "POST /v1/payment_methods",
		"type=sepa_debit&sepa_debit[iban]=AT321904300235473204&billing_details[name]=Bob&billing_details[email]=bob@example.com", 200},
		{"", "POST /v1/payment_intents", "payment_method={pm.id}&payment_method_types[0]=sepa_debit&amount=1000&currency=eur&confirm=true&mandate_data[customer_acceptance][accepted_at]=1590590577&mandate_data[customer_acceptance][type]=offline", 200}},
	"payment_intent.requires_action": {{"", "POST /v1/payment_intents",
		pay2000 + "payment_method=pm_card_authenticationRequired", 200}},
	"payment_intent.succeeded": {{"", "POST /v1/payment_intents", pay2000 + "payment_method=pm_card_visa&shipping" +
		jenny + "shipping[address][line1]=510+Townsend+St", 200}},
	"payment_method.attached": {{"c", "POST /v1/customers", byCLI, 200},
		{"", "POST /v1/payment_methods/pm_card_visa/attach", "customer={c.id}", 200}},
	"payment_method.detached": {{"c", "POST /v1/customers", byCLI, 200},
		{"pm", "POST /v1/payment_methods/pm_card_visa/attach", "customer={c.id}", 200},
		{"", "POST /v1/payment_methods/{pm.id}/detach", "", 200}},
	"payment_method.updated": {{"c", "POST /v1/customers", byCLI, 200},
		{"si", "POST /v1/setup_intents", "customer={c.id}&payment_method=pm_card_visa&confirm=true&" + byCLI, 200},
		{"", "POST /v1/payment_methods/{si.payment_method}", "metadata[foo]=bar", 200}},
	"setup_intent.canceled": {{"si", "POST /v1/setup_intents", byCLI + "&payment_method_types[0]=card", 200},
		{"", "POST /v1/setup_intents/{si.id}/cancel", "cancellation_reason=requested_by_customer", 200}},
	"setup_intent.created": {{"", "POST /v1/setup_intents", byCLI + "&payment_method_types[0]=card",
		200}},
	"setup_intent.requires_action": {{"", "POST /v1/setup_intents",
		"confirm=true&payment_method=pm_card_authenticationRequired&" + byCLI, 200}},
	"setup_intent.setup_failed": {{"", "POST /v1/setup_intents",
		"confirm=true&payment_method=pm_card_chargeDeclined" + cards + byCLI, 402}},
	"setup_intent.succeeded": {{"", "POST /v1/setup_intents",
		"confirm=true&payment_method=pm_card_visa" + cards + byCLI, 200}},
	"checkout.session.completed": checkoutSteps("usd", "&"+ships, "type=card&card[token]=tok_visa"),
	"checkout.session.async_payment_succeeded": checkoutSteps("eur",
		"&payment_method_types[0]=sepa_debit&payment_intent_data[setup_future_usage]=off_session&"+ships,
		"type=sepa_debit&sepa_debit[iban]=AT611904300234573201"),
	"checkout.session.async_payment_failed": checkoutSteps("eur",
		"&payment_method_types[0]=sepa_debit&payment_intent_data[setup_future_usage]=off_session&"+ships,
		"type=sepa_debit&sepa_debit[iban]=IT60X0542811101000000123456"),
}

func TestTheTriggersOfTheStripeCLIWriteTheirEvents(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for event, steps := range triggers {
			mark, fields := b.Mark(), []string{}
			for _, step := range steps {
				method, path, _ := strings.Cut(step.request, " ")
				replace := strings.NewReplacer(fields...)
				status, answer := b.ask(method, replace.Replace(path), replace.Replace(step.form))
				if status != step.status {
					t.Errorf("%s: %s answers %d: %v", event, step.request, status, answer)
					break
				}
				if data, listed := answer["data"].([]any); listed {
					answer = data[0].(map[string]any)
				}
				for name, value := range answer {
					if text, ok := value.(string); ok && step.name != "" {
						fields = append(fields, "{"+step.name+"."+name+"}", text)
					}
				}
			}
			if !slices.Contains(b.EventsSince(mark), event) {
				t.Errorf("%s: only %v were written", event, b.EventsSince(mark))
			}
		}
		b.answers("GET", "/v1/checkout/sessions", "customer_details[email]=stripe@example.com&status=complete")
	})
}

func TestAPaymentPageIsPaidOnlyAtTheAmountItShows(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		path, method := "/v1/payment_pages/"+session.ID, b.answers("POST", "/v1/payment_methods",
			"type=card&card[token]=tok_visa&"+billed)["id"].(string)
		if got := b.answers("GET", path, ""); got["session_id"] != session.ID || got["amount_total"] != 2900.0 {
			t.Errorf("the page shows %v", got)
		}
		if failure := b.denied(400, "POST", path+"/confirm",
			"expected_amount=1&payment_method="+method); failure["code"] != "checkout_amount_mismatch" {
			t.Errorf("another amount: %v", failure)
		}
		b.denied(400, "POST", path+"/confirm", "expected_amount=2900")
		b.denied(402, "POST", path+"/confirm", "expected_amount=2900&payment_method="+
			b.answers("POST", "/v1/payment_methods", "type=card&card[token]=tok_chargeCustomerFail&"+billed)["id"].(string))
		asks := b.answers("POST", "/v1/payment_methods",
			"type=card&card[number]="+asksAlways+"&card[exp_month]=1&card[exp_year]=2034&"+billed)["id"].(string)
		if got := b.answers("POST", path+"/confirm", "expected_amount=2900&payment_method="+asks); dig(got, "payment_intent",
			"status") != "requires_action" || got["status"] != "open" {
			t.Errorf("with a card that asks the page shows %v", got)
		}
		if got := b.answers("POST", path+"/confirm", "expected_amount=2900&payment_method="+method); got["status"] != "complete" {
			t.Errorf("paid it is %v", got["status"])
		}
		b.denied(400, "POST", path+"/confirm", "expected_amount=2900&payment_method="+method)
		b.denied(404, "GET", "/v1/payment_pages/cs_nobody", "")
	})
}
