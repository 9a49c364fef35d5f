package stripesim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// permissions names the permission that each part of the API needs, without _read
// or _write. Stripe's errors name permissions like this. Prices keep the name of
// the plans that they replaced; the portal's name is a guess.
var permissions = []struct{ path, name string }{
	{"billing_portal", "rak_customer_portal"},
	{"charges", "rak_charge"},
	{"checkout", "rak_checkout_session"},
	{"customers", "rak_customer"},
	{"disputes", "rak_dispute"},
	{"entitlements", "rak_entitlement"},
	{"events", "rak_event"},
	{"invoice_payments", "rak_invoice"},
	{"invoices", "rak_invoice"},
	{"payment_intents", "rak_payment_intent"},
	{"payment_methods", "rak_payment_method"},
	{"plans", "rak_plan"},
	{"prices", "rak_plan"},
	{"products", "rak_product"},
	{"refunds", "rak_charge"},
	{"subscription_items", "rak_subscription"},
	{"subscription_schedules", "rak_subscription"},
	{"subscriptions", "rak_subscription"},
	{"webhook_endpoints", "rak_webhook"},
}

// permitted checks a restricted key. Stripe checks permissions before it looks for
// the object, so a request for an object that does not exist tells whether the key
// may make it.
func (s *Stripe) permitted(request *wire.Request, key string) *api.Error {
	needed, has := neededFor(request.Method, request.URL.Path), s.restricted[key]
	write := strings.TrimSuffix(needed, "_read") + "_write" // it includes the right to read
	if needed != "" && (slices.Contains(has, needed) || slices.Contains(has, write)) {
		return nil
	}
	refused := api.Unauthorized("The provided key '%s' does not have the required permissions for this endpoint on account 'acct_simulator'.", masked(key))
	if needed != "" {
		refused.Message += " Having the '" + needed + "' permission would allow this request to continue."
	}
	refused.Status = http.StatusForbidden
	return refused
}

// neededFor returns the permission that a request needs; "" if no restricted key
// can have it.
func neededFor(method, path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
	for _, p := range permissions {
		switch {
		case p.path != first:
		case method == http.MethodGet:
			return p.name + "_read"
		default:
			return p.name + "_write"
		}
	}
	return ""
}
