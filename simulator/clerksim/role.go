package clerksim

import (
	"slices"
	"strings"
	"time"
)

// Role is a set of permissions that members of organizations can have.
type Role struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	RoleKey     string    `json:"key"`
	Description string    `json:"description"`
	Permissions []string  `json:"permissions"` // ids, in the order in which they were assigned
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// Key returns the id.
func (r *Role) Key() string { return r.ID }

// Permission is a right that roles can grant.
type Permission struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	PermissionKey string    `json:"key"`
	Description   string    `json:"description"`
	System        bool      `json:"system"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

// Key returns the id.
func (p *Permission) Key() string { return p.ID }

// The roles of a new instance. The creator of an organization becomes an admin.
const (
	adminRole  = "org:admin"
	memberRole = "org:member"
)

// System permissions that the simulator checks.
const (
	manageMembers       = "org:sys_memberships:manage"
	readMembers         = "org:sys_memberships:read"
	readBilling         = "org:sys_billing:read"
	manageOrganization  = "org:sys_profile:manage"
	deleteOrganizations = "org:sys_profile:delete"
)

// systemPermissions are defined by Clerk. Session tokens do not have them.
var systemPermissions = []struct{ key, name string }{
	{manageOrganization, "Manage organization"}, {deleteOrganizations, "Delete organization"},
	{readMembers, "Read members"}, {manageMembers, "Manage members"},
	{"org:sys_domains:read", "Read domains"}, {"org:sys_domains:manage", "Manage domains"}, {readBilling, "Read billing"},
	{"org:sys_billing:manage", "Manage billing"}, {"org:sys_entconns:manage", "Manage enterprise connections"},
}

// addSystemRoles creates the roles and permissions of a new instance, without
// events.
func (c *Clerk) addSystemRoles() {
	admin := &Role{ID: c.world.NewID("role_2", 26), Name: "Admin", RoleKey: adminRole,
		Description: "Role with elevated permissions", CreatedAt: c.now(), UpdatedAt: c.now()}
	member := &Role{ID: c.world.NewID("role_2", 26), Name: "Member", RoleKey: memberRole,
		Description: "Role with non-privileged access to the organization", CreatedAt: c.now(), UpdatedAt: c.now()}
	for _, system := range systemPermissions {
		permission := c.state.Permissions.Add(&Permission{ID: c.world.NewID("perm_2", 26), Name: system.name,
			PermissionKey: system.key,
			Description:   "System permission: " + strings.ToLower(system.name), System: true, CreatedAt: c.now(),
			UpdatedAt: c.now()})
		admin.Permissions = append(admin.Permissions, permission.ID)
		if system.key == readMembers || system.key == readBilling {
			member.Permissions = append(member.Permissions, permission.ID)
		}
	}
	c.state.Roles.Add(admin)
	c.state.Roles.Add(member)
}

// role finds a role by key. It scans, because an instance has at most ten roles.
func (c *Clerk) role(key string) *Role {
	return c.state.Roles.Find(func(r *Role) bool { return r.RoleKey == key })
}

func (c *Clerk) permissionsOf(role *Role) []*Permission {
	permissions := make([]*Permission, 0, len(role.Permissions))
	for _, id := range role.Permissions {
		permissions = append(permissions, c.state.Permissions.Get(id))
	}
	return permissions
}

func (c *Clerk) permissionKeys(role *Role) []string {
	keys := make([]string, 0, len(role.Permissions))
	for _, permission := range c.permissionsOf(role) {
		keys = append(keys, permission.PermissionKey)
	}
	return keys
}

func (c *Clerk) grants(role *Role, permission string) bool {
	return slices.Contains(c.permissionKeys(role), permission)
}

// mayCreate reports whether a role has the permissions that Clerk requires of an
// organization's creator. At least one member must always have them.
func (c *Clerk) mayCreate(role *Role) bool {
	return c.grants(role, manageMembers) && c.grants(role, readMembers) && c.grants(role, deleteOrganizations)
}

func (c *Clerk) showRole(r *Role) object {
	return object{"object": "role", "id": r.ID, "name": r.Name, "key": r.RoleKey, "description": r.Description,
		"is_creator_eligible": c.mayCreate(r), "permissions": each(c.permissionsOf(r), showPermission),
		"created_at": r.CreatedAt.UnixMilli(), "updated_at": r.UpdatedAt.UnixMilli()}
}

func showPermission(p *Permission) object {
	kind := "custom"
	if p.System {
		kind = "system"
	}
	return object{"object": "permission", "id": p.ID, "name": p.Name, "key": p.PermissionKey,
		"description": p.Description, "type": kind, "created_at": p.CreatedAt.UnixMilli(),
		"updated_at": p.UpdatedAt.UnixMilli()}
}

func showDeleted(kind, id string) object { return object{"object": kind, "id": id, "deleted": true} }
