package version

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Endive is 2026-09-30: docs.stripe.com/changelog/endive, and the changelog of
// stripe-node 23.0.0, which names every field. The simulator has these of its
// changes: allowed_payment_method_types replaces payment_method_types in
// parameters, checkout sessions show it, and subscriptions can be paused.
var Endive = release{Since: "2026-09-30", apply: changes{
	"checkout.session": func(_ *Versions, session api.Object) {
		if _, shown := session["allowed_payment_method_types"]; !shown {
			session["allowed_payment_method_types"] = nil
		}
	},
}}

// paymentMethodLists maps an operation to the version that introduced its
// parameter allowed_payment_method_types.
var paymentMethodLists = map[string]string{
	"/v1/checkout/sessions":          "2026-09-30",
	"/v1/payment_intents":            "2026-07-29",
	"/v1/payment_intents/{}":         "2026-07-29",
	"/v1/payment_intents/{}/confirm": "2026-07-29",
	"/v1/setup_intents":              "2026-07-29",
	"/v1/setup_intents/{}":           "2026-07-29",
}

// Translate renames allowed_payment_method_types to payment_method_types, the
// name that handlers read. It refuses either name in versions that do not have
// it. The new list filters what Stripe would offer, and the old one sets it;
// with the simulator's few methods both mean the same.
func Translate(r *api.Route, version string, root *api.Node) *api.Error {
	const old, allowed = "payment_method_types", "allowed_payment_method_types"
	since, concerned := paymentMethodLists[r.Path]
	if !concerned || r.Method != http.MethodPost {
		return nil
	}
	switch {
	case root.Child(old) != nil && version >= Endive.Since:
		return api.UnknownParams([]string{old})
	case root.Child(allowed) == nil:
		return nil
	case version < since:
		return api.UnknownParams([]string{allowed})
	case root.Child(old) != nil:
		return api.Malformed("", allowed, "You may only specify one of these parameters: %s, %s.", old, allowed)
	}
	root.Rename(allowed, old)
	return nil
}
