package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// caller is who a request comes from.
type caller struct {
	server  bool
	session lockstep.Session
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// authenticate lets a request pass to the operations that its credentials are
// good for, and puts its [caller] into the context.
func (a *API) authenticate(api huma.API) func(huma.Context, func(huma.Context)) {
	refuse := func(ctx huma.Context, status int, why string) {
		if err := huma.WriteErr(api, ctx, status, why); err != nil {
			a.Log.Debug("caller left before the answer", "error", err)
		}
	}
	return func(ctx huma.Context, next func(huma.Context)) {
		security := ctx.Operation().Security
		if len(security) == 0 {
			next(ctx)
			return
		}
		token, isBearer := strings.CutPrefix(ctx.Header("Authorization"), "Bearer ")
		if !isBearer || token == "" {
			refuse(ctx, http.StatusUnauthorized, "send Authorization: Bearer with the API key or a session token")
			return
		}
		if a.isKey(token) {
			next(huma.WithValue(ctx, callerKey{}, caller{server: true}))
			return
		}
		if a.Sessions == nil {
			refuse(ctx, http.StatusUnauthorized, "this is not the API key; there are no session tokens where no provider keeps identities")
			return
		}
		session, err := a.Sessions.Verify(ctx.Context(), token)
		if err != nil {
			a.Log.Warn("credentials refused", "error", err)
			refuse(ctx, http.StatusUnauthorized, "this is neither the API key nor a valid session token")
			return
		}
		if !slices.ContainsFunc(security, func(s map[string][]string) bool { _, ok := s["session"]; return ok }) {
			refuse(ctx, http.StatusForbidden, "only servers, with the API key, may do this")
			return
		}
		next(huma.WithValue(ctx, callerKey{}, caller{session: session}))
	}
}

// isKey compares hashes, so that neither length nor content shows in the time.
func (a *API) isKey(token string) bool {
	if a.Key == "" {
		return false
	}
	want, have := sha256.Sum256([]byte(a.Key.Reveal())), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(want[:], have[:]) == 1
}

// maySee reports whether the caller may know about the account: servers all, a
// session its own user and its active organization.
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

// mayBuyFor reports whether the caller may spend for the account: of an
// organization only members with one of the roles.
func (c caller) mayBuyFor(account lockstep.Account, roles []string) bool {
	if !c.maySee(account) {
		return false
	}
	return c.server || account.Kind == lockstep.User || slices.ContainsFunc(roles, func(role string) bool {
		return strings.TrimPrefix(role, "org:") == c.session.OrganizationRole
	})
}
