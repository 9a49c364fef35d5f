package openapicheck

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stripe/stripe-mock/embedded"
)

// theirMistakes lists where Stripe's examples deviate from Stripe's document.
var theirMistakes = []string{
	"account: settings.payments.statement_descriptor_prefix_kana",
	"account: settings.payments.statement_descriptor_prefix_kanji",
	"payment_source: settings.payments.statement_descriptor_prefix_kana",
	"payment_source: settings.payments.statement_descriptor_prefix_kanji",
	"charge: source", "invoice: subscription", "payment_intent: source",
	"subscription: pending_update.cancel_at_period_end",
	"subscription_schedule: phases[0].items[0].plan", "terminal.refund: object",
	"sigma.sigma_api_query: created_via", "sigma.sigma_api_query: error", "sigma.sigma_api_query: result",
	"sigma.sigma_api_query: status",
	"treasury.outbound_payment: returned_details.transaction.currency",
	"treasury.outbound_transfer: returned_details.transaction.currency",
}

// TestStripesOwnExamplesPass finds checks that are stricter than the document.
func TestStripesOwnExamplesPass(t *testing.T) {
	t.Parallel()
	var examples struct{ Resources map[string]json.RawMessage }
	if err := json.Unmarshal(embedded.OpenAPIFixtures, &examples); err != nil {
		t.Fatal(err)
	}
	document, err := stripeDocument()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for name, raw := range examples.Resources {
		described := document.schema(name)
		if described == nil {
			continue
		}
		checked++
		value, err := read(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		w := &walk{document: document, excused: excusedBy("dahlia")}
		w.value(described, value, nil)
		for _, d := range w.found {
			if !slices.Contains(theirMistakes, name+": "+d.at) {
				t.Errorf("%s: %s: %s", name, d.at, d.what)
			}
		}
	}
	if checked < 150 {
		t.Errorf("checked only %d examples", checked)
	}
}
