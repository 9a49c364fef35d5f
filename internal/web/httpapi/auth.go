package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
	"github.com/lockstep-dev/lockstep/internal/web/apikeys"
)

// caller is the sender of a request: a server with an API key, or a browser with a session.
type caller struct {
	server  bool
	key     apikeys.Key // of a server
	console bool        // an operator in the console, whose name and scopes are in key
	reason  string      // why an operator acts, as sent; not checked yet
	session lockstep.Session
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// Impersonated is the problem type (urn:lockstep:impersonated) of a change that someone requests
// while impersonating a user.
const Impersonated = "impersonated"

// authenticate rejects a request whose credentials do not allow the operation, and otherwise puts
// its [caller] into the context.
func (a *API) authenticate(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		accepted := ctx.Operation().Security
		if len(accepted) == 0 {
			next(ctx)
			return
		}
		from, refused := a.identify(ctx, accepted)
		if refused == nil {
			from.reason = ctx.Header(reasonHeader)
			next(huma.WithValue(ctx, callerKey{}, from))
			return
		}
		a.countRefused(refused.Status)
		if refused.RetryAfter > 0 {
			ctx.SetHeader("Retry-After", strconv.Itoa(int(refused.RetryAfter.Seconds())))
		}
		if err := a.refuse(api, ctx, refused); err != nil {
			a.Log.Debug("caller left before the answer", "error", err)
		}
	}
}

// keysRetry is when a caller may retry while API keys or the identity provider's signing keys are unavailable.
const keysRetry = 10 * time.Second

// refusal says why a request may not pass.
type refusal struct {
	Status     int
	Type       string // problem type; empty means none
	Why        string
	RetryAfter time.Duration
}

// identify returns the caller that the credentials name, or why they are not good enough for an
// operation that accepts only some.
func (a *API) identify(ctx huma.Context, accepted []map[string][]string) (caller, *refusal) {
	if operator, is := ctx.Context().Value(operatorKey{}).(Operator); is {
		return operator.caller(), operator.lacking(scopeOf(accepted))
	}
	token, isBearer := strings.CutPrefix(ctx.Header("Authorization"), "Bearer ")
	if !isBearer || token == "" {
		return caller{}, &refusal{Status: http.StatusUnauthorized,
			Why: "Authorization: the header is missing; send Bearer and an API key or a session token"}
	}
	key, err := a.Callers.Keys.Find(ctx.Context(), token)
	switch {
	case err == nil:
		return caller{server: true, key: key}, lacking(key, scopeOf(accepted))
	case errors.Is(err, apikeys.ErrUnavailable):
		return caller{}, &refusal{Status: http.StatusServiceUnavailable, RetryAfter: keysRetry, Why: keysUnavailable}
	case lockstep.IsAPIKey(token):
		return caller{}, a.deny(ctx, "Authorization: this API key does not exist or was revoked", errNoKey)
	case a.Callers.Sessions == nil:
		return caller{}, a.deny(ctx, "Authorization: this is not an API key; with identity = \"api\" there are no session tokens",
			errNoKey)
	}
	return a.identifySession(ctx, token, accepted)
}

// identifySession is identify for a session token.
func (a *API) identifySession(ctx huma.Context, token string, accepted []map[string][]string) (caller, *refusal) {
	session, err := a.Callers.Sessions.Verify(ctx.Context(), token)
	switch {
	case errors.Is(err, lockstep.ErrSessionTime):
		return caller{}, &refusal{Status: http.StatusUnauthorized,
			Why: "Authorization: the session token has expired or is not valid yet; get a new one"}
	case errors.Is(err, lockstep.ErrSessionKeys): // neither genuine nor a guess, as far as we know
		return caller{}, &refusal{Status: http.StatusServiceUnavailable, RetryAfter: keysRetry,
			Why: "the identity provider's signing keys are unavailable, so the session token cannot be verified; retry soon"}
	case err != nil:
		return caller{}, a.deny(ctx, "Authorization: this is neither an API key nor a valid session token", err)
	case !slices.ContainsFunc(accepted, func(s map[string][]string) bool { _, ok := s["session"]; return ok }):
		return caller{}, &refusal{Status: http.StatusForbidden,
			Why: "a session token does not allow this operation; call it from a server with an API key"}
	case session.Impersonated && ctx.Method() != http.MethodGet:
		return caller{}, &refusal{Status: http.StatusForbidden, Type: "urn:lockstep:" + Impersonated,
			Why: "this session impersonates the user, so it may read but not buy or change anything; the user must do that in their own session"}
	}
	return caller{session: session}, nil
}

// deny counts wrong credentials, and refuses with 429 after too many from one client.
func (a *API) deny(ctx huma.Context, why string, cause error) *refusal {
	if after := a.denials.count(clients.Of(ctx.Context()), cause, a.Log); after > 0 {
		return &refusal{Status: http.StatusTooManyRequests, RetryAfter: after,
			Why: why + "; too many wrong credentials came from this address, so wait before you try again"}
	}
	return &refusal{Status: http.StatusUnauthorized, Why: why}
}

// refuse answers a refusal.
func (a *API) refuse(api huma.API, ctx huma.Context, r *refusal) error {
	if r.Type == "" {
		return huma.WriteErr(api, ctx, r.Status, r.Why)
	}
	ctx.SetHeader("Content-Type", "application/problem+json")
	ctx.SetStatus(r.Status)
	return json.NewEncoder(ctx.BodyWriter()).Encode(huma.ErrorModel{Type: r.Type, Title: http.StatusText(r.Status),
		Status: r.Status, Detail: r.Why})
}

// maySee reports whether the caller may read the account: a server every account, a session its
// own user and its active organization.
func (c caller) maySee(account lockstep.Account) bool {
	if c.server {
		return true
	}
	switch account.Kind {
	case lockstep.User:
		return account.ID == c.session.UserID
	case lockstep.Organization:
		return account.ID == c.session.OrganizationID
	}
	return false
}

// mayBuyFor reports whether the caller may spend the account's money. For an organization, a
// session needs one of the roles.
func (c caller) mayBuyFor(account lockstep.Account, roles []string) bool {
	if !c.maySee(account) {
		return false
	}
	return c.server || account.Kind == lockstep.User || slices.ContainsFunc(roles, func(role string) bool {
		return strings.TrimPrefix(role, "org:") == c.session.OrganizationRole
	})
}
