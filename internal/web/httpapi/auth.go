package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/clients"
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

// Impersonated is the code (urn:lockstep:impersonated) of the refusal of a change that somebody
// asks for in another user's name.
const Impersonated = "impersonated"

// authenticate lets a request pass to the operations that its credentials are
// good for, and puts its [caller] into the context.
func (a *API) authenticate(api huma.API) func(huma.Context, func(huma.Context)) {
	refuse := func(ctx huma.Context, status int, why string) {
		if err := huma.WriteErr(api, ctx, status, why); err != nil {
			a.Log.Debug("caller left before the answer", "error", err)
		}
	}
	deny := func(ctx huma.Context, why string, cause error) {
		if after := a.denials.count(clients.Of(ctx.Context()), cause, a.Log); after > 0 {
			ctx.SetHeader("Retry-After", strconv.Itoa(int(after.Seconds())))
			refuse(ctx, http.StatusTooManyRequests, why+"; too many wrong credentials came from this address: wait before you try again")
			return
		}
		refuse(ctx, http.StatusUnauthorized, why)
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
			deny(ctx, "this is not the API key; there are no session tokens where no provider keeps identities", errNoKey)
			return
		}
		session, err := a.Sessions.Verify(ctx.Context(), token)
		switch {
		case errors.Is(err, lockstep.ErrSessionTime):
			refuse(ctx, http.StatusUnauthorized, "the session token is not valid any more, or not yet; get a new one")
			return
		case err != nil:
			deny(ctx, "this is neither the API key nor a valid session token", err)
			return
		}
		if !slices.ContainsFunc(security, func(s map[string][]string) bool { _, ok := s["session"]; return ok }) {
			refuse(ctx, http.StatusForbidden, "only servers, with the API key, may do this")
			return
		}
		if session.Impersonated && ctx.Method() != http.MethodGet {
			a.refuseImpersonated(ctx)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, caller{session: session}))
	}
}

// refuseImpersonated answers an operator who acts as a user and would spend the user's money.
func (a *API) refuseImpersonated(ctx huma.Context) {
	ctx.SetHeader("Content-Type", "application/problem+json")
	ctx.SetStatus(http.StatusForbidden)
	err := json.NewEncoder(ctx.BodyWriter()).Encode(huma.ErrorModel{Type: "urn:lockstep:" + Impersonated,
		Title: http.StatusText(http.StatusForbidden), Status: http.StatusForbidden,
		Detail: "this session impersonates the user: it may read, but not buy or change anything; the user must do that in a session of their own"})
	if err != nil {
		a.Log.Debug("caller left before the answer", "error", err)
	}
}

// isKey compares hashes, and all of them, so that neither length nor content nor which key it
// was shows in the time.
func (a *API) isKey(token string) bool {
	have, same := sha256.Sum256([]byte(token)), 0
	for _, key := range a.Keys {
		want := sha256.Sum256([]byte(key.Reveal()))
		same |= subtle.ConstantTimeCompare(want[:], have[:])
	}
	return same == 1
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
