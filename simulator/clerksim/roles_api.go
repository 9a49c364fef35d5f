package clerksim

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// Role sets are not simulated. Every organization can use every role, so
// include_in_initial_role_set has no visible effect.
var roleRoutes = []route{
	api.Op(http.MethodGet, "/v1/organization_roles", (*Clerk).listRoles).Asks(api.Ordered, []string{"query"}),
	api.Op(http.MethodPost, "/v1/organization_roles", (*Clerk).createRole).
		Takes(api.Fields{"name": api.Text, "key": api.Text, "description": api.Text, "permissions": api.Texts,
			"include_in_initial_role_set": api.Flag}),
	api.Op(http.MethodGet, "/v1/organization_roles/{}", (*Clerk).retrieveRole),
	api.Op(http.MethodPatch, "/v1/organization_roles/{}", (*Clerk).updateRole).Takes(api.Fields{
		"name": api.Text, "key": api.Text, "description": api.Text, "permissions": api.Texts}),
	api.Op(http.MethodDelete, "/v1/organization_roles/{}", (*Clerk).deleteRole),
	api.Op(http.MethodPost, "/v1/organization_roles/{}/permissions/{}", (*Clerk).assignPermission),
	api.Op(http.MethodDelete, "/v1/organization_roles/{}/permissions/{}", (*Clerk).withdrawPermission),
}

var roleKeys = regexp.MustCompile(`^org:[a-z0-9_]+$`)

// maxRoles is the limit for one instance.
const maxRoles = 10

func (c *Clerk) roleAt(call *api.Call) (*Role, *api.Error) {
	if role := c.state.Roles.Get(call.Path[0]); role != nil {
		return role, nil
	}
	return nil, noRole("")
}

// applyRole changes the fields that the request has, or nothing if it refuses one.
func (c *Clerk) applyRole(call *api.Call, role *Role) *api.Error {
	if key := call.Text("key"); key != "" {
		if !roleKeys.MatchString(key) {
			return api.Unprocessable("key", "form_param_format_invalid", "is invalid",
				"key must start with 'org:' and contain only lowercase alphanumeric characters and underscores.")
		}
		if other := c.role(key); other != nil && other.ID != role.ID {
			return api.Taken("key", "key")
		}
	}
	for _, id := range call.Texts("permissions") {
		if c.state.Permissions.Get(id) == nil {
			return noPermission()
		}
	}
	changed := *role
	if call.Body["permissions"] != nil {
		changed.Permissions = slices.Compact(call.Texts("permissions"))
	}
	if failure := c.keepsCreator(role, &changed); failure != nil {
		return failure
	}
	changed.Name, changed.RoleKey = cmp.Or(call.Text("name"), role.Name), cmp.Or(call.Text("key"), role.RoleKey)
	if call.Sent("description") {
		changed.Description = call.Text("description")
	}
	*role = changed
	return nil
}

// keepsCreator refuses to remove permissions from the admin role that a creator
// needs.
func (c *Clerk) keepsCreator(role, changed *Role) *api.Error {
	if role.RoleKey == adminRole && !c.mayCreate(changed) {
		return api.Unprocessable("", "organization_missing_creator_role_permissions", "missing permissions for creator role",
			"The creator role must contain the following permissions: %s",
			strings.Join([]string{manageMembers, readMembers, deleteOrganizations}, ", "))
	}
	return nil
}

func (c *Clerk) createRole(call *api.Call) (any, *api.Error) {
	if failure := call.Needs("name", "key"); failure != nil {
		return nil, failure
	}
	if c.state.Roles.Len() >= maxRoles {
		return nil, api.Forbidden("organization_instance_roles_quota_exceeded", "organization roles for instance quota exceeded",
			"You have reached your limit of %d organization roles per instance.", maxRoles)
	}
	role := &Role{ID: c.world.NewID("role_2", 26), CreatedAt: c.now(), UpdatedAt: c.now()}
	if failure := c.applyRole(call, role); failure != nil {
		return nil, failure
	}
	c.state.Roles.Add(role)
	c.emit("role.created", c.showRole(role))
	return c.showRole(role), nil
}

func (c *Clerk) retrieveRole(call *api.Call) (any, *api.Error) {
	role, failure := c.roleAt(call)
	if failure != nil {
		return nil, failure
	}
	return c.showRole(role), nil
}

func (c *Clerk) updateRole(call *api.Call) (any, *api.Error) {
	role, failure := c.roleAt(call)
	if failure != nil {
		return nil, failure
	}
	if key := call.Text("key"); key != "" && key != role.RoleKey &&
		(role.RoleKey == adminRole || role.RoleKey == memberRole) {
		return nil, api.Unprocessable("key", "form_param_value_invalid", "is invalid",
			"The simulator cannot rename the creator's role and the default role. Clerk can.")
	}
	old := role.RoleKey
	if failure := c.applyRole(call, role); failure != nil {
		return nil, failure
	}
	c.renameRole(old, role.RoleKey)
	c.roleUpdated(role)
	return c.showRole(role), nil
}

