package clerksim_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// everything triggers each webhook that the simulator can send.
func everything(t *testing.T, b *bench) {
	t.Helper()
	made := b.backend("POST", "/users", `{"email_address":["ada@example.com"],"external_id":"crm-1","first_name":"Ada","last_name":"L","password":"correct horse","legal_accepted_at":"1999-01-01T00:00:00Z"}`).ok()
	b.backend("PATCH", "/users/"+made.text("id")+"/metadata", `{"public_metadata":{"plan":"pro"}}`).ok()
	v, other := b.browser(), b.browser()
	v.post("/sign-in", "email", "ada@example.com").went()
	other.post("/sign-in", "email", "ada@example.com").went()
	v.post("/user", "action", "organization", "name", "Acme").went()
	acme := b.Organizations()[0]
	b.backend("PATCH", "/organizations/"+acme.ID, `{"max_allowed_memberships":5}`).ok()
	link, err := b.Invite(acme.ID, "guest@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	b.browser().post(link).went()
	if _, err := b.Invite(acme.ID, "late@example.com", ""); err != nil {
		t.Fatal(err)
	}
	late := b.backend("GET", "/organizations/"+acme.ID+"/invitations/pending", "").ok().text("data.0.id")
	b.backend("POST", "/organizations/"+acme.ID+"/invitations/"+late+"/revoke", "").ok()
	permission := b.backend("POST", "/organization_permissions",
		`{"name":"Read","key":"org:posts:read","description":"Reads posts"}`).ok().text("id")
	b.backend("PATCH", "/organization_permissions/"+permission, `{"description":"Reads all posts"}`).ok()
	role := b.backend("POST", "/organization_roles", `{"name":"Editor","key":"org:editor","description":"Edits","permissions":["`+permission+`"]}`).ok().text("id")
	b.backend("PATCH", "/organization_roles/"+role, `{"name":"Writer"}`).ok()
	for _, user := range b.Users() {
		if user.Email == "guest@example.com" {
			b.backend("PATCH", "/organizations/"+acme.ID+"/memberships/"+user.ID, `{"role":"org:editor"}`).ok()
			b.backend("DELETE", "/organizations/"+acme.ID+"/memberships/"+user.ID, "").ok()
		}
	}
	b.backend("DELETE", "/organization_roles/"+role, "").ok()
	b.backend("DELETE", "/organization_permissions/"+permission, "").ok()
	other.open("/sign-out")
	for _, each := range b.backend("GET", "/sessions?status=active&user_id="+made.text("id"), "").ok().all("id") {
		b.backend("POST", "/sessions/"+each+"/revoke", "").ok()
	}
	if err := b.DeleteOrganization(acme.ID); err != nil {
		t.Fatal(err)
	}
	b.backend("DELETE", "/users/"+made.text("id"), "").ok()
	b.Settle()
}

// notInExamples are members of webhooks that Clerk's published examples lack, with our
// reason to send them.
var notInExamples = map[string]string{
	"user.locale":                   "in the Backend API's document of the same object",
	"user.password_last_updated_at": "in the Backend API's document of the same object",
	"user.bypass_client_trust":      "in the Backend API's document of the same object",
	"role.is_creator_eligible":      "in the example of role.created and in the document, not in that of role.updated",
}

// otherTypes are members whose example has another type.
var otherTypes = map[string]string{
	"user.legal_accepted_at":               "a time, or null for who never accepted",
	"user.private_metadata":                "an object, in one example null",
	"user.verification_attempts_remaining": "a number, in the example null, as where there is no lockout",
	"user.password_last_updated_at":        "a time, or null without a password",
	"user.last_sign_in_at":                 "a time, or null before the first",
	"user.last_active_at":                  "a time, or null before the first",
	"user.external_id":                     "a text, in the example null",
	"user.first_name":                      "a text, or null without a name",
	"user.last_name":                       "a text, or null without a name",
	"session.latest_activity":              "null: no browser is looked at; one example has the activity",
	"session.last_active_organization_id":  "a text, or null",
	"public_user_data.first_name":          "a text, or null without a name",
	"public_user_data.last_name":           "a text, or null without a name",
	"user.username":                        "null, or a text",
	"user.mfa_enabled_at":                  "null: there are no second factors",
}

// alike compares a webhook's data with an example's, member by member.
func alike(t *testing.T, kind, at string, got, want map[string]any) {
	t.Helper()
	name := at
	if object, ok := got["object"].(string); ok {
		name = object
	}
	for member, value := range got {
		example, there := want[member]
		if !there {
			if notInExamples[name+"."+member] == "" {
				t.Errorf("%s: %s.%s is in no example", kind, name, member)
			}
			continue
		}
		if a, b := fmt.Sprintf("%T", value), fmt.Sprintf("%T", example); a != b && otherTypes[name+"."+member] == "" {
			t.Errorf("%s: %s.%s is %s, in the example %s", kind, name, member, a, b)
		}
		nested, isObject := value.(map[string]any)
		exampleNested, exampleIsObject := example.(map[string]any)
		if isObject && exampleIsObject && !strings.HasSuffix(member, "_metadata") {
			alike(t, kind, member, nested, exampleNested)
		}
	}
	for member := range want {
		if _, there := got[member]; !there {
			t.Errorf("%s: %s.%s of the example is missing", kind, name, member)
		}
	}
}

func TestWebhooksAreLikeClerksExamples(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("LOCKSTEP_SHARED")
	if shared == "" {
		t.Skip("LOCKSTEP_SHARED does not say where Clerk's examples are")
	}
	inBubble(t, func(t *testing.T, b *bench) {
		everything(t, b)
		seen := map[string]bool{}
		for _, in := range b.Inbox.All() {
			seen[in.Kind] = true
			raw, err := os.ReadFile(filepath.Join(shared, "payloads", "clerk", in.Kind+".json"))
			if err != nil {
				t.Errorf("%s has no example: %v", in.Kind, err)
				continue
			}
			var got, want map[string]any
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(in.Body, &got); err != nil {
				t.Fatal(err)
			}
			gotData, _ := got["data"].(map[string]any)
			wantData, _ := want["data"].(map[string]any)
			alike(t, in.Kind, "data", gotData, wantData)
			got["data"], want["data"] = nil, nil
			alike(t, in.Kind, "envelope", got, want)
		}
		if len(seen) < 20 {
			t.Errorf("only %d types were compared: %v", len(seen), seen)
		}
	})
}

func TestEveryChangeIsToldInOrder(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		everything(t, b)
		want := []string{"user.created", "user.updated", "session.created", "session.created", "organization.created",
			"organizationMembership.created", "organization.updated",
			"organizationInvitation.created", "user.created", "organizationInvitation.accepted",
			"organizationMembership.created", "session.created",
			"organizationInvitation.created", "organizationInvitation.revoked", "permission.created", "permission.updated",
			"role.created", "role.updated",
			"organizationMembership.updated", "organizationMembership.deleted", "role.deleted", "permission.deleted",
			"session.ended", "session.revoked",
			"organizationMembership.deleted", "organization.deleted", "user.deleted"}
		if diff := cmp.Diff(want, b.Inbox.Kinds()); diff != "" {
			t.Errorf("webhooks (-want +got):\n%s", diff)
		}
		if data := b.data("user.deleted"); data["external_id"] != "crm-1" || data["deleted"] != true || len(data) != 4 {
			t.Errorf("the deleted user is %v", data)
		}
		if data := b.data("organization.deleted"); data["slug"] != "acme" || len(data) != 4 {
			t.Errorf("the deleted organization is %v", data)
		}
	})
}

