package lockstep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// ConsoleRole says what someone may do in the console.
type ConsoleRole string

// The roles.
const (
	ConsoleViewer   ConsoleRole = "viewer"   // sees every page; personal data in events stays masked
	ConsoleOperator ConsoleRole = "operator" // also acts, for the audit log
)

// Scopes returns what the role may do in the API; 0 for an unknown role.
func (r ConsoleRole) Scopes() APIScope {
	switch r {
	case ConsoleViewer:
		return APIRead
	case ConsoleOperator:
		return APIRead | APIOperate
	}
	return 0
}

// ConsolePass lets someone into the console. It is either a link, which works once, or the session of a
// browser.
type ConsolePass struct {
	Hash string // of its secret, see [HashConsolePass]
	Once bool   // a link: whoever takes it gets a session
	Name string // who it is for, as the audit log names them: console/NAME
	Role ConsoleRole

	CreatedAt time.Time // set by the store
	ExpiresAt time.Time
}

// HashConsolePass returns the SHA-256 of a pass's secret, in hexadecimal. Secrets are random, so nobody can
// guess one from a fast hash.
func HashConsolePass(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// ConsolePasses stores passes. An expired pass does not exist.
type ConsolePasses interface {
	// CreateConsolePass stores a new pass, and deletes those that have expired.
	CreateConsolePass(ctx context.Context, pass ConsolePass) error
	// ConsolePass returns a pass, or ErrNotFound.
	ConsolePass(ctx context.Context, hash string) (ConsolePass, error)
	// TakeConsolePass deletes a pass and returns it. Of several callers one gets it, the others get
	// ErrNotFound.
	TakeConsolePass(ctx context.Context, hash string) (ConsolePass, error)
}

// ConsoleGrant gives a user of Clerk, or the members with a role in one organization, a role in the console.
// The organization is part of the grant, because your customers are administrators of theirs.
type ConsoleGrant struct {
	UserID         string // user_…; or
	OrganizationID string // org_…, with the member's role
	MemberRole     string // without the prefix org:
	Role           ConsoleRole
}

// ParseConsoleGrant parses "user_2x=viewer" or "org_2x/admin=operator".
func ParseConsoleGrant(text string) (g ConsoleGrant, err error) {
	who, role, found := strings.Cut(strings.ReplaceAll(text, " ", ""), "=")
	g.Role = ConsoleRole(role)
	organization, member, isMember := strings.Cut(who, "/")
	switch {
	case !found || g.Role.Scopes() == 0:
		return g, fmt.Errorf("%q does not end with a role; write for example org_2x/admin=%s or user_2x=%s", text,
			ConsoleOperator, ConsoleViewer)
	case isMember && strings.HasPrefix(organization, "org_") && member != "":
		g.OrganizationID, g.MemberRole = organization, strings.TrimPrefix(member, "org:")
		return g, nil
	case !isMember && strings.HasPrefix(who, "user_"):
		g.UserID = who
		return g, nil
	}
	return g, fmt.Errorf("%q names neither a user (user_2x=%s) nor a role in one organization (org_2x/admin=%s); a role alone would let in the administrators of your customers",
		text, ConsoleViewer, ConsoleOperator)
}

// Fits reports whether a session of Clerk gets the grant's role. A session that impersonates a user does not.
func (g ConsoleGrant) Fits(s Session) bool {
	switch {
	case s.Impersonated || s.UserID == "":
		return false
	case g.UserID != "":
		return g.UserID == s.UserID
	}
	return g.OrganizationID != "" && g.OrganizationID == s.OrganizationID &&
		g.MemberRole == strings.TrimPrefix(s.OrganizationRole, "org:")
}

// Pulse has numbers that grow when something changes, so that a page can tell whether it is current.
type Pulse struct {
	Events  int64 // stored
	Records int64 // writes of accounts
	Runs    int64 // recorded in the history
	Audited int64 // entries of the audit log
}
