package clerksim

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
)

var permissionRoutes = []route{
	op(http.MethodGet, "/v1/organization_permissions", (*Clerk).listPermissions).asks(ordinary, []string{"query"}),
	op(http.MethodPost, "/v1/organization_permissions", (*Clerk).createPermission).takes(fields{"name": text, "key": text,
		"description": text}),
	op(http.MethodGet, "/v1/organization_permissions/{}", (*Clerk).retrievePermission),
	op(http.MethodPatch, "/v1/organization_permissions/{}", (*Clerk).updatePermission).takes(fields{"name": text,
		"key": text, "description": text}),
	op(http.MethodDelete, "/v1/organization_permissions/{}", (*Clerk).deletePermission),
}

var permissionKeys = regexp.MustCompile(`^org:[a-z0-9_]+:[a-z0-9_]+$`)

func noPermission() *Error { return missing("Organization permission not found") }

func (c *Clerk) permissionAt(call *call) (*Permission, *Error) {
	if permission := c.state.Permissions.Get(call.path[0]); permission != nil {
		return permission, nil
	}
	return nil, noPermission()
}

// changeable is permissionAt for those that are not Clerk's own.
func (c *Clerk) changeable(call *call) (*Permission, *Error) {
	permission, failure := c.permissionAt(call)
	if failure == nil && permission.System {
		return nil, forbidden("organization_system_permission_not_modifiable",
			"organization system permission cannot be modified",
			"This organization permission cannot be modified because it is a system permission.")
	}
	return permission, failure
}

func (c *Clerk) checkPermissionKey(key string, self *Permission) *Error {
	if !permissionKeys.MatchString(key) {
		return unprocessable("key", "form_param_format_invalid", "is invalid",
			`key must have the format "org:feature:action".`)
	}
	other := c.state.Permissions.Find(func(p *Permission) bool { return p.PermissionKey == key })
	if other != nil && other != self {
		return taken("key", "key")
	}
	return nil
}

func (c *Clerk) createPermission(call *call) (any, *Error) {
	if failure := call.needs("name", "key"); failure != nil {
		return nil, failure
	}
	if failure := c.checkPermissionKey(call.text("key"), nil); failure != nil {
		return nil, failure
	}
	permission := c.state.Permissions.Add(&Permission{ID: c.world.NewID("perm_2", 26), Name: call.text("name"),
		PermissionKey: call.text("key"),
		Description:   call.text("description"), CreatedAt: c.now(), UpdatedAt: c.now()})
	c.emit("permission.created", showPermission(permission))
	return showPermission(permission), nil
}

func (c *Clerk) retrievePermission(call *call) (any, *Error) {
	permission, failure := c.permissionAt(call)
	if failure != nil {
		return nil, failure
	}
	return showPermission(permission), nil
}

func (c *Clerk) updatePermission(call *call) (any, *Error) {
	permission, failure := c.changeable(call)
	if failure != nil {
		return nil, failure
	}
	if key := call.text("key"); key != "" {
		if failure := c.checkPermissionKey(key, permission); failure != nil {
			return nil, failure
		}
		permission.PermissionKey = key
	}
	permission.Name = cmp.Or(call.text("name"), permission.Name)
	if call.sent("description") {
		permission.Description = call.text("description")
	}
	permission.UpdatedAt = c.now()
	c.emit("permission.updated", showPermission(permission))
	return showPermission(permission), nil
}

// deletePermission takes it from the roles that have it, too.
func (c *Clerk) deletePermission(call *call) (any, *Error) {
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

func (c *Clerk) listPermissions(call *call) (any, *Error) {
	return keyedList(call, slices.Collect(c.state.Permissions.Oldest()),
		func(p *Permission) (string, string, string) { return p.ID, p.Name, p.PermissionKey }, showPermission)
}
