package clerksim

import (
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

var sessionRoutes = []route{
	api.Op(http.MethodGet, "/v1/sessions", (*Clerk).listSessions).Asks(api.Paged,
		[]string{"client_id", "user_id", "status", "paginated"}),
	api.Op(http.MethodPost, "/v1/sessions", (*Clerk).createSession).Takes(api.Fields{"user_id": api.Text,
		"active_organization_id": api.Text}),
	api.Op(http.MethodGet, "/v1/sessions/{}", (*Clerk).retrieveSession),
	api.Op(http.MethodPost, "/v1/sessions/{}/revoke", (*Clerk).revokeSession),
	api.Op(http.MethodPost, "/v1/sessions/{}/tokens", (*Clerk).createToken).Takes(api.Fields{"expires_in_seconds": api.Number}),
	api.Op(http.MethodPost, "/v1/sessions/{}/tokens/{}", (*Clerk).createTemplateToken).Takes(
		api.Fields{"expires_in_seconds": api.Number}),
	api.Op(http.MethodGet, "/v1/jwks", (*Clerk).retrieveJWKS),
}

func (c *Clerk) createSession(call *api.Call) (any, *api.Error) {
	if failure := call.Needs("user_id"); failure != nil {
		return nil, failure
	}
	userID, organizationID := call.Text("user_id"), call.Text("active_organization_id")
	user := c.user(userID)
	switch {
	case user == nil:
		return nil, noUser(userID)
	case user.Banned:
		return nil, banned()
	case organizationID != "" && c.membership(organizationID, userID) == nil:
		return nil, noMembership()
	}
	return c.showSession(c.addSession(userID, organizationID)), nil
}

func banned() *api.Error {
	return api.Forbidden("user_banned", "User banned", "You have been banned. If you think this was by mistake, please contact support.")
}

func (c *Clerk) sessionAt(call *api.Call) (*Session, *api.Error) {
	if session := c.session(call.Path[0]); session != nil {
		return session, nil
	}
	return nil, noSession(call.Path[0])
}

func (c *Clerk) retrieveSession(call *api.Call) (any, *api.Error) {
	session, failure := c.sessionAt(call)
	if failure != nil {
		return nil, failure
	}
	return c.showSession(session), nil
}

var sessionStatuses = []string{"abandoned", active, ended, expired, removed, "replaced", revoked, pending}

// listSessions answers with an array, or with data and total_count if the request
// has paginated=true, which the SDKs send.
func (c *Clerk) listSessions(call *api.Call) (any, *api.Error) {
	limit, offset, failure := call.Bounds()
	if failure != nil {
		return nil, failure
	}
	paginated, failure := call.QueryFlag("paginated")
	if failure != nil {
		return nil, failure
	}
	userID, clientID, status := call.Query.Get("user_id"), call.Query.Get("client_id"), call.Query.Get("status")
	if userID == "" && clientID == "" {
		return nil, api.BadRequest("missing_query_parameter", "Missing query parameter",
			"Either of the following query parameters must be provided: client_id, user_id.")
	}
	if status != "" && !slices.Contains(sessionStatuses, status) {
		return nil, api.InvalidValue("status", status)
	}
	from := c.index.sessionsOf[userID]
	if userID == "" {
		from = c.index.sessionsOf[clientID]
	}
	var matching []*Session
	for _, session := range slices.Backward(from) {
		if (clientID == "" || session.Client == clientID) && (status == "" || session.status() == status) {
			matching = append(matching, session)
		}
	}
	if paginated != nil && *paginated {
		return listed(matching, limit, offset, c.showSession), nil
	}
	return each(cut(matching, limit, offset), c.showSession), nil
}

// revokeSession revokes a live session. It returns any other unchanged.
func (c *Clerk) revokeSession(call *api.Call) (any, *api.Error) {
	session, failure := c.sessionAt(call)
	if failure != nil {
		return nil, failure
	}
	if session.live() {
		c.finishSession(session, revoked)
	}
	return c.showSession(session), nil
}

// Clerk's limits for the lifetime of a token, in seconds.
const (
	minLifetime = 30
	maxLifetime = 315360000
)

// readLifetime reads expires_in_seconds.
func readLifetime(call *api.Call, fallback time.Duration) (time.Duration, *api.Error) {
	seconds := call.Number("expires_in_seconds")
	if seconds == nil {
		return fallback, nil
	}
	if *seconds < minLifetime || *seconds > maxLifetime {
		return 0, api.InvalidValue("expires_in_seconds", string(api.Encode(*seconds)))
	}
	return time.Duration(*seconds) * time.Second, nil
}

// liveSession returns the session of the path. It answers 404 if it is not live.
func (c *Clerk) liveSession(call *api.Call) (*Session, *api.Error) {
	session, failure := c.sessionAt(call)
	if failure == nil && !session.live() {
		return nil, noSession(session.ID)
	}
	return session, failure
}

func (c *Clerk) createToken(call *api.Call) (any, *api.Error) {
	session, failure := c.liveSession(call)
	if failure != nil {
		return nil, failure
	}
	lifetime, failure := readLifetime(call, tokenLifetime)
	if failure != nil {
		return nil, failure
	}
	return showToken(c.token(session, "", lifetime))
}

func (c *Clerk) createTemplateToken(call *api.Call) (any, *api.Error) {
	session, failure := c.liveSession(call)
	if failure != nil {
		return nil, failure
	}
	template := c.templateNamed(call.Path[1])
	if template == nil {
		return nil, noTemplate("name", call.Path[1])
	}
	lifetime, failure := readLifetime(call, time.Duration(template.Lifetime)*time.Second)
	if failure != nil {
		return nil, failure
	}
	return showToken(c.templateToken(session, template, lifetime))
}

func showToken(token string, err error) (any, *api.Error) {
	if err != nil {
		return nil, api.BadRequest("session_token_invalid", "cannot make a session token", "%v", err)
	}
	return object{"object": "token", "jwt": token}, nil
}

func (c *Clerk) retrieveJWKS(*api.Call) (any, *api.Error) { return c.state.Key.JWKS(), nil }
