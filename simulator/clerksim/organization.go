package clerksim

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Organization is an organization.
type Organization struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Slug       string         `json:"slug"`
	CreatedBy  string         `json:"created_by"`
	MaxMembers int            `json:"max_allowed_memberships"` // 0: no limit
	Public     map[string]any `json:"public_metadata"`
	Private    map[string]any `json:"private_metadata"`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
}

// Key is the id.
func (o *Organization) Key() string { return o.ID }

func (o *Organization) clone() Organization {
	copied := *o
	copied.Public, copied.Private = deepCopy(o.Public), deepCopy(o.Private)
	return copied
}

// Membership is a user's place in an organization.
type Membership struct {
	ID           string         `json:"id"`
	Organization string         `json:"organization"`
	User         string         `json:"user"`
	Role         string         `json:"role"` // org:admin, org:member
	Public       map[string]any `json:"public_metadata"`
	Private      map[string]any `json:"private_metadata"`
	CreatedAt    time.Time      `json:"created_at"`
	UpdatedAt    time.Time      `json:"updated_at"`
}

// Key is the id.
func (m *Membership) Key() string { return m.ID }

// CreateOrganization creates an organization whose creator, if any, is its admin.
func (c *Clerk) CreateOrganization(name, createdBy string) (Organization, error) {
	var created Organization
	err := c.change(func() *Error {
		organization, failure := c.addOrganization(Organization{Name: name, CreatedBy: createdBy})
		if failure == nil {
			created = organization.clone()
		}
		return failure
	})
	return created, err
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func (c *Clerk) addOrganization(fresh Organization) (*Organization, *Error) {
	if fresh.Name == "" {
		return nil, unprocessable("form_param_missing", "name is required")
	}
	if fresh.CreatedBy != "" && c.user(fresh.CreatedBy) == nil {
		return nil, notFound("user", fresh.CreatedBy)
	}
	if fresh.Slug != "" && c.organization(fresh.Slug) != nil {
		return nil, unprocessable("form_identifier_exists", "That slug is taken. Please try another.")
	}
	base := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(fresh.Name), "-"), "-")
	for n := 0; fresh.Slug == ""; n++ {
		slug := cmp.Or(base, "organization")
		if n > 0 {
			slug = fmt.Sprintf("%s-%d", slug, n)
		}
		if c.organization(slug) == nil {
			fresh.Slug = slug
		}
	}
	fresh.ID = c.world.NewID("org_2", 26)
	fresh.Public, fresh.Private = deepCopy(fresh.Public), deepCopy(fresh.Private)
	fresh.CreatedAt, fresh.UpdatedAt = c.now(), c.now()
	organization := c.state.Organizations.Add(&fresh)
	c.emit("organization.created", c.showOrganization(organization))
	if creator := c.user(fresh.CreatedBy); creator != nil {
		c.addMembership(organization, creator, "org:admin")
	}
	return organization, nil
}

// organization finds by id or slug.
func (c *Clerk) organization(idOrSlug string) *Organization {
	if organization := c.state.Organizations.Get(idOrSlug); organization != nil {
		return organization
	}
	return c.state.Organizations.Find(func(o *Organization) bool { return o.Slug == idOrSlug })
}

func (c *Clerk) organizationUpdated(organization *Organization) {
	organization.UpdatedAt = c.now()
	c.emit("organization.updated", c.showOrganization(organization))
}

// DeleteOrganization deletes an organization with its memberships.
func (c *Clerk) DeleteOrganization(id string) error {
	return c.change(func() *Error {
		organization := c.organization(id)
		if organization == nil {
			return notFound("organization", id)
		}
		c.deleteOrganization(organization)
		return nil
	})
}

func (c *Clerk) deleteOrganization(organization *Organization) object {
	for _, membership := range c.state.Memberships.Where(func(m *Membership) bool { return m.Organization == organization.ID }) {
		c.deleteMembership(membership)
	}
	c.state.Organizations.Remove(organization.ID)
	deleted := object{"object": "organization", "id": organization.ID, "slug": organization.Slug, "deleted": true}
	c.emit("organization.deleted", deleted)
	return deleted
}

