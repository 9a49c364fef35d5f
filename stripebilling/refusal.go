package stripebilling

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// maxMessage is the longest message of Stripe's that we repeat, in bytes.
const maxMessage = 400

// safeCodes are the error codes whose messages name only fields, ids, settings and amounts,
// never a customer's name or address (docs.stripe.com/error-codes).
var safeCodes = map[string]bool{
	"amount_too_large": true, "amount_too_small": true, "api_key_expired": true, "country_unsupported": true,
	"coupon_expired":                true,
	"customer_tax_location_invalid": true, "invalid_charge_amount": true, "livemode_mismatch": true,
	"parameter_invalid_empty": true,
	"parameter_missing":       true, "parameter_unknown": true, "parameters_exclusive": true,
	"payment_method_unactivated": true,
	"product_inactive":           true, "resource_missing": true, "secret_key_required": true, "taxes_calculation_failed": true,
	"testmode_charges_only": true,
}

// safeParams are the parameters whose value is an id, an amount or a choice, so a message
// about one contains nothing personal. They matter because many refusals have no code: a
// portal without configuration, mixed currencies (both without a parameter, too), an
// inactive price.
var safeParams = regexp.MustCompile(`^(configuration|currency|price|customer|mode|quantity|schedule|proration_behavior|` +
	`cancel_at_period_end|payment_method_collection|payment_method_types(\[\d*\])?|(line_)?items(\[\d+\]\[(price|quantity|currency)\])?|` +
	`(automatic_tax|flow_data|subscription_data\[trial_[a-z_]+\])(\[[a-z_]+\])*)?$`)

// missingPermission matches the permission that Stripe's 403 for a restricted key names. The rest of that
// message contains a part of the key.
var missingPermission = regexp.MustCompile(`'(rak_[a-z0-9_]{1,60})' permission`)

// safeMessage returns Stripe's message if we may show it to a caller and log it, or "".
func safeMessage(said upstream.Object) string {
	code, message := said.Text("code"), strings.TrimSpace(said.Text("message"))
	if needed := missingPermission.FindStringSubmatch(message); needed != nil {
		return "the restricted key lacks the permission " + needed[1]
	}
	safe := safeCodes[code] || code == "" && said.Text("type") == "invalid_request_error" &&
		safeParams.MatchString(said.Text("param"))
	if !safe || message == "" || len(message) > maxMessage ||
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
