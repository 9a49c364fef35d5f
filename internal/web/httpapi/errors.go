package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// problem logs an error and returns the part of it that the caller may see. doing names the
// failed step, for the log.
func (a *API) problem(ctx context.Context, doing string, err error) error {
	var upstream *lockstep.UpstreamError
	var delayed *lockstep.DelayError
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return huma.Error404NotFound("not found")
	case errors.Is(err, lockstep.ErrInvalid):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.As(err, &delayed):
		a.Log.WarnContext(ctx, doing, "error", err)
		return later(delayed.After, delayed.Reason)
	case errors.As(err, &upstream):
		a.Log.ErrorContext(ctx, doing, "error", err)
		return upstreamProblem(upstream)
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		if !errors.Is(ctx.Err(), context.Canceled) { // canceled: the caller has left
			a.Log.ErrorContext(ctx, doing, "error", err)
		}
		return later(2*time.Second, "the request took too long")
	}
	a.Log.ErrorContext(ctx, doing, "error", err)
	return huma.Error500InternalServerError("internal error; see the server's log")
}

// upstreamProblem answers what a provider's failure means for the caller.
func upstreamProblem(e *lockstep.UpstreamError) error {
	switch {
	case e.Status == http.StatusTooManyRequests:
		return later(e.RetryAfter, providerName(e)+"'s rate limit is reached")
	case e.Rejected():
		return refusedUpstream(http.StatusUnprocessableEntity, "", e)
	}
	return huma.Error502BadGateway(providerName(e) + " did not answer as expected; try again")
}

// later answers 503 and says when to try again.
func later(after time.Duration, why string) error {
	seconds := max(int(math.Ceil(after.Seconds())), 1)
	return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable(why+"; try again"),
		http.Header{"Retry-After": {strconv.Itoa(seconds)}})
}

// UpstreamRefused is the problem type (urn:lockstep:upstream-refused) of a request that Stripe or
// Clerk rejected. The same request would be rejected again.
const UpstreamRefused = "upstream-refused"

// refusedUpstream answers what a provider rejected: its code and parameter for programs, and its
// own message for people, if the adapter says that it is safe to show.
func refusedUpstream(status int, guess string, e *lockstep.UpstreamError) error {
	name := providerName(e)
	said := e.Message
	if said == "" {
		said = "its message may contain personal data, so it is not shown"
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

// providerName is how a provider writes its name.
func providerName(e *lockstep.UpstreamError) string {
	return map[string]string{"stripe": "Stripe", "clerk": "Clerk"}[e.Provider]
}
