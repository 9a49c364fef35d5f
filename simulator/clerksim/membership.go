package clerksim

import (
	"cmp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// Membership is a user's place in an organization.
type Membership struct {
	ID           string         `json:"id"`
	Organization string         `json:"organization"`
	User         string         `json:"user"`
	Role         string         `json:"role"` // key of the role, such as org:admin
	Public       map[string]any `json:"public_metadata"`
	Private      map[string]any `json:"private_metadata"`
	CreatedAt    time.Time      `json:"created_at"`
	UpdatedAt    time.Time      `json:"updated_at"`
}

// Key returns the id.
func (m *Membership) Key() string { return m.ID }

func (m *Membership) metadata() map[string]*map[string]any {
	return map[string]*map[string]any{"public_metadata": &m.Public, "private_metadata": &m.Private}
}

// addMembership adds a member. place holds the role and the metadata.
func (c *Clerk) addMembership(organization *Organization, user *User, place Membership) *Membership {
	place.ID, place.Organization, place.User = c.world.NewID("orgmem_2", 26), organization.ID, user.ID
	place.Public, place.Private = deepCopy(place.Public), deepCopy(place.Private)
	place.CreatedAt, place.UpdatedAt = c.now(), c.now()
	membership := c.state.Memberships.Add(&place)
	c.index.addMembership(membership)
	c.emit("organizationMembership.created", c.showMembershipEvent(membership))
	return membership
}

func (c *Clerk) membershipUpdated(membership *Membership) {
	membership.UpdatedAt = c.now()
	c.emit("organizationMembership.updated", c.showMembershipEvent(membership))
}

func (c *Clerk) deleteMembership(membership *Membership) object {
	shown, event := c.showMembership(membership), c.showMembershipEvent(membership)
	c.index.removeMembership(membership)
	c.state.Memberships.Remove(membership.ID)
	for _, session := range c.index.sessionsOf[membership.User] {
		if session.Organization == membership.Organization {
			session.Organization = ""
		}
	}
	c.emit("organizationMembership.deleted", event)
	return shown
}

func (c *Clerk) membership(organizationID, userID string) *Membership {
	return c.index.membershipBetween[pair{organizationID, userID}]
}

// AddMember makes a user a member of an organization; role "" is org:member.
func (c *Clerk) AddMember(organizationID, userID, role string) error {
	return c.change(func() *api.Error {
		_, failure := c.join(organizationID, userID, Membership{Role: cmp.Or(role, memberRole)})
		return failure
	})
}

func (c *Clerk) join(organizationID, userID string, place Membership) (*Membership, *api.Error) {
	organization, user := c.organization(organizationID), c.user(userID)
	switch {
	case organization == nil:
		return nil, noOrganization()
	case user == nil:
		return nil, noUser(userID)
	case c.membership(organization.ID, user.ID) != nil:
		return nil, alreadyMember(user.ID)
	case c.role(place.Role) == nil:
		return nil, noRole("role")
	}
	if failure := c.room(organization, 1); failure != nil {
		return nil, failure
	}
	return c.addMembership(organization, user, place), nil
}

func alreadyMember(who string) *api.Error {
	return api.BadRequest("already_a_member_in_organization", "already a member",
		"%s is already a member of the organization.", who)
}

// room refuses members beyond the organization's limit. Pending invitations count
// too.
func (c *Clerk) room(organization *Organization, more int) *api.Error {
	if limit := organization.MaxMembers; limit > 0 &&
		c.members(organization.ID)+len(c.index.pendingOf[organization.ID])+more > limit {
		return api.Forbidden("organization_membership_quota_exceeded", "organization membership quota exceeded",
			"You have reached your limit of %d organization memberships, including outstanding invitations.", limit)
	}
	return nil
}

// SetRole changes a member's role.
func (c *Clerk) SetRole(organizationID, userID, role string) error {
	return c.change(func() *api.Error {
		membership := c.membership(organizationID, userID)
		if membership == nil {
			return noMembership()
		}
		return c.setRole(membership, role)
	})
}

// RemoveMember ends a membership. It fails if no other member could manage the
// organization.
func (c *Clerk) RemoveMember(organizationID, userID string) error {
	return c.change(func() *api.Error {
		membership := c.membership(organizationID, userID)
		if membership == nil {
			return noMembership()
		}
		_, failure := c.leave(membership)
		return failure
	})
}

func noMembership() *api.Error { return api.NotFound("Organization membership not found") }

func (c *Clerk) setRole(membership *Membership, role string) *api.Error {
	next := c.role(role)
	if next == nil {
		return noRole("role")
	}
	if !c.mayCreate(next) && c.lastWithElevatedPermissions(membership) {
		return lastAdmin()
	}
	c.index.membershipsWithRole[membership.Role]--
	membership.Role = role
	c.index.membershipsWithRole[role]++
	c.membershipUpdated(membership)
	return nil
}

func (c *Clerk) leave(membership *Membership) (object, *api.Error) {
	if c.lastWithElevatedPermissions(membership) {
		return nil, lastAdmin()
	}
	return c.deleteMembership(membership), nil
}

func lastAdmin() *api.Error {
	return api.BadRequest("organization_minimum_permissions_needed", "minimum organization permissions needed",
		"There has to be at least one organization member with the minimum required permissions")
}

// lastWithElevatedPermissions reports whether the member is the only one who can
// manage the organization.
func (c *Clerk) lastWithElevatedPermissions(membership *Membership) bool {
	elevated := func(m *Membership) bool { return c.mayCreate(c.role(m.Role)) }
	return elevated(membership) && !slices.ContainsFunc(c.index.membershipsOf[membership.Organization],
		func(other *Membership) bool { return other != membership && elevated(other) })
}

func (c *Clerk) lacksAdmin(o *Organization) bool {
	return !slices.ContainsFunc(c.index.membershipsOf[o.ID],
		func(m *Membership) bool { return c.mayCreate(c.role(m.Role)) })
}

func (c *Clerk) showMembership(m *Membership) object {
	shown := c.showMembershipEvent(m)
	if organization := c.organization(m.Organization); organization != nil {
		shown["organization"] = c.showOrganization(organization, false)
	}
	if user := c.user(m.User); user != nil {
		data := publicUserData(user)
		data["username"], data["banned"] = orNull(user.Username), user.Banned
		shown["public_user_data"] = data
	}
	return shown
}

// showMembershipEvent shows a membership as webhooks do, with the counts of the
// organization and fewer fields of the user.
func (c *Clerk) showMembershipEvent(m *Membership) object {
	role := c.role(m.Role)
	shown := object{"object": "organization_membership", "id": m.ID, "role": m.Role, "role_name": role.Name,
		"permissions": c.permissionKeys(role), "public_metadata": deepCopy(m.Public),
		"private_metadata": deepCopy(m.Private), "created_at": m.CreatedAt.UnixMilli(),
		"updated_at": m.UpdatedAt.UnixMilli()}
	if organization := c.organization(m.Organization); organization != nil {
		shown["organization"] = c.showOrganization(organization, true)
	}
	if user := c.user(m.User); user != nil {
		shown["public_user_data"] = publicUserData(user)
	}
	return shown
}

func publicUserData(user *User) object {
	return object{"user_id": user.ID, "first_name": orNull(user.FirstName), "last_name": orNull(user.LastName),
		"profile_image_url": image, "image_url": image, "has_image": false,
		"identifier": orNull(cmp.Or(user.Email, user.primaryPhone(), user.Username))}
}
