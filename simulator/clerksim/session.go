package clerksim

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// Session is a signed-in browser. Its times, like those of its tokens, come from
// time.Now and not from the billing clock.
type Session struct {
	ID           string    `json:"id"`
	Client       string    `json:"client"`
	User         string    `json:"user"`
	Organization string    `json:"organization"` // the active one, "" for the personal account
	Status       string    `json:"status"`       // as last set; see status
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	LastActive   time.Time `json:"last_active_at"`
}

// Key is the id.
func (s *Session) Key() string { return s.ID }

const (
	// sessionLifetime is the default of an instance.
	sessionLifetime = 7 * 24 * time.Hour
	// sessionAbandoned is how long Clerk keeps a session that nobody uses.
	sessionAbandoned = 30 * 24 * time.Hour
)

// Statuses of a session besides pending, revoked and expired.
const (
	active  = "active"
	ended   = "ended"
	removed = "removed"
)

// live reports whether the session is active or pending.
func (s *Session) live() bool {
	status := s.status()
	return status == active || status == pending
}

// status is the stored status, or expired after the session's lifetime.
func (s *Session) status() string {
	if (s.Status == active || s.Status == pending) && time.Since(s.CreatedAt) >= sessionLifetime {
		return expired
	}
	return s.Status
}

// authNow is the time of sessions, in whole milliseconds.
func authNow() time.Time { return time.Now().Round(0).UTC().Truncate(time.Millisecond) }

// addSession signs a user in. If the instance requires membership, the session
// stays pending, with a task, until an organization is active.
func (c *Clerk) addSession(userID, organizationID string) *Session {
	now := authNow()
	session := c.state.Sessions.Add(&Session{ID: c.world.NewID("sess_2", 26), Client: c.world.NewID("client_2", 26),
		User: userID, Organization: organizationID,
		Status: active, CreatedAt: now, UpdatedAt: now, LastActive: now})
	c.index.addSession(session)
	user := c.user(userID)
	user.LastSignIn = c.now()
	user.LastActive = c.now().Truncate(24 * time.Hour)
	if c.config.Instance.MembershipRequired && organizationID == "" {
		session.Status = pending
		c.emit("session.pending", c.showSessionEvent(session))
		return session
	}
	c.emit("session.created", c.showSessionEvent(session))
	return session
}

// activate makes an organization the active one of a session; "" is the personal
// account.
func (c *Clerk) activate(session *Session, organizationID string) *api.Error {
	if organizationID != "" && c.membership(organizationID, session.User) == nil {
		return noOrganization()
	}
	if organizationID == "" && c.config.Instance.MembershipRequired {
		return api.Forbidden("membership_required", "membership required",
			"An organization must be active, because this instance has no personal accounts.")
	}
	session.Organization, session.UpdatedAt, session.LastActive = organizationID, authNow(), authNow()
	if session.status() == pending && organizationID != "" {
		session.Status = active
		c.emit("session.created", c.showSessionEvent(session))
	}
	return nil
}

// finishSession ends a session: ended, removed or revoked.
func (c *Clerk) finishSession(session *Session, status string) {
	session.Status, session.UpdatedAt = status, authNow()
	c.emit("session."+status, c.showSessionEvent(session))
}

func (c *Clerk) revokeSessions(user *User) {
	for _, session := range c.index.sessionsOf[user.ID] {
		if session.live() {
			c.finishSession(session, revoked)
		}
	}
}

func (c *Clerk) session(id string) *Session { return c.state.Sessions.Get(id) }

// sessionOf returns the user's newest live session with that organization
// active, or a new one.
func (c *Clerk) sessionOf(userID, organizationID string) *Session {
	for _, session := range slices.Backward(c.index.sessionsOf[userID]) {
		if session.Organization == organizationID && session.live() {
			return session
		}
	}
	return c.addSession(userID, organizationID)
}

func (c *Clerk) showSession(s *Session) object {
	shown := object{"object": "session", "id": s.ID, "client_id": s.Client, "user_id": s.User,
		"status": s.status(), "last_active_organization_id": orNull(s.Organization),
		"last_active_at": s.LastActive.UnixMilli(), "expire_at": s.CreatedAt.Add(sessionLifetime).UnixMilli(),
		"abandon_at": s.CreatedAt.Add(sessionAbandoned).UnixMilli(), "created_at": s.CreatedAt.UnixMilli(),
		"updated_at": s.UpdatedAt.UnixMilli(), "actor": nil}
	if s.status() == pending {
		shown["tasks"] = []any{object{"key": "choose-organization"}}
	}
	return shown
}

// showSessionEvent shows a session as webhooks do, with its user.
func (c *Clerk) showSessionEvent(s *Session) object {
	shown := c.showSession(s)
	delete(shown, "tasks")
	shown["user"], shown["latest_activity"] = nil, nil
	if user := c.user(s.User); user != nil {
		shown["user"] = c.showUser(user)
	}
	return shown
}