func TestTheEnvelopeIsSpelledAsConfigured(t *testing.T) {
	t.Parallel()
	stamp := func(b *bench) (in simharness.Received, stamp int64) {
		b.Advance(time.Hour)
		request := b.backend("POST", "/users", `{"username":"ada_l"}`, "User-Agent", "my-app/1.0").ok()
		b.Settle()
		in = b.Inbox.All()[0]
		var envelope struct {
			Timestamp       int64
			EventAttributes struct {
				HTTPRequest struct {
					UserAgent string `json:"user_agent"`
				} `json:"http_request"`
			} `json:"event_attributes"`
		}
		if err := json.Unmarshal(in.Body, &envelope); err != nil {
			t.Fatal(err)
		}
		if got := envelope.EventAttributes.HTTPRequest.UserAgent; got != "my-app/1.0" {
			t.Errorf("%s was caused by %q", request.text("id"), got)
		}
		return in, envelope.Timestamp
	}
	inBubble(t, func(t *testing.T, b *bench) {
		in, got := stamp(b)
		if got != b.Now().Truncate(time.Hour).UnixMilli() || in.Header.Get("Webhook-Id") != "" {
			t.Errorf("by default it is dated %d with %v", got, in.Header)
		}
	})
	change := func(c *simulator.Config) {
		c.ClerkInstance.SecondsInWebhooks, c.ClerkInstance.StandardWebhookHeaders = true, true
	}
	inConfiguredBubble(t, change, func(t *testing.T, b *bench) {
		in, got := stamp(b)
		if got != b.Now().Truncate(time.Hour).Unix() {
			t.Errorf("in seconds it is dated %d", got)
		}
		for _, name := range []string{"Id", "Timestamp", "Signature"} {
			if value := in.Header.Get("Webhook-" + name); value == "" || value != in.Header.Get("Svix-"+name) {
				t.Errorf("Webhook-%s is %q", name, value)
			}
		}
	})
}

func TestClerksStateSurvivesASave(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		link, err := b.Invite(acme.ID, "guest@example.com", "org:admin")
		if err != nil {
			t.Fatal(err)
		}
		b.backend("POST", "/email_addresses", `{"user_id":"`+admin.ID+`","email_address":"second@example.com","verified":true}`).ok()
		b.backend("POST", "/jwt_templates", `{"name":"mine","claims":{"a":1}}`).ok()
		b.backend("POST", "/organization_roles", `{"name":"Editor","key":"org:editor"}`).ok()
		var file strings.Builder
		if err := b.Save(&file); err != nil {
			t.Fatal(err)
		}
		if err := b.DeleteOrganization(acme.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.Load(strings.NewReader(file.String())); err != nil {
			t.Fatal(err)
		}
		v := b.browser()
		v.post("/sign-in", "email", "second@example.com").went() // found by the other address
		if page := v.open("/organization/" + acme.ID); !strings.Contains(page.Says("main"), "guest@example.com") {
			t.Errorf("the organization's page says %s", page.Says("main"))
		}
		b.browser().post(link).went()
		if got := b.backend("GET", "/organizations/acme?include_members_count=true",
			"").ok(); got.at("members_count") != 2.0 {
			t.Errorf("the organization is %v", got.value)
		}
		if got := b.backend("GET", "/jwt_templates", "").ok().all("name"); !slices.Equal(got, []string{"mine"}) {
			t.Errorf("templates are %v", got)
		}
		if got := b.backend("GET", "/organization_roles?order_by=key", "").ok().all("key"); !slices.Equal(got,
			[]string{"org:admin", "org:editor", "org:member"}) {
			t.Errorf("roles are %v", got)
		}
	})
}
