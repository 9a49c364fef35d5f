package clerksim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/jwks"
	"github.com/clerk/clerk-sdk-go/v2/jwt"
	"github.com/clerk/clerk-sdk-go/v2/organizationpermission"
	"github.com/clerk/clerk-sdk-go/v2/organizationrole"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

func TestClerkGoReadsCustomPermissionsFromTheToken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		config := simharness.ClerkConfig(simharness.ClerkHost, b.HTTP)
		permissions, roles := organizationpermission.NewClient(config), organizationrole.NewClient(config)
		ids := map[string]string{}
		for _, key := range []string{"org:teams:read", "org:dashboard:manage", "org:dashboard:read", "org:teams:burn"} {
			made, err := permissions.Create(t.Context(), &organizationpermission.CreateParams{Name: clerk.String("May " + key),
				Key: &key})
			if err != nil || made.Type != "custom" {
				t.Fatalf("permission %+v, %v", made, err)
			}
			ids[key] = made.ID
		}
		given := []string{ids["org:teams:read"], ids["org:dashboard:manage"]}
		role, err := roles.Create(t.Context(), &organizationrole.CreateParams{Name: clerk.String("Editor"),
			Key: clerk.String("org:editor"), Permissions: &given})
		if err != nil || role.IsCreatorEligible || len(role.Permissions) != 2 {
			t.Fatalf("role %+v, %v", role, err)
		}
		if _, err := roles.AssignPermission(t.Context(), role.ID, ids["org:dashboard:read"]); err != nil {
			t.Fatal(err)
		}
		if _, err := roles.AssignPermission(t.Context(), role.ID,
			ids["org:dashboard:read"]); clerkCode(err) != "organization_role_permission_association_exists" {
			t.Errorf("assigned twice: %v", err)
		}
		editor := b.person("editor@example.com")
		if err := b.AddMember(acme.ID, editor.ID, "org:editor"); err != nil {
			t.Fatal(err)
		}
		verify := func(userID string) *clerk.SessionClaims {
			t.Helper()
			token, err := b.SessionToken(userID, acme.ID)
			if err != nil {
				t.Fatal(err)
			}
			claims, err := jwt.Verify(t.Context(), &jwt.VerifyParams{Token: token, JWKSClient: jwks.NewClient(config),
				ProxyURL: clerk.String(simharness.ClerkHost)})
			if err != nil {
				t.Fatal(err)
			}
			return claims
		}
		claims := verify(editor.ID)
		got := slices.Sorted(slices.Values(claims.ActiveOrganizationPermissions))
		if diff := cmp.Diff([]string{"org:dashboard:manage", "org:dashboard:read", "org:teams:read"}, got); diff != "" ||
			claims.ActiveOrganizationRole != "org:editor" {
			t.Errorf("as %s (-want +got):\n%s", claims.ActiveOrganizationRole, diff)
		}
		// Tokens contain no system permissions.
		if claims := verify(admin.ID); len(claims.ActiveOrganizationPermissions) != 0 ||
			claims.ActiveOrganizationRole != "org:admin" {
			t.Errorf("the admin's token has %v", claims.ActiveOrganizationPermissions)
		}
		token, err := b.SessionToken(editor.ID, acme.ID)
		if err != nil {
			t.Fatal(err)
		}
		// The example in Clerk's documentation.
		payload := payload(t, token)
		o, _ := payload["o"].(map[string]any)
		if payload["fea"] != "o:dashboard,o:teams" || o["per"] != "manage,read" || o["fpm"] != "3,2" || o["rol"] != "editor" {
			t.Errorf("the token says %v", payload)
		}
		rolesKeepTheirRules(t, b, roles, permissions, role.ID, ids["org:teams:burn"])
	})
}

func rolesKeepTheirRules(t *testing.T, b *bench, roles *organizationrole.Client,
	permissions *organizationpermission.Client, editor, spare string) {
	t.Helper()
	list, err := roles.List(t.Context(), &organizationrole.ListParams{})
	if err != nil || list.TotalCount != 3 {
		t.Fatalf("roles are %+v, %v", list, err)
	}
	byKey := map[string]*clerk.OrganizationRole{}
	for _, role := range list.OrganizationRoles {
		byKey[role.Key] = role
	}
	if !byKey["org:admin"].IsCreatorEligible || len(byKey["org:admin"].Permissions) != 9 ||
		len(byKey["org:member"].Permissions) != 2 {
		t.Errorf("the roles to begin with are %+v", byKey)
	}
	for id, code := range map[string]string{byKey["org:admin"].ID: "organization_role_default_creator_role",
		byKey["org:member"].ID: "organization_role_domain_default_role",
		editor:                 "organization_role_assigned_members", "role_x": "resource_not_found"} {
		if _, err := roles.Delete(t.Context(), id); clerkCode(err) != code {
			t.Errorf("deleting %s: %v, want %s", id, err, code)
		}
	}
	system := byKey["org:member"].Permissions[0].ID
	if _, err := permissions.Delete(t.Context(), system); clerkCode(
		err) != "organization_system_permission_not_modifiable" {
		t.Errorf("a system permission is deleted: %v", err)
	}
	for _, permission := range byKey["org:admin"].Permissions {
		if permission.Key == "org:sys_memberships:manage" {
			if _, err := roles.RemovePermission(t.Context(), byKey["org:admin"].ID,
				permission.ID); clerkCode(err) != "organization_missing_creator_role_permissions" {
				t.Errorf("the creator's role loses what it needs: %v", err)
			}
		}
	}
	b.backend("POST", "/organization_roles", `{"name":"x","key":"editor"}`).refused(422, "form_param_format_invalid")
	b.backend("POST", "/organization_roles", `{"name":"x","key":"org:editor"}`).refused(422, "form_identifier_exists")
	b.backend("POST", "/organization_permissions", `{"name":"x","key":"org:editor"}`).refused(422,
		"form_param_format_invalid")
	// Members keep a renamed role. A role loses a deleted permission.
	b.backend("PATCH", "/organization_roles/"+editor, `{"key":"org:writer","permissions":["`+spare+`"]}`).ok()
	if got := b.backend("GET", "/organization_memberships?limit=1", "").ok(); got.at("data.0.role") != "org:writer" ||
		got.at("data.0.permissions.0") != "org:teams:burn" {
		t.Errorf("the member of the renamed role is %v", got.value)
	}
	if _, err := permissions.Delete(t.Context(), spare); err != nil {
		t.Error(err)
	}
	if got := b.backend("GET", "/organization_roles/"+editor, "").ok(); len(got.at("permissions").([]any)) != 0 {
		t.Errorf("after its permission was deleted the role has %v", got.value)
	}
	for range 7 {
		b.backend("POST", "/organization_roles", fmt.Sprintf(`{"name":"x","key":"org:r%d"}`, len(b.History()))).ok()
	}
	b.backend("POST", "/organization_roles", `{"name":"x","key":"org:one_too_many"}`).refused(403,
		"organization_instance_roles_quota_exceeded")
	want := []string{"permission.created", "permission.created", "permission.created", "permission.created",
		"role.created", "role.updated"}
	var got []string
	for _, kind := range b.inboxKinds() {
		if strings.HasPrefix(kind, "role.") || strings.HasPrefix(kind, "permission.") {
			got = append(got, kind)
		}
	}
	if diff := cmp.Diff(append(want, "role.updated", "permission.deleted"), got[:min(8, len(got))]); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
}
