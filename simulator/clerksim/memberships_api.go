package clerksim

import (
	"net/http"
	"slices"
)

var membershipRoutes = []route{
	op(http.MethodGet, "/v1/organizations/{}/memberships", (*Clerk).listMemberships).asks(ordinary,
		[]string{"user_id", "email_address", "phone_number",
			"username", "web3_wallet", "role", "query", "email_address_query", "phone_number_query", "username_query",
			"name_query",
			"last_active_at_before", "last_active_at_after", "created_at_before", "created_at_after"}),
	op(http.MethodPost, "/v1/organizations/{}/memberships",
		(*Clerk).createMembership).takes(organizationMetadata.with(fields{"user_id": text, "role": text})),
	op(http.MethodPatch, "/v1/organizations/{}/memberships/{}", (*Clerk).updateMembership).updates("membership").takes(
		fields{"role": text}),
	op(http.MethodDelete, "/v1/organizations/{}/memberships/{}", (*Clerk).removeMembership),
	op(http.MethodGet, "/v1/organization_memberships", (*Clerk).listAllMemberships).asks(ordinary),
}

// membershipOrders are the fields of order_by besides created_at.
var membershipOrders = map[string]func(a, b *User) int{
	"email_address": userOrders["email_address"], "username": userOrders["username"],
	"first_name": userOrders["first_name"],
	"last_name":  userOrders["last_name"], "phone_number": userOrders["phone_number"],
}

func (c *Clerk) listMemberships(call *call) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	filter, failure := c.userFilter(call)
	if failure != nil {
		return nil, failure
	}
	roles, failure := call.list("role")
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

func (c *Clerk) listAllMemberships(call *call) (any, *Error) {
	return c.memberships(call, slices.Collect(c.state.Memberships.Oldest()))
}

func (c *Clerk) listUserMemberships(call *call) (any, *Error) {
	if c.user(call.path[0]) == nil {
		return nil, noUser(call.path[0])
	}
	return c.memberships(call, slices.Clone(c.index.membershipsOf[call.path[0]]))
}

// memberships shows a page of a list that is oldest first and the caller's own.
func (c *Clerk) memberships(call *call, matching []*Membership) (any, *Error) {
	limit, offset, failure := call.bounds()
	if failure != nil {
		return nil, failure
	}
	order, descending := call.order()
	if order != "created_at" {
		compare := membershipOrders[order]
		if compare == nil {
			return nil, invalidValue("order_by", order)
		}
		slices.SortStableFunc(matching, func(a, b *Membership) int { return compare(c.user(a.User), c.user(b.User)) })
	}
	if descending {
		slices.Reverse(matching)
	}
	return listed(matching, limit, offset, c.showMembership), nil
}

func (c *Clerk) createMembership(call *call) (any, *Error) {
	if failure := call.needs("user_id", "role"); failure != nil {
		return nil, failure
	}
	place := Membership{Role: call.text("role")}
	if failure := call.applyMetadata(place.metadata(), replaced); failure != nil {
		return nil, failure
	}
	membership, failure := c.join(call.path[0], call.text("user_id"), place)
	if failure != nil {
		return nil, failure
	}
	return c.showMembership(membership), nil
}

// membershipAt is the membership that the path names.
func (c *Clerk) membershipAt(call *call) (*Membership, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	if membership := c.membership(organization.ID, call.path[1]); membership != nil {
		return membership, nil
	}
	return nil, noMembership()
}

func (c *Clerk) updateMembership(call *call) (any, *Error) {
	membership, failure := c.membershipAt(call)
	if failure != nil {
		return nil, failure
	}
	if failure := call.needs("role"); failure != nil {
		return nil, failure
	}
	if failure := c.setRole(membership, call.text("role")); failure != nil {
		return nil, failure
	}
	return c.showMembership(membership), nil
}

func (c *Clerk) removeMembership(call *call) (any, *Error) {
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
