package doctor

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var (
	stripeRefuses = problem("stripe_key_refused", failure,
		"Lockstep reads no payments, so nobody new gets access, and starts no checkouts",
		"copy the key again from Stripe Dashboard > Developers > API keys, set STRIPE_SECRET_KEY and restart; if Clerk refuses its key too, the two may be swapped")
	stripeSilent = problem("stripe_unreachable", failure,
		"Lockstep reads no payments until Stripe answers; deliveries are stored meanwhile",
		"check the network, the proxy and stripe_api_base")
	lacking = problem("permission_missing", failure,
		"Stripe answers 403 to what Lockstep needs it for",
		"set the permission at Stripe Dashboard > Developers > API keys > your restricted key > Edit")
	untried = problem("permission_unknown", warning,
		"a missing permission shows only when it is needed", "run lockstep doctor again when Stripe answers")
)

// forbidden reports whether a provider refused a call for lack of a permission.
func forbidden(err error) bool { return statusOf(err) == http.StatusForbidden }

// statusOf is the status of a provider's answer; 0 if there was none.
func statusOf(err error) int {
	var upstream *lockstep.UpstreamError
	if !errors.As(err, &upstream) {
		return 0
	}
	return upstream.Status
}

// refusal returns the finding for a provider's first answer. Without an error, or with one that does not
// concern the key, it is false.
func refusal(err error, refused, silent Problem) (lockstep.Finding, bool) {
	switch {
	case err == nil, forbidden(err):
		return lockstep.Finding{}, false
	case statusOf(err) == http.StatusUnauthorized:
		return refused.found("%v", err), true
	case statusOf(err) != 0:
		return silent.fixedBy("wait until the provider answers again, then run lockstep doctor again").found("%v", err), true
	}
	return silent.found("%v", err), true
}

// stripeKey checks that Stripe accepts the key.
func stripeKey(ctx context.Context, in *Installation) []lockstep.Finding {
	if in.Stripe.Client == nil {
		return []lockstep.Finding{skipped("not checked, because the configuration is not valid")}
	}
	_, err := in.endpoints(ctx)
	if problem, is := refusal(err, stripeRefuses, stripeSilent); is {
		return []lockstep.Finding{problem}
	}
	kind, mode := "secret key", "test mode"
	if in.Stripe.Client.Restricted() {
		kind = "restricted key"
	}
	if in.Stripe.Client.Live() {
		mode = "live mode"
	}
	return []lockstep.Finding{fine("Stripe accepts the %s, in %s", kind, mode)}
}

// stripePermissions tries what a restricted key may do.
func stripePermissions(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	if !in.Stripe.Client.Restricted() {
		return []lockstep.Finding{fine("a secret key may do everything; a restricted key is safer (SECURITY.md lists what it needs)")}
	}
	tried := in.Stripe.Client.Permissions(ctx, in.Entitlements)
	var unknown []string
	for _, p := range tried {
		if p.Err != nil {
			unknown = append(unknown, p.Name)
		}
		if !p.Missing {
			continue
		}
		lacks := lacking.fixedBy("set %s to %s at Stripe Dashboard > Developers > API keys > your restricted key > Edit", p.Name, p.Level())
		if p.Name == "Webhook Endpoints" { // only doctor and setup need it
			lacks.Level = warning
		}
		lacks.Why = "Stripe answers 403, so Lockstep cannot do this: it " + p.For
		found = append(found, lacks.found("the restricted key lacks %s: %s", p.Name, p.Level()))
	}
	if len(unknown) > 0 {
		found = append(found, untried.found("not known: %s", strings.Join(unknown, ", ")))
	}
	return orFine(found, "the restricted key has all %d that Lockstep needs", len(tried))
}
