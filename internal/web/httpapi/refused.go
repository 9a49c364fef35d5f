package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// UpstreamRefused is the code (urn:lockstep:upstream-refused) of a request that Stripe or Clerk
// refused. A retry of the same request gets the same answer.
const UpstreamRefused = "upstream-refused"

// refusedUpstream answers what a provider refused: its code and parameter for programs, its own
// sentence for people, where the adapter says that it is safe to show.
func refusedUpstream(status int, guess string, e *lockstep.UpstreamError) error {
	name := map[string]string{"stripe": "Stripe", "clerk": "Clerk"}[e.Provider]
	said := e.Message
	if said == "" {
		said = "its message is not repeated here, since it may hold personal data"
		if e.RequestID != "" {
			said += "; look up request " + e.RequestID + " in " + name + "'s dashboard"
		}
	}
	location := e.Provider
	detail := guess + name + " refused to " + e.Op + ": " + e.Code
	if e.Param != "" {
		detail += " (" + e.Param + ")"
		location += "." + e.Param
	}
	return &huma.ErrorModel{Type: "urn:lockstep:" + UpstreamRefused, Title: http.StatusText(status), Status: status,
		Detail: detail + ": " + said,
		Errors: []*huma.ErrorDetail{{Message: said, Location: location, Value: e.Code}}}
}
