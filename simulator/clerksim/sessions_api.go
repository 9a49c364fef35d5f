package clerksim

import (
	"net/http"
	"slices"
	"time"
)

var sessionRoutes = []route{
	op(http.MethodGet, "/v1/sessions", (*Clerk).listSessions).asks(paged,
		[]string{"client_id", "user_id", "status", "paginated"}),
	op(http.MethodPost, "/v1/sessions", (*Clerk).createSession).takes(fields{"user_id": text,
		"active_organization_id": text}),
	op(http.MethodGet, "/v1/sessions/{}", (*Clerk).retrieveSession),
	op(http.MethodPost, "/v1/sessions/{}/revoke", (*Clerk).revokeSession),
	op(http.MethodPost, "/v1/sessions/{}/tokens", (*Clerk).createToken).takes(fields{"expires_in_seconds": number}),
	op(http.MethodPost, "/v1/sessions/{}/tokens/{}", (*Clerk).createTemplateToken).takes(
		fields{"expires_in_seconds": number}),
	op(http.MethodGet, "/v1/jwks", (*Clerk).retrieveJWKS),
}

func (c *Clerk) createSession(call *call) (any, *Error) {
	if failure := call.needs("user_id"); failure != nil {
		return nil, failure
	}
	userID, organizationID := call.text("user_id"), call.text("active_organization_id")
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

func banned() *Error {
	return forbidden("user_banned", "User banned", "You have been banned. If you think this was by mistake, please contact support.")
}

func (c *Clerk) sessionAt(call *call) (*Session, *Error) {
	if session := c.session(call.path[0]); session != nil {
		return session, nil
	}
	return nil, noSession(call.path[0])
}

func (c *Clerk) retrieveSession(call *call) (any, *Error) {
	session, failure := c.sessionAt(call)
	if failure != nil {
		return nil, failure
	}
	return c.showSession(session), nil
}

var sessionStatuses = []string{"abandoned", active, ended, expired, removed, "replaced", revoked, pending}

// listSessions answers a bare array, or with paginated=true (which the SDKs
// send) data and total_count.
func (c *Clerk) listSessions(call *call) (any, *Error) {
	limit, offset, failure := call.bounds()
	if failure != nil {
		return nil, failure
	}
	paginated, failure := call.queryFlag("paginated")
	if failure != nil {
		return nil, failure
	}
	userID, clientID, status := call.query.Get("user_id"), call.query.Get("client_id"), call.query.Get("status")
	if userID == "" && clientID == "" {
		return nil, badRequest("missing_query_parameter", "Missing query parameter",
			"Either of the following query parameters must be provided: client_id, user_id.")
	}
	if status != "" && !slices.Contains(sessionStatuses, status) {
		return nil, invalidValue("status", status)
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

// revokeSession ends a session that is live and answers any other as it is.
func (c *Clerk) revokeSession(call *call) (any, *Error) {
	session, failure := c.sessionAt(call)
	if failure != nil {
		return nil, failure
	}
	if session.live() {
		c.finishSession(session, revoked)
	}
	return c.showSession(session), nil
}

const (
	shortestToken = 30
	longestToken  = 315360000
)

// lifetime reads expires_in_seconds.
func (c *call) lifetime(fallback time.Duration) (time.Duration, *Error) {
	seconds := c.number("expires_in_seconds")
	if seconds == nil {
		return fallback, nil
	}
	if *seconds < shortestToken || *seconds > longestToken {
		return 0, invalidValue("expires_in_seconds", string(encode(*seconds)))
	}
	return time.Duration(*seconds) * time.Second, nil
}

// liveSession is the session of a token; one that is over is not found.
func (c *Clerk) liveSession(call *call) (*Session, *Error) {
	session, failure := c.sessionAt(call)
	if failure == nil && !session.live() {
		return nil, noSession(session.ID)
	}
	return session, failure
}

func (c *Clerk) createToken(call *call) (any, *Error) {
	session, failure := c.liveSession(call)
	if failure != nil {
		return nil, failure
	}
	lifetime, failure := call.lifetime(tokenLifetime)
	if failure != nil {
		return nil, failure
	}
	return showToken(c.token(session, "", lifetime))
}

func (c *Clerk) createTemplateToken(call *call) (any, *Error) {
	session, failure := c.liveSession(call)
	if failure != nil {
		return nil, failure
	}
	template := c.templateNamed(call.path[1])
	if template == nil {
		return nil, noTemplate("name", call.path[1])
	}
	lifetime, failure := call.lifetime(time.Duration(template.Lifetime) * time.Second)
	if failure != nil {
		return nil, failure
	}
	return showToken(c.templateToken(session, template, lifetime))
}

func showToken(token string, err error) (any, *Error) {
	if err != nil {
		return nil, badRequest("session_token_invalid", "session token cannot be made", "%v", err)
	}
	return object{"object": "token", "jwt": token}, nil
}

func (c *Clerk) retrieveJWKS(*call) (any, *Error) { return c.state.Key.jwks(), nil }
