package clerksim

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// Organization is a group of users with shared access.
type Organization struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Slug        string         `json:"slug"`
	CreatedBy   string         `json:"created_by"`
	MaxMembers  int            `json:"max_allowed_memberships"` // 0: no limit
	AdminDelete bool           `json:"admin_delete_enabled"`
	Public      map[string]any `json:"public_metadata"`
	Private     map[string]any `json:"private_metadata"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
	Sequence    uint64         `json:"sequence"` // order of creation
}

// Key returns the id.
func (o *Organization) Key() string { return o.ID }

// Created returns the creation time and the place among equal times.
func (o *Organization) Created() (time.Time, uint64) { return o.CreatedAt, o.Sequence }

func (o *Organization) clone() Organization {
	copied := *o
	copied.Public, copied.Private = deepCopy(o.Public), deepCopy(o.Private)
	return copied
}

func (o *Organization) metadata() map[string]*map[string]any {
	return map[string]*map[string]any{"public_metadata": &o.Public, "private_metadata": &o.Private}
}

// CreateOrganization creates an organization. createdBy becomes its admin; "" means
// nobody.
func (c *Clerk) CreateOrganization(name, createdBy string) (Organization, error) {
	var created Organization
	err := c.change(func() *api.Error {
		organization, failure := c.addOrganization(Organization{Name: name, CreatedBy: createdBy})
		if failure == nil {
			created = organization.clone()
		}
		return failure
	})
	return created, err
}

const maxName = 256 // characters

var (
	notSlug      = regexp.MustCompile(`[^a-z0-9]+`)
	slugLetters  = regexp.MustCompile(`^[a-z0-9-]+$`)
	markupOrLink = regexp.MustCompile(`<[^>]*>|https?://|www\.`)
)

func checkName(name string) *api.Error {
	switch {
	case strings.TrimSpace(name) == "":
		return api.MissingParameter("name")
	case utf8.RuneCountInString(name) > maxName:
		return api.Unprocessable("name", "form_param_max_length_exceeded", "exceeds maximum length",
			"name should not exceed %d characters.", maxName)
	case markupOrLink.MatchString(name):
		return api.Unprocessable("name", "form_param_value_invalid", "invalid organization name",
			"The organization name %q is invalid: it may not contain URLs or HTML", name)
	}
	return nil
}

func (c *Clerk) checkSlug(slug string, self *Organization) *api.Error {
	if !slugLetters.MatchString(slug) {
		return api.Unprocessable("slug", "form_param_format_invalid", "is invalid",
			`slug can contain only lowercase alphanumeric characters and the dash "-".`)
	}
	if other := c.index.organizationBySlug[slug]; other != nil && other != self {
		return api.Taken("slug", "slug")
	}
	return nil
}

func (c *Clerk) addOrganization(fresh Organization) (*Organization, *api.Error) {
	if failure := checkName(fresh.Name); failure != nil {
		return nil, failure
	}
	creator := c.user(fresh.CreatedBy)
	if fresh.CreatedBy != "" && creator == nil {
		return nil, api.BadRequest("organization_creator_not_found", "creator not found", "No users found with id %s.",
			fresh.CreatedBy)
	}
	if fresh.Slug == "" {
		fresh.Slug = c.freeSlug(fresh.Name)
	} else if failure := c.checkSlug(fresh.Slug, nil); failure != nil {
		return nil, failure
	}
	fresh.ID, fresh.AdminDelete, fresh.Sequence = c.world.NewID("org_2", 26), true, c.world.Sequence()
	fresh.Public, fresh.Private = deepCopy(fresh.Public), deepCopy(fresh.Private)
	if fresh.CreatedAt.IsZero() {
		fresh.CreatedAt = c.now()
	}
	fresh.UpdatedAt = c.now()
	organization := c.state.Organizations.Add(&fresh)
	c.index.addOrganization(organization)
	c.emit("organization.created", c.showOrganization(organization, true))
	if creator != nil {
		c.addMembership(organization, creator, Membership{Role: adminRole})
	}
	return organization, nil
}

// freeSlug makes a slug from a name that no other organization has.
func (c *Clerk) freeSlug(name string) string {
	base := cmp.Or(strings.Trim(notSlug.ReplaceAllString(strings.ToLower(name), "-"), "-"), "organization")
	slug := base
	for n := 1; c.index.organizationBySlug[slug] != nil; n++ {
		slug = fmt.Sprintf("%s-%d", base, n)
	}
	return slug
}

// organization finds an organization by id or slug.
func (c *Clerk) organization(idOrSlug string) *Organization {
	if organization := c.state.Organizations.Get(idOrSlug); organization != nil {
		return organization
	}
	return c.index.organizationBySlug[idOrSlug]
}

func (c *Clerk) organizationUpdated(organization *Organization) {
	organization.UpdatedAt = c.now()
	c.emit("organization.updated", c.showOrganization(organization, true))
}

// DeleteOrganization deletes an organization with all memberships and
// invitations.
func (c *Clerk) DeleteOrganization(id string) error {
	return c.change(func() *api.Error {
		organization := c.organization(id)
		if organization == nil {
			return noOrganization()
		}
		c.deleteOrganization(organization)
		return nil
	})
}

// deleteOrganization also deletes memberships and invitations. Sessions in which the
// organization was active fall back to the personal account.
func (c *Clerk) deleteOrganization(organization *Organization) object {
	for _, membership := range slices.Clone(c.index.membershipsOf[organization.ID]) {
		c.deleteMembership(membership)
	}
	for _, invitation := range slices.Clone(c.index.invitationsOf[organization.ID]) {
		c.index.removeInvitation(invitation)
		c.state.Invitations.Remove(invitation.ID)
	}
	c.index.removeOrganization(organization)
	c.state.Organizations.Remove(organization.ID)
	deleted := object{"object": "organization", "id": organization.ID, "slug": organization.Slug, "deleted": true}
	c.emit("organization.deleted", deleted)
	return deleted
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

func (c *Clerk) members(organizationID string) int { return len(c.index.membershipsOf[organizationID]) }

// showOrganization shows an organization, with the counts if asked to. Webhooks
// always have them.
func (c *Clerk) showOrganization(o *Organization, counts bool) object {
	shown := object{"object": "organization", "id": o.ID, "name": o.Name, "slug": o.Slug, "image_url": image,
		"has_image": false, "max_allowed_memberships": o.MaxMembers, "admin_delete_enabled": o.AdminDelete,
		"public_metadata": deepCopy(o.Public), "private_metadata": deepCopy(o.Private),
		"created_at": o.CreatedAt.UnixMilli(), "updated_at": o.UpdatedAt.UnixMilli()}
	if o.CreatedBy != "" {
		shown["created_by"] = o.CreatedBy
	}
	if counts {
		shown["members_count"], shown["pending_invitations_count"] = c.members(o.ID), len(c.index.pendingOf[o.ID])
		shown["missing_member_with_elevated_permissions"] = c.lacksAdmin(o)
	}
	return shown
}
