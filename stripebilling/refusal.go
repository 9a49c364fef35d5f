package stripebilling

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// longestMessage is how many bytes of a message of Stripe's are repeated at most.
const longestMessage = 400

// sayableCodes are the codes of errors whose messages name fields, ids, settings and amounts,
// and never what a customer is called or where they live (docs.stripe.com/error-codes).
var sayableCodes = map[string]bool{
	"amount_too_large": true, "amount_too_small": true, "api_key_expired": true, "country_unsupported": true,
	"coupon_expired":                true,
	"customer_tax_location_invalid": true, "invalid_charge_amount": true, "livemode_mismatch": true,
	"parameter_invalid_empty": true,
	"parameter_missing":       true, "parameter_unknown": true, "parameters_exclusive": true,
	"payment_method_unactivated": true,
	"product_inactive":           true, "resource_missing": true, "secret_key_required": true, "taxes_calculation_failed": true,
	"testmode_charges_only": true,
}

// sayableParams are the parameters whose value is an id, an amount or a choice, so that a
// message about one repeats nothing personal. Many refusals have no code: a portal without
// configuration, mixed currencies (both have no parameter either), an inactive price.
var sayableParams = regexp.MustCompile(`^(configuration|currency|price|customer|mode|quantity|schedule|proration_behavior|` +
	`cancel_at_period_end|payment_method_collection|payment_method_types(\[\d*\])?|(line_)?items(\[\d+\]\[(price|quantity|currency)\])?|` +
	`(automatic_tax|flow_data|subscription_data\[trial_[a-z_]+\])(\[[a-z_]+\])*)?$`)

// sayable is Stripe's message where it may be shown to a caller and logged; else nothing.
func sayable(said upstream.Object) string {
	code, message := said.Text("code"), strings.TrimSpace(said.Text("message"))
	about := sayableCodes[code] || code == "" && said.Text("type") == "invalid_request_error" &&
		sayableParams.MatchString(said.Text("param"))
	if !about || message == "" || len(message) > longestMessage ||
		strings.ContainsFunc(message, func(r rune) bool { return r == '@' || !unicode.IsPrint(r) }) {
		return ""
	}
	for _, secret := range []string{"sk_", "rk_", "pk_", "whsec_"} {
		if strings.Contains(message, secret) {
			return ""
		}
	}
	return message
}
