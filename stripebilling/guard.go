package stripebilling

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// answerLimit is the largest answer that we read, in bytes after decompression: 200 kB of
// gzip can hold 200 MB.
const answerLimit = 16 << 20

// rules describe Stripe's answers and limits.
var rules = upstream.Rules{
	Provider:  provider,
	Owner:     "Stripe's",
	RequestID: "Request-Id",
	Missing:   "resource_missing",
	Objects:   true,
	Refusal:   refusal,
	Pace: upstream.Pace{Window: time.Second, Reach: reach, Names: []string{"billing_portal", "configurations", "charges", "checkout",
		"create_preview", "customers", "disputes", "entitlements",
		"active_entitlements", "features", "events", "expire", "invoice_payments", "invoices", "line_items", "payment_intents", "payment_methods", "prices",
		"products", "refunds",
		"sessions", "subscription_items", "subscription_schedules", "release", "cancel", "subscriptions", "void",
		"webhook_endpoints"},
		Endpoints: endpoints},
}

// Requests per second that Stripe allows an account (docs.stripe.com/rate-limits). The limit
// per endpoint is the same in both modes.
const (
	liveLimit     = 100
	testLimit     = 25
	endpointLimit = 25
)

// limits returns the configured limits, or Stripe's for the mode.
func limits(configured lockstep.Limits, live bool) lockstep.Limits {
	granted := lockstep.Limits{PerSecond: testLimit, PerEndpoint: endpointLimit}
	if live {
		granted.PerSecond = liveLimit
	}
	if configured.PerSecond == 0 && configured.PerEndpoint == 0 {
		return granted
	}
	return lockstep.Limits{
		PerSecond:   cmp.Or(configured.PerSecond, granted.PerSecond),
		PerEndpoint: cmp.Or(configured.PerEndpoint, configured.PerSecond, granted.PerEndpoint),
	}
}

// reach returns what a 429 applies to. Stripe names the limit in a header, except for a
// lock timeout, which means that another request holds the object's lock.
func reach(_ string, e *lockstep.UpstreamError) upstream.Reach {
	switch {
	case strings.HasPrefix(e.Limit, "global-"):
		return upstream.Everything
	case e.Limit == "resource-specific", e.Code == "lock_timeout":
		return upstream.OneObject
	}
	return upstream.OneEndpoint
}

// refusal reads Stripe's error object into e. It always has a type, but may have no code. A
// header marks an answer that Stripe replays for an idempotency key.
func refusal(res *http.Response, body upstream.Object, e *lockstep.UpstreamError) (own bool) {
	said := body.Object("error")
	e.Limit = upstream.Word(res.Header.Get("Stripe-Rate-Limited-Reason"))
	e.Replayed = res.Header.Get("Idempotent-Replayed") == "true"
	if e.Code = upstream.Word(said.Text("code")); e.Code == "" {
		e.Code = upstream.Word(said.Text("type")) // idempotency_error comes without a code
	}
	e.Param, e.Message = upstream.Field(said.Text("param")), safeMessage(said)
	return said.Text("type") != ""
}
