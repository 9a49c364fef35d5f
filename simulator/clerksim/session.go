package clerksim

import "time"

// Session is a signed-in browser.
type Session struct {
	ID           string    `json:"id"`
	Client       string    `json:"client"`
	User         string    `json:"user"`
	Organization string    `json:"organization"` // the active one, "" for the personal account
	Status       string    `json:"status"`       // active, revoked
	CreatedAt    time.Time `json:"created_at"`
}

// Key is the id.
func (s *Session) Key() string { return s.ID }

func (c *Clerk) addSession(userID, organizationID string) *Session {
	session := c.state.Sessions.Add(&Session{ID: c.world.NewID("sess_2", 26), Client: c.world.NewID("client_2", 26), User: userID, Organization: organizationID,
		Status: "active", CreatedAt: c.now()})
	c.user(userID).LastSignIn = c.now()
	return session
}

func (c *Clerk) session(id string) *Session { return c.state.Sessions.Get(id) }

// sessionOf returns the user's newest active session with that organization active.
func (c *Clerk) sessionOf(userID, organizationID string) *Session {
	for session := range c.state.Sessions.Newest() {
		if session.User == userID && session.Organization == organizationID && session.Status == "active" {
			return session
		}
	}
	return c.addSession(userID, organizationID)
}

// showSession dates the end a week after the beginning; the simulator itself
// never ends a session by time, so that moving the billing clock signs nobody out.
func (c *Clerk) showSession(s *Session) object {
	const week = 7 * 24 * time.Hour
	return object{"object": "session", "id": s.ID, "client_id": s.Client, "user_id": s.User, "status": s.Status,
		"last_active_organization_id": orNull(s.Organization), "last_active_at": s.CreatedAt.UnixMilli(), "expire_at": s.CreatedAt.Add(week).UnixMilli(),
		"abandon_at": s.CreatedAt.Add(4 * week).UnixMilli(), "created_at": s.CreatedAt.UnixMilli(), "updated_at": s.CreatedAt.UnixMilli(), "actor": nil}
}
