package delivery

import "time"

// misbehaves tracks how long an endpoint has failed. It disables the endpoint if
// the provider's rules say so, or if the endpoint asked for it. It reports whether
// the delivery ends here.
func (o *Outbox) misbehaves(a *Attempt, directive string, acknowledged bool, now time.Time) bool {
	provider, endpoint := o.providers[a.message.Provider], a.delivery.Endpoint
	rules := provider.Rules()
	if !rules.Directives {
		directive = ""
	}
	since, failing := o.failing[endpoint]
	switch {
	case acknowledged:
		delete(o.failing, endpoint)
	case !failing:
		o.failing[endpoint] = now
	}
	tooLong := failing && !acknowledged && now.Sub(since) >= rules.DisableAfter
	if tooLong || directive == "disable" {
		o.Logger.Warn("webhook endpoint disabled", "provider", a.message.Provider, "endpoint", endpoint, "asked_for",
			directive == "disable")
		delete(o.failing, endpoint)
		provider.Disable(endpoint)
		return true
	}
	return directive == "abort-message"
}