func (c *Clerk) addMembership(organization *Organization, user *User, role string) *Membership {
	membership := c.state.Memberships.Add(&Membership{ID: c.world.NewID("orgmem_2", 26), Organization: organization.ID, User: user.ID, Role: role,
		Public: map[string]any{}, Private: map[string]any{}, CreatedAt: c.now(), UpdatedAt: c.now()})
	c.emit("organizationMembership.created", c.showMembership(membership))
	return membership
}

func (c *Clerk) deleteMembership(membership *Membership) object {
	shown := c.showMembership(membership)
	c.state.Memberships.Remove(membership.ID)
	c.emit("organizationMembership.deleted", shown)
	return shown
}

func (c *Clerk) membership(organizationID, userID string) *Membership {
	return c.state.Memberships.Find(func(m *Membership) bool { return m.Organization == organizationID && m.User == userID })
}

// AddMember makes a user a member; role is org:member when empty.
func (c *Clerk) AddMember(organizationID, userID, role string) error {
	return c.change(func() *Error {
		_, failure := c.join(organizationID, userID, cmp.Or(role, "org:member"))
		return failure
	})
}

func (c *Clerk) join(organizationID, userID, role string) (*Membership, *Error) {
	organization, user := c.organization(organizationID), c.user(userID)
	switch {
	case organization == nil:
		return nil, notFound("organization", organizationID)
	case user == nil:
		return nil, notFound("user", userID)
	case c.membership(organization.ID, user.ID) != nil:
		return nil, badRequest("already_a_member_in_organization", "The user is already a member of the organization.")
	case !slices.Contains([]string{"org:admin", "org:member"}, role):
		return nil, notFound("organization role", role)
	case organization.MaxMembers > 0 && c.members(organization.ID) >= organization.MaxMembers:
		return nil, &Error{Status: 403, Code: "organization_membership_quota_exceeded", Message: "You have reached your limit of organization members."}
	}
	return c.addMembership(organization, user, role), nil
}

// Organizations copies all organizations, oldest first.
func (c *Clerk) Organizations() []Organization {
	var all []Organization
	c.world.View(func() {
		for organization := range c.state.Organizations.Oldest() {
			all = append(all, organization.clone())
		}
	})
	return all
}

func (c *Clerk) members(organizationID string) int {
	return len(c.state.Memberships.Where(func(m *Membership) bool { return m.Organization == organizationID }))
}

func (c *Clerk) showOrganization(o *Organization) object {
	shown := object{"object": "organization", "id": o.ID, "name": o.Name, "slug": o.Slug, "image_url": "https://img.clerk.com/simulated",
		"has_image": false, "members_count": c.members(o.ID), "missing_member_with_elevated_permissions": false, "pending_invitations_count": 0,
		"max_allowed_memberships": o.MaxMembers, "admin_delete_enabled": true, "public_metadata": deepCopy(o.Public),
		"private_metadata": deepCopy(o.Private), "created_at": o.CreatedAt.UnixMilli(), "updated_at": o.UpdatedAt.UnixMilli()}
	if o.CreatedBy != "" {
		shown["created_by"] = o.CreatedBy
	}
	return shown
}

func (c *Clerk) showMembership(m *Membership) object {
	names := map[string]string{"org:admin": "Admin", "org:member": "Member"}
	shown := object{"object": "organization_membership", "id": m.ID, "role": m.Role, "role_name": names[m.Role], "permissions": []any{},
		"public_metadata": deepCopy(m.Public), "private_metadata": deepCopy(m.Private), "created_at": m.CreatedAt.UnixMilli(), "updated_at": m.UpdatedAt.UnixMilli()}
	if organization := c.organization(m.Organization); organization != nil {
		shown["organization"] = c.showOrganization(organization)
	}
	if user := c.user(m.User); user != nil {
		shown["public_user_data"] = object{"user_id": user.ID, "first_name": orNull(user.FirstName), "last_name": orNull(user.LastName),
			"profile_image_url": nil, "image_url": "https://img.clerk.com/simulated", "has_image": false, "identifier": orNull(user.Email)}
	}
	return shown
}
