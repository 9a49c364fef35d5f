package clerksim

import (
	"cmp"
	"slices"
	"strings"
)

func (c *Clerk) createOrganization(call *call) (any, *Error) {
	if failure := call.accept("name", "created_by", "slug", "max_allowed_memberships", "public_metadata", "private_metadata", "created_at"); failure != nil {
		return nil, failure
	}
	fresh := Organization{Name: call.text("name"), CreatedBy: call.text("created_by"), Slug: call.text("slug")}
	if limit, ok := call.body["max_allowed_memberships"].(float64); ok {
		fresh.MaxMembers = int(limit)
	}
	fields := map[string]*map[string]any{"public_metadata": &fresh.Public, "private_metadata": &fresh.Private}
	if failure := call.applyMetadata(fields, replaced); failure != nil {
		return nil, failure
	}
	organization, failure := c.addOrganization(fresh)
	if failure != nil {
		return nil, failure
	}
	return c.showOrganization(organization), nil
}

func (c *Clerk) retrieveOrganization(call *call) (any, *Error) {
	if organization := c.organization(call.path[0]); organization != nil {
		return c.showOrganization(organization), nil
	}
	return nil, notFound("organization", call.path[0])
}

func (c *Clerk) updateOrganization(call *call) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, notFound("organization", call.path[0])
	}
	if failure := call.accept("name", "slug", "max_allowed_memberships", "admin_delete_enabled"); failure != nil {
		return nil, failure
	}
	if slug := call.text("slug"); slug != "" {
		if other := c.organization(slug); other != nil && other != organization {
			return nil, unprocessable("form_identifier_exists", "That slug is taken. Please try another.")
		}
		organization.Slug = slug
	}
	organization.Name = cmp.Or(call.text("name"), organization.Name)
	if limit, ok := call.body["max_allowed_memberships"].(float64); ok {
		organization.MaxMembers = int(limit)
	}
	c.organizationUpdated(organization)
	return c.showOrganization(organization), nil
}

func (c *Clerk) removeOrganization(call *call) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, notFound("organization", call.path[0])
	}
	return c.deleteOrganization(organization), nil
}

func (c *Clerk) listOrganizations(call *call) (any, *Error) {
	limit, offset, failure := call.bounds()
	if failure != nil {
		return nil, failure
	}
	query := strings.ToLower(call.query.Get("query"))
	var matching []*Organization
	for o := range c.state.Organizations.Oldest() {
		text := strings.ToLower(o.ID + " " + o.Name + " " + o.Slug)
		users := call.list("user_id")
		member := len(users) == 0 || slices.ContainsFunc(users, func(id string) bool { return c.membership(o.ID, id) != nil })
		if strings.Contains(text, query) && member && call.among("organization_id", o.ID) {
			matching = append(matching, o)
		}
	}
	switch order := call.query.Get("order_by"); order {
	case "", "-created_at":
		slices.Reverse(matching)
	case "created_at", "+created_at":
	case "name", "+name", "-name":
		slices.SortStableFunc(matching, func(a, b *Organization) int { return strings.Compare(a.Name, b.Name) })
		if order == "-name" {
			slices.Reverse(matching)
		}
	default:
		return nil, unprocessable("form_param_value_invalid", "order_by cannot be %s.", order)
	}
	shown := []any{}
	for _, organization := range cut(matching, limit, offset) {
		shown = append(shown, c.showOrganization(organization))
	}
	return object{"data": shown, "total_count": len(matching)}, nil
}

func (c *Clerk) listMemberships(call *call) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, notFound("organization", call.path[0])
	}
	return c.memberships(call, func(m *Membership) bool {
		return m.Organization == organization.ID && call.among("user_id", m.User) && call.among("role", m.Role)
	})
}

func (c *Clerk) memberships(call *call, match func(*Membership) bool) (any, *Error) {
	limit, offset, failure := call.bounds()
	if failure != nil {
		return nil, failure
	}
	var matching []*Membership
	for membership := range c.state.Memberships.Newest() {
		if match(membership) {
			matching = append(matching, membership)
		}
	}
	shown := []any{}
	for _, membership := range cut(matching, limit, offset) {
		shown = append(shown, c.showMembership(membership))
	}
	return object{"data": shown, "total_count": len(matching)}, nil
}

func (c *Clerk) createMembership(call *call) (any, *Error) {
	if failure := call.accept("user_id", "role", "public_metadata", "private_metadata"); failure != nil {
		return nil, failure
	}
	membership, failure := c.join(call.path[0], call.text("user_id"), call.text("role"))
	if failure != nil {
		return nil, failure
	}
	return c.showMembership(membership), nil
}

func (c *Clerk) removeMembership(call *call) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, notFound("organization", call.path[0])
	}
	membership := c.membership(organization.ID, call.path[1])
	if membership == nil {
		return nil, notFound("organization membership", call.path[1])
	}
	return c.deleteMembership(membership), nil
}
