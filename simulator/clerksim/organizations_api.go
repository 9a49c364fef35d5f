package clerksim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/ordered"
)

// organizationShape are the parameters that add counts to the answer.
var organizationShape = []string{"include_members_count", "include_missing_member_with_elevated_permissions"}

var organizationRoutes = []route{
	api.Op(http.MethodGet, "/v1/organizations", (*Clerk).listOrganizations).Asks(api.Ordered, organizationShape,
		[]string{"query", "user_id", "organization_id"}),
	api.Op(http.MethodPost, "/v1/organizations", (*Clerk).createOrganization).Takes(organizationMetadata.With(
		api.Fields{"name": api.Text, "created_by": api.Text, "slug": api.Text, "max_allowed_memberships": api.Number, "created_at": api.Text})),
	api.Op(http.MethodGet, "/v1/organizations/{}", (*Clerk).retrieveOrganization).Asks(organizationShape),
	api.Op(http.MethodPatch, "/v1/organizations/{}", (*Clerk).updateOrganization).Updates("organization").
		Takes(api.Fields{"name": api.Text, "slug": api.Text, "max_allowed_memberships": api.Number,
			"admin_delete_enabled": api.Flag, "created_at": api.Text}).
		TookBefore(api.MetadataMoved, organizationMetadata),
	api.Op(http.MethodDelete, "/v1/organizations/{}", (*Clerk).removeOrganization),
}

func (c *Clerk) createOrganization(call *api.Call) (any, *api.Error) {
	fresh := Organization{Name: call.Text("name"), CreatedBy: call.Text("created_by"), Slug: call.Text("slug")}
	if failure := c.applyOrganization(call, &fresh); failure != nil {
		return nil, failure
	}
	if failure := applyMetadata(call.Body, fresh.metadata(), replaced); failure != nil {
		return nil, failure
	}
	organization, failure := c.addOrganization(fresh)
	if failure != nil {
		return nil, failure
	}
	return c.showOrganization(organization, false), nil
}

// applyOrganization reads the parameters that creating and updating share.
func (c *Clerk) applyOrganization(call *api.Call, organization *Organization) *api.Error {
	if limit := call.Number("max_allowed_memberships"); limit != nil {
		if *limit < 0 {
			return api.InvalidValue("max_allowed_memberships", "a negative number")
		}
		organization.MaxMembers = *limit
	}
	created, failure := call.Moment("created_at", c.now())
	if !created.IsZero() {
		organization.CreatedAt = created
	}
	return failure
}

func (c *Clerk) retrieveOrganization(call *api.Call) (any, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	show, failure := c.organizationView(call)
	if failure != nil {
		return nil, failure
	}
	return show(organization), nil
}

// organizationView returns a function that shows an organization with the counts
// that the query asks for.
func (c *Clerk) organizationView(call *api.Call) (func(*Organization) object, *api.Error) {
	members, failure := call.QueryFlag("include_members_count")
	if failure != nil {
		return nil, failure
	}
	elevated, failure := call.QueryFlag("include_missing_member_with_elevated_permissions")
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

func (c *Clerk) updateOrganization(call *api.Call) (any, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	changed := organization.clone()
	if name := call.Text("name"); name != "" {
		if failure := checkName(name); failure != nil {
			return nil, failure
		}
		changed.Name = name
	}
	if slug := call.Text("slug"); slug != "" {
		if failure := c.checkSlug(slug, organization); failure != nil {
			return nil, failure
		}
		changed.Slug = slug
	}
	if failure := c.applyOrganization(call, &changed); failure != nil {
		return nil, failure
	}
	if failure := applyMetadata(call.Body, changed.metadata(), replaced); failure != nil {
		return nil, failure
	}
	if call.Body["admin_delete_enabled"] != nil {
		changed.AdminDelete = call.Flag("admin_delete_enabled")
	}
	c.index.removeOrganization(organization)
	*organization = changed
	c.index.addOrganization(organization)
	c.organizationUpdated(organization)
	return c.showOrganization(organization, false), nil
}

func (c *Clerk) removeOrganization(call *api.Call) (any, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	return c.deleteOrganization(organization), nil
}

var organizationOrders = map[string]func(c *Clerk, a, b *Organization) int{
	"created_at":    func(_ *Clerk, a, b *Organization) int { return ordered.ByAge(a, b) },
	"name":          func(_ *Clerk, a, b *Organization) int { return strings.Compare(a.Name, b.Name) },
	"members_count": func(c *Clerk, a, b *Organization) int { return cmp.Compare(c.members(a.ID), c.members(b.ID)) },
}

func (c *Clerk) listOrganizations(call *api.Call) (any, *api.Error) {
	limit, offset, failure := call.Bounds()
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
	order, descending := call.Order()
	compare := organizationOrders[order]
	if compare == nil {
		return nil, api.InvalidValue("order_by", order)
	}
	if order != "created_at" { // the list already has that order
		slices.SortStableFunc(matching, func(a, b *Organization) int { return compare(c, a, b) })
	}
	if descending {
		slices.Reverse(matching)
	}
	return listed(matching, limit, offset, show), nil
}

// filteredOrganizations returns the organizations that match, oldest first.
func (c *Clerk) filteredOrganizations(call *api.Call) ([]*Organization, *api.Error) {
	users, failure := call.List("user_id")
	if failure != nil {
		return nil, failure
	}
	ids, failure := call.List("organization_id")
	if failure != nil {
		return nil, failure
	}
	query := strings.ToLower(call.Query.Get("query"))
	ofUsers := signed(users, c.organizationsOf)
	named := signed(ids, func(id string) []string { return []string{id} })
	var matching []*Organization
	for _, o := range c.organizationsAmong(named, ofUsers) {
		text := strings.ToLower(o.Name + "\n" + o.Slug)
		if ofUsers.takes(o.ID) && named.takes(o.ID) && (query == "" || strings.ToLower(o.ID) == query ||
			strings.Contains(text, query)) {
			matching = append(matching, o)
		}
	}
	return matching, nil
}

// organizationsOf returns the ids of the organizations that a user is a member of.
func (c *Clerk) organizationsOf(userID string) []string {
	var organizations []string
	for _, membership := range c.index.membershipsOf[userID] {
		organizations = append(organizations, membership.Organization)
	}
	return organizations
}

// organizationsAmong returns the organizations that the first choice with wanted
// ids names, or all if none has any, oldest first.
func (c *Clerk) organizationsAmong(choices ...*choice) []*Organization {
	at := slices.IndexFunc(choices, func(choice *choice) bool { return choice.including })
	if at < 0 {
		return c.index.organizations.Items()
	}
	var named []*Organization
	for id := range choices[at].wanted {
		if organization := c.state.Organizations.Get(id); organization != nil {
			named = append(named, organization)
		}
	}
	slices.SortFunc(named, ordered.ByAge)
	return named
}

// choice is the selection that a list of values with plus and minus makes.
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
