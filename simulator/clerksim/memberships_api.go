package clerksim

import (
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

var membershipRoutes = []route{
	api.Op(http.MethodGet, "/v1/organizations/{}/memberships", (*Clerk).listMemberships).Asks(api.Ordered,
		[]string{"user_id", "email_address", "phone_number",
			"username", "web3_wallet", "role", "query", "email_address_query", "phone_number_query", "username_query",
			"name_query",
			"last_active_at_before", "last_active_at_after", "created_at_before", "created_at_after"}),
	api.Op(http.MethodPost, "/v1/organizations/{}/memberships",
		(*Clerk).createMembership).Takes(organizationMetadata.With(api.Fields{"user_id": api.Text, "role": api.Text})),
	api.Op(http.MethodPatch, "/v1/organizations/{}/memberships/{}", (*Clerk).updateMembership).Updates("membership").Takes(
		api.Fields{"role": api.Text}),
	api.Op(http.MethodDelete, "/v1/organizations/{}/memberships/{}", (*Clerk).removeMembership),
	api.Op(http.MethodGet, "/v1/organization_memberships", (*Clerk).listAllMemberships).Asks(api.Ordered),
}

// membershipOrders are the fields of order_by besides created_at.
var membershipOrders = map[string]func(a, b *User) int{
	"email_address": userOrders["email_address"], "username": userOrders["username"],
	"first_name": userOrders["first_name"],
	"last_name":  userOrders["last_name"], "phone_number": userOrders["phone_number"],
}

func (c *Clerk) listMemberships(call *api.Call) (any, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	filter, failure := c.userFilter(call)
	if failure != nil {
		return nil, failure
	}
	roles, failure := call.List("role")
	if failure != nil {
		return nil, failure
	}
	var matching []*Membership
	for _, membership := range c.index.membershipsOf[organization.ID] {
		if filter.matches(c.user(membership.User)) && (len(roles) == 0 || slices.Contains(roles, membership.Role)) {
			matching = append(matching, membership)
		}
	}
	return c.memberships(call, matching)
}

func (c *Clerk) listAllMemberships(call *api.Call) (any, *api.Error) {
	return c.memberships(call, slices.Collect(c.state.Memberships.Oldest()))
}

func (c *Clerk) listUserMemberships(call *api.Call) (any, *api.Error) {
	if c.user(call.Path[0]) == nil {
		return nil, noUser(call.Path[0])
	}
	return c.memberships(call, slices.Clone(c.index.membershipsOf[call.Path[0]]))
}

// memberships shows a page of a list, which it may reorder. The list is oldest
// first.
func (c *Clerk) memberships(call *api.Call, matching []*Membership) (any, *api.Error) {
	limit, offset, failure := call.Bounds()
	if failure != nil {
		return nil, failure
	}
	order, descending := call.Order()
	if order != "created_at" {
		compare := membershipOrders[order]
		if compare == nil {
			return nil, api.InvalidValue("order_by", order)
		}
		slices.SortStableFunc(matching, func(a, b *Membership) int { return compare(c.user(a.User), c.user(b.User)) })
	}
	if descending {
		slices.Reverse(matching)
	}
	return listed(matching, limit, offset, c.showMembership), nil
}

func (c *Clerk) createMembership(call *api.Call) (any, *api.Error) {
	if failure := call.Needs("user_id", "role"); failure != nil {
		return nil, failure
	}
	place := Membership{Role: call.Text("role")}
	if failure := applyMetadata(call.Body, place.metadata(), replaced); failure != nil {
		return nil, failure
	}
	membership, failure := c.join(call.Path[0], call.Text("user_id"), place)
	if failure != nil {
		return nil, failure
	}
	return c.showMembership(membership), nil
}

// membershipAt returns the membership in the path.
func (c *Clerk) membershipAt(call *api.Call) (*Membership, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	if membership := c.membership(organization.ID, call.Path[1]); membership != nil {
		return membership, nil
	}
	return nil, noMembership()
}

func (c *Clerk) updateMembership(call *api.Call) (any, *api.Error) {
	membership, failure := c.membershipAt(call)
	if failure != nil {
		return nil, failure
	}
	if failure := call.Needs("role"); failure != nil {
		return nil, failure
	}
	if failure := c.setRole(membership, call.Text("role")); failure != nil {
		return nil, failure
	}
	return c.showMembership(membership), nil
}

func (c *Clerk) removeMembership(call *api.Call) (any, *api.Error) {
	membership, failure := c.membershipAt(call)
	if failure != nil {
		return nil, failure
	}
	shown, failure := c.leave(membership)
	if failure != nil {
		return nil, failure
	}
	return shown, nil
}