// renameRole updates the role of members and invitations.
func (c *Clerk) renameRole(from, to string) {
	if from == to {
		return
	}
	for membership := range c.state.Memberships.Oldest() {
		if membership.Role == from {
			membership.Role = to
		}
	}
	for invitation := range c.state.Invitations.Oldest() {
		if invitation.Role == from {
			invitation.Role = to
		}
	}
	c.index.membershipsWithRole[to] = c.index.membershipsWithRole[from]
	delete(c.index.membershipsWithRole, from)
}

func (c *Clerk) roleUpdated(role *Role) {
	role.UpdatedAt = c.now()
	c.emit("role.updated", c.showRole(role))
}

func (c *Clerk) deleteRole(call *api.Call) (any, *api.Error) {
	role, failure := c.roleAt(call)
	if failure != nil {
		return nil, failure
	}
	refuse := func(code, message, long string) (any, *api.Error) {
		return nil, api.Unprocessable("", code, message, "%s", long)
	}
	switch {
	case role.RoleKey == adminRole:
		return refuse("organization_role_default_creator_role", "role is used as the creator role",
			"The organization role cannot be deleted as it is currently used as the creator role.")
	case role.RoleKey == memberRole:
		return refuse("organization_role_domain_default_role", "role is used as the domain default role",
			"The organization role cannot be deleted as it is currently used as the default domain role.")
	case c.index.membershipsWithRole[role.RoleKey] > 0:
		return refuse("organization_role_assigned_members", "role is assigned to organization members",
			"The organization role is currently assigned to one or more organization members.")
	case c.state.Invitations.Find(func(i *Invitation) bool { return i.Role == role.RoleKey }) != nil:
		return refuse("organization_role_exists_in_invitations", "role exists in pending organization invitations",
			"The organization role exists in one or more pending organization invitations. Please revoke these invitations to proceed.")
	}
	c.state.Roles.Remove(role.ID)
	c.emit("role.deleted", object{"object": "role", "id": role.ID, "slug": nil, "deleted": true})
	return showDeleted("role", role.ID), nil
}

func (c *Clerk) assignPermission(call *api.Call) (any, *api.Error) {
	role, failure := c.roleAt(call)
	if failure != nil {
		return nil, failure
	}
	switch permission := call.Path[1]; {
	case c.state.Permissions.Get(permission) == nil:
		return nil, noPermission()
	case slices.Contains(role.Permissions, permission):
		return nil, &api.Error{Status: http.StatusConflict, Code: "organization_role_permission_association_exists",
			Message: "permission already assigned to role",
			Long:    "This organization permission is already associated to this organization role."}
	default:
		role.Permissions = append(slices.Clone(role.Permissions), permission)
	}
	c.roleUpdated(role)
	return c.showRole(role), nil
}

func (c *Clerk) withdrawPermission(call *api.Call) (any, *api.Error) {
	role, failure := c.roleAt(call)
	if failure != nil {
		return nil, failure
	}
	if !slices.Contains(role.Permissions, call.Path[1]) {
		return nil, noPermission()
	}
	changed := *role
	changed.Permissions = slices.DeleteFunc(slices.Clone(role.Permissions),
		func(id string) bool { return id == call.Path[1] })
	if failure := c.keepsCreator(role, &changed); failure != nil {
		return nil, failure
	}
	*role = changed
	c.roleUpdated(role)
	return c.showRole(role), nil
}

func (c *Clerk) listRoles(call *api.Call) (any, *api.Error) {
	return keyedList(call, slices.Collect(c.state.Roles.Oldest()), func(r *Role) (string, string, string) {
		return r.ID,
			r.Name, r.RoleKey
	}, c.showRole)
}

// keyedList lists roles or permissions, newest first. A query matches the exact id,
// or part of the name or key.
func keyedList[T any](call *api.Call, all []T, names func(T) (id, name, key string),
	show func(T) object) (any, *api.Error) {
	limit, offset, failure := call.Bounds()
	if failure != nil {
		return nil, failure
	}
	query := strings.ToLower(call.Query.Get("query"))
	all = slices.DeleteFunc(all, func(item T) bool {
		id, name, key := names(item)
		return query != "" && query != strings.ToLower(id) && !strings.Contains(strings.ToLower(name+"\n"+key), query)
	})
	order, descending := call.Order()
	switch order {
	case "created_at":
	case "name", "key":
		slices.SortStableFunc(all, func(a, b T) int {
			_, nameA, keyA := names(a)
			_, nameB, keyB := names(b)
			if order == "name" {
				return cmp.Compare(nameA, nameB)
			}
			return cmp.Compare(keyA, keyB)
		})
	default:
		return nil, api.InvalidValue("order_by", order)
	}
	if descending {
		slices.Reverse(all)
	}
	return listed(all, limit, offset, show), nil
}
