package clerksim

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

var permissionRoutes = []route{
	api.Op(http.MethodGet, "/v1/organization_permissions", (*Clerk).listPermissions).Asks(api.Ordered, []string{"query"}),
	api.Op(http.MethodPost, "/v1/organization_permissions", (*Clerk).createPermission).Takes(api.Fields{
		"name": api.Text, "key": api.Text, "description": api.Text}),
	api.Op(http.MethodGet, "/v1/organization_permissions/{}", (*Clerk).retrievePermission),
	api.Op(http.MethodPatch, "/v1/organization_permissions/{}", (*Clerk).updatePermission).Takes(api.Fields{
		"name": api.Text, "key": api.Text, "description": api.Text}),
	api.Op(http.MethodDelete, "/v1/organization_permissions/{}", (*Clerk).deletePermission),
}

var permissionKeys = regexp.MustCompile(`^org:[a-z0-9_]+:[a-z0-9_]+$`)

func noPermission() *api.Error { return api.NotFound("Organization permission not found") }

func (c *Clerk) permissionAt(call *api.Call) (*Permission, *api.Error) {
	if permission := c.state.Permissions.Get(call.Path[0]); permission != nil {
		return permission, nil
	}
	return nil, noPermission()
}

// changeable is permissionAt, except that it refuses system permissions.
func (c *Clerk) changeable(call *api.Call) (*Permission, *api.Error) {
	permission, failure := c.permissionAt(call)
	if failure == nil && permission.System {
		return nil, api.Forbidden("organization_system_permission_not_modifiable",
			"organization system permission cannot be modified",
			"This organization permission cannot be modified because it is a system permission.")
	}
	return permission, failure
}

func (c *Clerk) checkPermissionKey(key string, self *Permission) *api.Error {
	if !permissionKeys.MatchString(key) {
		return api.Unprocessable("key", "form_param_format_invalid", "is invalid",
			`key must have the format "org:feature:action".`)
	}
	other := c.state.Permissions.Find(func(p *Permission) bool { return p.PermissionKey == key })
	if other != nil && other != self {
		return api.Taken("key", "key")
	}
	return nil
}

func (c *Clerk) createPermission(call *api.Call) (any, *api.Error) {
	if failure := call.Needs("name", "key"); failure != nil {
		return nil, failure
	}
	if failure := c.checkPermissionKey(call.Text("key"), nil); failure != nil {
		return nil, failure
	}
	permission := c.state.Permissions.Add(&Permission{ID: c.world.NewID("perm_2", 26), Name: call.Text("name"),
		PermissionKey: call.Text("key"),
		Description:   call.Text("description"), CreatedAt: c.now(), UpdatedAt: c.now()})
	c.emit("permission.created", showPermission(permission))
	return showPermission(permission), nil
}

func (c *Clerk) retrievePermission(call *api.Call) (any, *api.Error) {
	permission, failure := c.permissionAt(call)
	if failure != nil {
		return nil, failure
	}
	return showPermission(permission), nil
}

func (c *Clerk) updatePermission(call *api.Call) (any, *api.Error) {
	permission, failure := c.changeable(call)
	if failure != nil {
		return nil, failure
	}
	if key := call.Text("key"); key != "" {
		if failure := c.checkPermissionKey(key, permission); failure != nil {
			return nil, failure
		}
		permission.PermissionKey = key
	}
	permission.Name = cmp.Or(call.Text("name"), permission.Name)
	if call.Sent("description") {
		permission.Description = call.Text("description")
	}
	permission.UpdatedAt = c.now()
	c.emit("permission.updated", showPermission(permission))
	return showPermission(permission), nil
}

// deletePermission also removes the permission from all roles.
func (c *Clerk) deletePermission(call *api.Call) (any, *api.Error) {
	permission, failure := c.changeable(call)
	if failure != nil {
		return nil, failure
	}
	for role := range c.state.Roles.Oldest() {
		role.Permissions = slices.DeleteFunc(role.Permissions, func(id string) bool { return id == permission.ID })
	}
	c.state.Permissions.Remove(permission.ID)
	deleted := showDeleted("permission", permission.ID)
	c.emit("permission.deleted", deleted)
	return deleted, nil
}

func (c *Clerk) listPermissions(call *api.Call) (any, *api.Error) {
	return keyedList(call, slices.Collect(c.state.Permissions.Oldest()),
		func(p *Permission) (string, string, string) { return p.ID, p.Name, p.PermissionKey }, showPermission)
}
