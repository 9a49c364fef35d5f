package clerksim

import "time"

func (c *Clerk) createSession(call *call) (any, *Error) {
	if failure := call.accept("user_id", "active_organization_id"); failure != nil {
		return nil, failure
	}
	userID, organizationID := call.text("user_id"), call.text("active_organization_id")
	if c.user(userID) == nil {
		return nil, notFound("user", userID)
	}
	if organizationID != "" && c.membership(organizationID, userID) == nil {
		return nil, notFound("organization membership", organizationID)
	}
	return c.showSession(c.addSession(userID, organizationID)), nil
}

func (c *Clerk) retrieveSession(call *call) (any, *Error) {
	if session := c.session(call.path[0]); session != nil {
		return c.showSession(session), nil
	}
	return nil, notFound("session", call.path[0])
}

// listSessions answers a bare array, or with paginated=true (which the Go SDK
// sends) data and total_count.
func (c *Clerk) listSessions(call *call) (any, *Error) {
	limit, offset, failure := call.bounds()
	if failure != nil {
		return nil, failure
	}
	userID, clientID, status := call.query.Get("user_id"), call.query.Get("client_id"), call.query.Get("status")
	if userID == "" && clientID == "" {
		return nil, unprocessable("form_param_missing", "user_id or client_id is required")
	}
	var matching []*Session
	for session := range c.state.Sessions.Newest() {
		if (userID == "" || session.User == userID) && (clientID == "" || session.Client == clientID) && (status == "" || session.Status == status) {
			matching = append(matching, session)
		}
	}
	shown := []any{}
	for _, session := range cut(matching, limit, offset) {
		shown = append(shown, c.showSession(session))
	}
	if call.query.Get("paginated") == "true" {
		return object{"data": shown, "total_count": len(matching)}, nil
	}
	return shown, nil
}

func (c *Clerk) revokeSession(call *call) (any, *Error) {
	session := c.session(call.path[0])
	if session == nil {
		return nil, notFound("session", call.path[0])
	}
	session.Status = "revoked"
	return c.showSession(session), nil
}

func (c *Clerk) createToken(call *call) (any, *Error) {
	session := c.session(call.path[0])
	if session == nil || session.Status != "active" {
		return nil, notFound("session", call.path[0])
	}
	lifetime := tokenLifetime
	if seconds, ok := call.body["expires_in_seconds"].(float64); ok && seconds >= 30 {
		lifetime = time.Duration(seconds) * time.Second
	}
	token, err := c.token(session, "", lifetime)
	if err != nil {
		return nil, badRequest("session_token_invalid", "%v", err)
	}
	return object{"object": "token", "jwt": token}, nil
}

func (c *Clerk) retrieveJWKS(*call) (any, *Error) { return c.state.Key.jwks(), nil }
