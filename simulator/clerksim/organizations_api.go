package clerksim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// organizationShape are the flags that add counts to what is shown.
var organizationShape = []string{"include_members_count", "include_missing_member_with_elevated_permissions"}

var organizationRoutes = []route{
	op(http.MethodGet, "/v1/organizations", (*Clerk).listOrganizations).asks(ordinary, organizationShape,
		[]string{"query", "user_id", "organization_id"}),
	op(http.MethodPost, "/v1/organizations", (*Clerk).createOrganization).takes(organizationMetadata.with(
		fields{"name": text, "created_by": text, "slug": text, "max_allowed_memberships": number, "created_at": text})),
	op(http.MethodGet, "/v1/organizations/{}", (*Clerk).retrieveOrganization).asks(organizationShape),
	op(http.MethodPatch, "/v1/organizations/{}", (*Clerk).updateOrganization).updates("organization").
		takes(fields{"name": text, "slug": text, "max_allowed_memberships": number, "admin_delete_enabled": flag,
			"created_at": text}).
		tookBefore(metadataMoved, organizationMetadata),
	op(http.MethodDelete, "/v1/organizations/{}", (*Clerk).removeOrganization),
}

func (c *Clerk) createOrganization(call *call) (any, *Error) {
	fresh := Organization{Name: call.text("name"), CreatedBy: call.text("created_by"), Slug: call.text("slug")}
	if failure := c.applyOrganization(call, &fresh); failure != nil {
		return nil, failure
	}
	if failure := call.applyMetadata(fresh.metadata(), replaced); failure != nil {
		return nil, failure
	}
	organization, failure := c.addOrganization(fresh)
	if failure != nil {
		return nil, failure
	}
	return c.showOrganization(organization, false), nil
}

// applyOrganization reads what creating and updating share.
func (c *Clerk) applyOrganization(call *call, organization *Organization) *Error {
	if limit := call.number("max_allowed_memberships"); limit != nil {
		if *limit < 0 {
			return invalidValue("max_allowed_memberships", "a negative number")
		}
		organization.MaxMembers = *limit
	}
	created, failure := call.moment("created_at", c.now())
	if !created.IsZero() {
		organization.CreatedAt = created
	}
	return failure
}

func (c *Clerk) retrieveOrganization(call *call) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	show, failure := c.organizationView(call)
	if failure != nil {
		return nil, failure
	}
	return show(organization), nil
}

// organizationView shows organizations with the counts that the query wants.
func (c *Clerk) organizationView(call *call) (func(*Organization) object, *Error) {
	members, failure := call.queryFlag("include_members_count")
	if failure != nil {
		return nil, failure
	}
	elevated, failure := call.queryFlag("include_missing_member_with_elevated_permissions")
	if failure != nil {
		return nil, failure
	}
	return func(o *Organization) object {
		shown := c.showOrganization(o, true)
		if members == nil || !*members {
			delete(shown, "members_count")
			delete(shown, "pending_invitations_count")
		}
		if elevated == nil || !*elevated {
			delete(shown, "missing_member_with_elevated_permissions")
		}
		return shown
	}, nil
}

func (c *Clerk) updateOrganization(call *call) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	changed := organization.clone()
	if name := call.text("name"); name != "" {
		if failure := checkName(name); failure != nil {
			return nil, failure
		}
		changed.Name = name
	}
	if slug := call.text("slug"); slug != "" {
		if failure := c.checkSlug(slug, organization); failure != nil {
			return nil, failure
		}
		changed.Slug = slug
	}
	if failure := c.applyOrganization(call, &changed); failure != nil {
		return nil, failure
	}
	if failure := call.applyMetadata(changed.metadata(), replaced); failure != nil {
		return nil, failure
	}
	if call.body["admin_delete_enabled"] != nil {
		changed.AdminDelete = call.flag("admin_delete_enabled")
	}
	c.index.removeOrganization(organization)
	*organization = changed
	c.index.addOrganization(organization)
	c.organizationUpdated(organization)
	return c.showOrganization(organization, false), nil
}

func (c *Clerk) removeOrganization(call *call) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	return c.deleteOrganization(organization), nil
}

var organizationOrders = map[string]func(c *Clerk, a, b *Organization) int{
	"created_at":    func(_ *Clerk, a, b *Organization) int { return byAge(a, b) },
	"name":          func(_ *Clerk, a, b *Organization) int { return strings.Compare(a.Name, b.Name) },
	"members_count": func(c *Clerk, a, b *Organization) int { return cmp.Compare(c.members(a.ID), c.members(b.ID)) },
}

func (c *Clerk) listOrganizations(call *call) (any, *Error) {
	limit, offset, failure := call.bounds()
	if failure != nil {
		return nil, failure
	}
	show, failure := c.organizationView(call)
	if failure != nil {
		return nil, failure
	}
	matching, failure := c.filteredOrganizations(call)
	if failure != nil {
		return nil, failure
	}
	order, descending := call.order()
	compare := organizationOrders[order]
	if compare == nil {
		return nil, invalidValue("order_by", order)
	}
	if order != "created_at" { // which they are in already
		slices.SortStableFunc(matching, func(a, b *Organization) int { return compare(c, a, b) })
	}
	if descending {
		slices.Reverse(matching)
	}
	return listed(matching, limit, offset, show), nil
}

// filteredOrganizations returns what matches, oldest first.
func (c *Clerk) filteredOrganizations(call *call) ([]*Organization, *Error) {
	users, failure := call.list("user_id")
	if failure != nil {
		return nil, failure
	}
	ids, failure := call.list("organization_id")
	if failure != nil {
		return nil, failure
	}
	query := strings.ToLower(call.query.Get("query"))
	ofUsers := signed(users, func(id string) []string {
		var organizations []string
		for _, membership := range c.index.membershipsOf[id] {
			organizations = append(organizations, membership.Organization)
		}
		return organizations
	})
	named := signed(ids, func(id string) []string { return []string{id} })
	from := c.index.organizations.items
	for _, choice := range []*choice{named, ofUsers} {
		if choice.including {
			from = nil
			for id := range choice.wanted {
				if organization := c.state.Organizations.Get(id); organization != nil {
					from = append(from, organization)
				}
			}
			slices.SortFunc(from, byAge)
			break
		}
	}
	var matching []*Organization
	for _, o := range from {
		text := strings.ToLower(o.Name + "\n" + o.Slug)
		if ofUsers.takes(o.ID) && named.takes(o.ID) && (query == "" || strings.ToLower(o.ID) == query ||
			strings.Contains(text, query)) {
			matching = append(matching, o)
		}
	}
	return matching, nil
}

// choice is what a list of values with plus and minus chooses.
type choice struct {
	including        bool
	wanted, unwanted map[string]bool
}

func (c *choice) takes(id string) bool { return (!c.including || c.wanted[id]) && !c.unwanted[id] }

func signed(values []string, find func(string) []string) *choice {
	c := &choice{wanted: map[string]bool{}, unwanted: map[string]bool{}}
	for _, value := range values {
		plain, excluded := strings.CutPrefix(value, "-")
		into := c.unwanted
		if !excluded {
			plain, into, c.including = strings.TrimLeft(value, "+ "), c.wanted, true
		}
		for _, id := range find(plain) {
			into[id] = true
		}
	}
	return c
}
