package stripebilling

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// TestARefusalSaysWhatStripeRefused checks code, parameter and message, and that no message
// names a person or contains a secret.
func TestARefusalSaysWhatStripeRefused(t *testing.T) {
	t.Parallel()
	const (
		noPortal   = "No configuration provided and your test mode default configuration has not been created. Provide a configuration or create your default by saving your customer portal settings in test mode at https://dashboard.stripe.com/test/settings/billing/portal."
		currencies = "You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency usd."
		inactive   = "The price specified is inactive. This field only accepts active prices."
	)
	for name, c := range map[string]struct {
		said           map[string]string
		code, param    string
		message, never string
	}{
		"no portal configuration": {map[string]string{"type": "invalid_request_error", "message": noPortal},
			"invalid_request_error", "", noPortal, "\x00"},
		"mixed currencies": {map[string]string{"type": "invalid_request_error", "message": currencies},
			"invalid_request_error", "", currencies, "\x00"},
		"inactive price": {map[string]string{"type": "invalid_request_error", "message": inactive,
			"param": "line_items[0][price]"}, "invalid_request_error", "line_items[0][price]", inactive, "\x00"},
		"missing object": {map[string]string{"type": "invalid_request_error", "code": "resource_missing",
			"message": "No such price: 'price_1'", "param": "line_items[0][price]"}, "resource_missing", "line_items[0][price]",
			"No such price: 'price_1'", "\x00"},
		"an address": {map[string]string{"type": "invalid_request_error", "code": "email_invalid",
			"message": "Invalid email address: ada@gmile", "param": "email"}, "email_invalid", "email", "", "ada"},
		"a name": {map[string]string{"type": "invalid_request_error",
			"message": "Invalid string: Ada Love...ace; must be at most 256 characters", "param": "name"},
			"invalid_request_error", "name", "", "Love"},
		"metadata": {map[string]string{"type": "invalid_request_error", "message": "Invalid value: Ada",
			"param": "metadata[name]"}, "invalid_request_error", "metadata[name]", "", "Ada"},
		"an address after all": {map[string]string{"type": "invalid_request_error",
			"message": "The customer ada@example.com has none"}, "invalid_request_error", "", "", "ada"},
		"a secret": {map[string]string{"type": "invalid_request_error",
			"message": "Invalid API Key provided: sk_test_1234"}, "invalid_request_error", "", "", "1234"},
		"a permission": {map[string]string{"type": "invalid_request_error",
			"message": "The provided key 'rk_test_****1234' does not have the required permissions for this endpoint on account 'acct_1'. Having the 'rak_customer_write' permission would allow this request to continue."},
			"invalid_request_error", "", "the restricted key lacks the permission rak_customer_write", "1234"},
		"a new code": {map[string]string{"type": "invalid_request_error", "code": "brand_new",
			"message": "Ada did it"}, "brand_new", "", "", "Ada"},
		"a card": {map[string]string{"type": "card_error", "code": "card_declined",
			"message": "Your card was declined."}, "card_declined", "", "", "Your"},
		"a strange parameter": {map[string]string{"type": "invalid_request_error", "code": "parameter_unknown",
			"message": "Received unknown parameter: x", "param": "x y <ada@example.com>"}, "parameter_unknown", "",
			"Received unknown parameter: x", "ada"},
		"several lines": {map[string]string{"type": "invalid_request_error", "message": "one\nlevel=ERROR two"},
			"invalid_request_error", "", "", "two"},
	} {
		body, err := json.Marshal(map[string]any{"error": c.said})
		if err != nil {
			t.Fatal(err)
		}
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Request-Id", "req_1")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write(body)
		}))
		client, err := New(Config{Key: "sk_test_1", BaseURL: web.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.StartPortal(t.Context(), lockstep.PortalRequest{CustomerID: "cus_1"})
		web.Close()
		var refused *lockstep.UpstreamError
		if !errors.As(err, &refused) || refused.Code != c.code || refused.Param != c.param || refused.Message != c.message ||
			!refused.Rejected() {
			t.Errorf("%s: %#v", name, err)
			continue
		}
		for _, want := range []string{c.code, c.param, c.message, "req_1"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the text %q does not say %q", name, err, want)
			}
		}
		if strings.Contains(err.Error(), c.never) {
			t.Errorf("%s: the text %q says %q", name, err, c.never)
		}
	}
}
