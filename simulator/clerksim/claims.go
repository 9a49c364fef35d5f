package clerksim

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/clerksim/token"
)

const (
	// tokenLifetime is how long Clerk's session tokens live.
	tokenLifetime = 60 * time.Second
	// sessionSkew is how long before iat a session token is valid.
	sessionSkew = 10 * time.Second
)

var errNoMember = errors.New("the user is not a member of the organization")

// SessionToken signs a session token with v2 claims and the configured custom
// claims. orgID is the active organization, or "" for the personal account. It
// starts a session if the user has none with that organization active. The
// issuer is the simulator's own address, which a strict verifier must be given.
func (c *Clerk) SessionToken(userID, orgID string) (string, error) {
	var signed string
	var err error
	c.world.Change(func() {
		user := c.user(userID)
		switch {
		case user == nil:
			err = noUser(userID)
		case user.Banned:
			err = banned()
		case orgID != "" && c.membership(orgID, userID) == nil:
			err = errNoMember
		default:
			signed, err = c.token(c.sessionOf(userID, orgID), "", tokenLifetime)
		}
	})
	return signed, err
}

// token signs a token for a session. authorized is the azp claim; "" omits it.
// The claims pla and fea of Clerk Billing are missing; fea appears only with the
// custom permissions that it carries.
func (c *Clerk) token(session *Session, authorized string, lifetime time.Duration) (string, error) {
	claims := c.standardClaims(session, authorized, lifetime, sessionSkew)
	claims["v"], claims["sid"], claims["sts"] = 2, session.ID, session.status()
	claims["fva"] = []any{int64(time.Since(session.CreatedAt) / time.Minute), -1}
	user := c.user(session.User)
	var organization *Organization
	if session.Organization != "" {
		membership := c.membership(session.Organization, user.ID)
		organization = c.organization(session.Organization)
		if membership == nil || organization == nil {
			return "", errNoMember
		}
		c.claimOrganization(claims, organization, c.role(membership.Role))
	}
	values := claimValues(user, organization)
	for name, template := range c.config.Claims {
		if _, set := claims[name]; !set {
			claims[name] = token.Fill(template, values)
		}
	}
	return c.state.Key.Sign(claims)
}

// claimOrganization sets the claims about the active organization.
func (c *Clerk) claimOrganization(claims object, organization *Organization, role *Role) {
	member := object{"id": organization.ID, "slg": organization.Slug, "rol": strings.TrimPrefix(role.RoleKey, "org:")}
	var custom []string
	for _, permission := range c.permissionsOf(role) {
		if !permission.System {
			custom = append(custom, permission.PermissionKey)
		}
	}
	if packed := token.Pack(custom); packed.Features != "" {
		claims["fea"], member["per"], member["fpm"] = packed.Features, packed.Names, packed.Mapping
	}
	claims["o"] = member
}

// standardClaims are the claims that no template can change. They are dated by
// time.Now, not by the billing clock, because a verifier has no other clock.
func (c *Clerk) standardClaims(session *Session, authorized string, lifetime, skew time.Duration) object {
	now := time.Now()
	claims := object{"iss": c.config.URL, "sub": session.User, "iat": now.Unix(), "nbf": now.Add(-skew).Unix(),
		"exp": now.Add(lifetime).Unix(), "jti": c.world.NewID("", 20)}
	if authorized != "" {
		claims["azp"] = authorized
	}
	return claims
}

// claimValues are what the shortcodes of a template can name. organization is
// nil if none is active.
func claimValues(user *User, organization *Organization) map[string]any {
	values := map[string]any{
		"user": map[string]any{"id": user.ID, "external_id": orNull(user.ExternalID), "username": orNull(user.Username), "first_name": orNull(user.FirstName), "last_name": orNull(user.LastName), "full_name": orNull(user.fullName()), "primary_email_address": orNull(user.Email), "email_verified": user.verified(), "primary_phone_number": orNull(user.primaryPhone()), "phone_number_verified": user.primaryPhone() != "", "two_factor_enabled": false, "image_url": image, "has_image": false, "created_at": user.CreatedAt.Unix(), "updated_at": user.UpdatedAt.Unix(), "last_sign_in_at": lastSignIn(user), "public_metadata": user.Public, "unsafe_metadata": user.Unsafe}}
	if organization != nil {
		values["org"] = map[string]any{"id": organization.ID, "name": organization.Name,
			"slug": organization.Slug, "image_url": image, "has_image": false,
			"public_metadata": organization.Public}
	}
	return values
}

func lastSignIn(user *User) any {
	if user.LastSignIn.IsZero() {
		return nil
	}
	return user.LastSignIn.Unix()
}

// verified reports whether the primary address is verified.
func (u *User) verified() bool {
	primary := u.addressByID(u.EmailID)
	return primary != nil && primary.Verified
}

// checkClaims refuses a template with a reserved claim.
func checkClaims(claims map[string]any) *api.Error {
	for name := range api.Sorted(claims) {
		if token.Reserved(name) {
			failure := api.BadRequest("jwt_template_reserved_claim", "reserved claim used",
				"You can't use the reserved claim: '%s'", name)
			failure.Param = "claims"
			return failure
		}
	}
	return nil
}

// CheckClaims reports a reserved claim among the custom claims of session
// tokens.
func CheckClaims(claims map[string]string) error {
	for name := range api.Sorted(claims) {
		if token.Reserved(name) {
			return fmt.Errorf("session claim %q is reserved: Clerk sets it in every token; choose another name", name)
		}
	}
	return nil
}
