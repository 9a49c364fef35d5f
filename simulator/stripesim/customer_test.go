package stripesim_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestACustomersAddressReadsAsItWasWritten also checks that an address is
// replaced as a whole, and cleared by an empty value.
func TestACustomersAddressReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		_, created := b.post("/v1/customers", url.Values{"address[line1]": {"510 Townsend St"},
			"address[city]": {"San Francisco"}, "address[country]": {"US"},
			"shipping[name]": {"Jenny"}, "shipping[address][line1]": {"1 Pier"}, "preferred_locales[0]": {"de"},
			"preferred_locales[1]": {"en"}, "tax_exempt": {"exempt"}})
		address := map[string]any{"city": "San Francisco", "country": "US", "line1": "510 Townsend St", "line2": nil,
			"postal_code": nil, "state": nil}
		if diff := cmp.Diff(address, created["address"]); diff != "" {
			t.Error(diff)
		}
		pier := map[string]any{"city": nil, "country": nil, "line1": "1 Pier", "line2": nil, "postal_code": nil, "state": nil}
		if diff := cmp.Diff(map[string]any{"name": "Jenny", "phone": nil, "address": pier}, created["shipping"]); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]any{[]any{"de", "en"}, "exempt"},
			[]any{created["preferred_locales"], created["tax_exempt"]}); diff != "" {
			t.Error(diff)
		}
		path := "/v1/customers/" + created["id"].(string)
		_, replaced := b.post(path, url.Values{"address[line1]": {"2 Pier"}, "shipping": {""}})
		if at := replaced["address"].(map[string]any); at["line1"] != "2 Pier" || at["city"] != nil ||
			replaced["shipping"] != nil {
			t.Errorf("replaced: %v, shipping %v", at, replaced["shipping"])
		}
		if _, cleared := b.post(path, url.Values{"address": {""}}); cleared["address"] != nil ||
			cleared["tax_exempt"] != "exempt" {
			t.Errorf("cleared: %v, tax_exempt %v", cleared["address"], cleared["tax_exempt"])
		}
	})
}

func TestWrongDetailsOfACustomerAreRefused(t *testing.T) {
	t.Parallel()
	for _, wrong := range []struct{ field, value, code, param string }{
		{"email", "no address", "email_invalid", "email"},
		{"email", "@example.com", "email_invalid", "email"},
		{"address[town]", "x", "parameter_unknown", "address[town]"},
		{"shipping[name]", "without an address", "parameter_missing", "shipping[address]"},
		{"tax_exempt", "perhaps", "", "tax_exempt"},
	} {
		inBubble(t, func(t *testing.T, b *bench) {
			status, body := b.post("/v1/customers", url.Values{wrong.field: {wrong.value}})
			failure, _ := body["error"].(map[string]any)
			if code, _ := failure["code"].(string); status != 400 || code != wrong.code || failure["param"] != wrong.param {
				t.Errorf("%s=%s: %d %v", wrong.field, wrong.value, status, body)
			}
		})
	}
}

// TestAnArchivedFeatureCannotBeAttached also checks that customers who have the
// feature keep it.
func TestAnArchivedFeatureCannotBeAttached(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		_, feature := b.post("/v1/entitlements/features", url.Values{"name": {"API"}, "lookup_key": {"api"}})
		_, product := b.post("/v1/products", url.Values{"name": {"Pro"}})
		_, changed := b.post("/v1/entitlements/features/"+feature["id"].(string),
			url.Values{"name": {"The API"}, "active": {"false"}, "metadata[a]": {"b"}})
		if changed["name"] != "The API" || changed["active"] != false || changed["metadata"].(map[string]any)["a"] != "b" {
			t.Errorf("changed: %v", changed)
		}
		if status, body := b.post("/v1/products/"+product["id"].(string)+"/features",
			url.Values{"entitlement_feature": {feature["id"].(string)}}); status != 400 {
			t.Errorf("an archived feature was attached: %v", body)
		}
		if status, _ := b.post("/v1/entitlements/features/feat_none", url.Values{"name": {"x"}}); status != 404 {
			t.Errorf("no such feature: %d", status)
		}
	})
}
