package clerksim_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/organization"
	"github.com/clerk/clerk-sdk-go/v2/organizationmembership"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestOrganizationsAreListedByEveryFilter(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ada, eve := b.person("ada@example.com"), b.person("eve@example.com")
		ids := map[string]string{}
		for i, name := range []string{"Cherry", "Apple", "Banana"} {
			made, err := b.CreateOrganization(name, []string{ada.ID, eve.ID, ada.ID}[i])
			if err != nil {
				t.Fatal(err)
			}
			ids[name] = made.ID
			time.Sleep(time.Minute)
		}
		if err := b.AddMember(ids["Apple"], ada.ID, ""); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]string{
			"":                          "Banana Apple Cherry",
			"order_by=created_at":       "Cherry Apple Banana",
			"order_by=name":             "Apple Banana Cherry",
			"order_by=-name":            "Cherry Banana Apple",
			"order_by=-members_count":   "Apple Banana Cherry",
			"limit=1&offset=1":          "Apple",
			"query=AN":                  "Banana",
			"query=" + ids["Apple"]:     "Apple",
			"query=" + ids["Apple"][:9]: "", // an id must be whole
			"user_id=" + eve.ID:         "Apple",
			"user_id=-" + eve.ID:        "Banana Cherry",
			"user_id=" + ada.ID:         "Banana Apple Cherry",
			"user_id[]=user_x":          "",
			"organization_id=" + ids["Cherry"] + "&organization_id=" + ids["Apple"]: "Apple Cherry",
			"organization_id=-" + ids["Cherry"]:                                     "Banana Apple",
			"organization_id=+" + ids["Cherry"] + "&user_id=" + eve.ID:              "",
		} {
			answer := b.backend("GET", "/organizations?"+query, "").ok()
			if got := strings.Join(answer.all("name"), " "); got != want {
				t.Errorf("%s lists %q, want %q", query, got, want)
			}
			if !strings.Contains(query, "limit") && answer.at("total_count") != float64(len(strings.Fields(want))) {
				t.Errorf("%s has the total %v", query, answer.at("total_count"))
			}
			if answer.at("data.0.members_count") != nil {
				t.Error("members are counted although nobody asked")
			}
		}
		if got := b.backend("GET", "/organizations?query=apple&include_members_count=true",
			"").ok(); got.at("data.0.members_count") != 2.0 {
			t.Errorf("counted: %v", got.value)
		}
		if got := b.backend("GET", "/organizations/apple?include_members_count=true&include_missing_member_with_elevated_permissions=true", "").ok(); got.at("members_count") != 2.0 || got.at("missing_member_with_elevated_permissions") != false {
			t.Errorf("counted: %v", got.value)
		}
		b.backend("GET", "/organizations?order_by=slug", "").refused(422, "form_param_value_invalid")
		b.backend("GET", "/organizations/nobody", "").refused(404, "resource_not_found")
	})
}

func TestAnOrganizationIsMadeAndChangedByItsRules(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ada := b.person("ada@example.com")
		made := b.backend("POST", "/organizations", `{"name":"Acme & Co","created_by":"`+ada.ID+`","max_allowed_memberships":3,"public_metadata":{"a":1},"created_at":"1999-01-01T00:00:00Z"}`).ok()
		if made.text("slug") != "acme-co" || made.at("max_allowed_memberships") != 3.0 ||
			made.text("created_by") != ada.ID || made.at("created_at") != float64(time.Date(1999, 1, 1, 0, 0, 0, 0,
			time.UTC).UnixMilli()) {
			t.Errorf("made %v", made.value)
		}
		for body, code := range map[string]string{
			`{}`: "form_param_missing", `{"name":"x","slug":"acme-co"}`: "form_identifier_exists",
			`{"name":"x","slug":"Not a slug"}`: "form_param_format_invalid",
			`{"name":"<b>x</b>"}`:              "form_param_value_invalid", `{"name":"see https://example.com"}`: "form_param_value_invalid",
			`{"name":"x","role_set_key":"r"}`:             "form_param_unknown",
			`{"name":"` + strings.Repeat("x", 257) + `"}`: "form_param_max_length_exceeded",
			`{"name":"x","max_allowed_memberships":-1}`:   "form_param_value_invalid",
		} {
			b.backend("POST", "/organizations", body).refused(422, code)
		}
		b.backend("POST", "/organizations", `{"name":"x","created_by":"user_x"}`).refused(400,
			"organization_creator_not_found")
		if second := b.backend("POST", "/organizations", `{"name":"ACME co"}`).ok(); second.text("slug") != "acme-co-1" ||
			second.has("created_by") {
			t.Errorf("the second of that name: %v", second.value)
		}
		path := "/organizations/" + made.text("id")
		changed := b.backend("PATCH", path, `{"name":"Acme AG","slug":"acme-ag","admin_delete_enabled":false,"max_allowed_memberships":null}`).ok()
		if changed.text("slug") != "acme-ag" || changed.at("admin_delete_enabled") != false ||
			changed.at("max_allowed_memberships") != 3.0 {
			t.Errorf("changed to %v", changed.value)
		}
		b.backend("PATCH", path, `{"slug":"acme-co-1"}`).refused(422, "form_identifier_exists")
		b.backend("GET", "/organizations/acme-co", "").refused(404, "resource_not_found")
		b.backend("POST", "/organizations", `{"name":"x","slug":"acme-co"}`).ok() // free again
		b.backend("PUT", path+"/metadata", `{"public_metadata":{"b":null},"private_metadata":{"s":1}}`).ok()
		got, err := organization.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP)).Get(t.Context(), "acme-ag")
		if err != nil || string(got.PublicMetadata) != `{"b":null}` || string(got.PrivateMetadata) != `{"s":1}` {
			t.Errorf("read %+v, %v", got, err)
		}
		if deleted := b.backend("DELETE", path, "").ok(); deleted.text("slug") != "acme-ag" || deleted.at("deleted") != true {
			t.Errorf("deleted %v", deleted.value)
		}
		if left := b.backend("GET", "/users/"+ada.ID+"/organization_memberships", "").ok(); left.at("total_count") != 0.0 {
			t.Errorf("memberships left: %v", left.value)
		}
	})
}

func TestMembersAreListedChangedAndKept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		memberships := organizationmembership.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		var others []string
		for i := range 3 {
			person := b.person(fmt.Sprintf("m%d@example.com", i))
			others = append(others, person.ID)
			time.Sleep(time.Minute)
			got := b.backend("POST", "/organizations/"+acme.ID+"/memberships",
				`{"user_id":"`+person.ID+`","role":"org:member","private_metadata":{"n":1}}`).ok()
			if got.at("private_metadata.n") != 1.0 {
				t.Fatalf("member %v", got.value)
			}
		}
		users := func(list *clerk.OrganizationMembershipList, err error) []string {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, m := range list.OrganizationMemberships {
				all = append(all, m.PublicUserData.UserID)
			}
			if int(list.TotalCount) < len(all) {
				t.Errorf("the total is %d of %d", list.TotalCount, len(all))
			}
			return all
		}
		for name, test := range map[string]struct {
			params organizationmembership.ListParams
			want   []string
		}{
			"newest first": {organizationmembership.ListParams{}, []string{others[2], others[1], others[0], admin.ID}},
			"oldest first": {organizationmembership.ListParams{OrderBy: clerk.String("+created_at")},
				[]string{admin.ID, others[0], others[1], others[2]}},
			"by address": {organizationmembership.ListParams{OrderBy: clerk.String("-email_address")},
				[]string{others[2], others[1], others[0], admin.ID}},
			"role": {organizationmembership.ListParams{Roles: []string{"org:admin", "org:x"}}, []string{admin.ID}},
			"users": {organizationmembership.ListParams{UserIDs: []string{others[0], others[1], "user_x"}},
				[]string{others[1], others[0]}},
			"addresses": {organizationmembership.ListParams{EmailAddresses: []string{"m1@example.com"}}, []string{others[1]}},
			"query":     {organizationmembership.ListParams{Query: clerk.String("M2@")}, []string{others[2]}},
			"page": {organizationmembership.ListParams{ListParams: clerk.ListParams{Limit: clerk.Int64(1),
				Offset: clerk.Int64(1)}}, []string{others[1]}},
		} {
			test.params.OrganizationID = acme.ID
			if diff := cmp.Diff(test.want, users(memberships.List(t.Context(), &test.params))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if all := b.backend("GET", "/organization_memberships?order_by=created_at&limit=2",
			"").ok(); all.at("total_count") != 4.0 || all.at("data.0.public_user_data.user_id") != admin.ID {
			t.Errorf("of the instance: %v", all.value)
		}
		if _, err := memberships.Create(t.Context(), &organizationmembership.CreateParams{OrganizationID: acme.ID,
			UserID: &others[0], Role: clerk.String("org:member")}); clerkCode(err) != "already_a_member_in_organization" {
			t.Errorf("twice: %v", err)
		}
		if _, err := memberships.Create(t.Context(), &organizationmembership.CreateParams{OrganizationID: acme.ID,
			UserID: &others[0], Role: clerk.String("org:x")}); clerkCode(err) == "" {
			t.Error("a role that is not")
		}
		// One member must be able to manage the organization.
		path := "/organizations/" + acme.ID + "/memberships/"
		b.backend("PATCH", path+admin.ID, `{"role":"org:member"}`).refused(400, "organization_minimum_permissions_needed")
		b.backend("DELETE", path+admin.ID, "").refused(400, "organization_minimum_permissions_needed")
		if got, err := memberships.Update(t.Context(), &organizationmembership.UpdateParams{OrganizationID: acme.ID,
			UserID: others[0], Role: clerk.String("org:admin")}); err != nil || got.Role != "org:admin" ||
			got.RoleName != "Admin" || !slices.Contains(got.Permissions, "org:sys_memberships:manage") {
			t.Fatalf("raised %+v, %v", got, err)
		}
		if got := b.data("organizationMembership.updated"); got["role"] != "org:admin" {
			t.Errorf("the webhook says %v", got)
		}
		if _, err := memberships.Delete(t.Context(), &organizationmembership.DeleteParams{OrganizationID: acme.ID,
			UserID: admin.ID}); err != nil {
			t.Error(err)
		}
		merged := b.backend("PATCH", path+others[1]+"/metadata",
			`{"private_metadata":{"n":null,"m":2},"public_metadata":{"team":"red"}}`).ok()
		if diff := cmp.Diff(map[string]any{"m": 2.0}, merged.at("private_metadata")); diff != "" ||
			merged.at("public_metadata.team") != "red" {
			t.Errorf("merged %v", merged.value)
		}
		b.backend("PATCH", path+"user_x/metadata", `{}`).refused(404, "resource_not_found")
		b.backend("PATCH", path+others[1], `{}`).refused(422, "form_param_missing")
		// Deleting a user always works, even the last one who could manage it.
		if err := b.DeleteUser(others[0]); err != nil {
			t.Fatal(err)
		}
		if got := b.backend("GET", "/organizations/"+acme.ID+"?include_missing_member_with_elevated_permissions=true",
			"").ok(); got.at("missing_member_with_elevated_permissions") != true {
			t.Errorf("without an admin: %v", got.value)
		}
	})
}

func TestAnOrganizationHasRoomForItsLimit(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, _ := b.team("Acme")
		b.backend("PATCH", "/organizations/"+acme.ID, `{"max_allowed_memberships":3}`).ok()
		if _, err := b.Invite(acme.ID, "guest@example.com", ""); err != nil {
			t.Fatal(err)
		}
		first, second := b.person("one@example.com"), b.person("two@example.com")
		if err := b.AddMember(acme.ID, first.ID, ""); err != nil {
			t.Fatal(err)
		}
		body := `{"user_id":"` + second.ID + `","role":"org:member"}`
		if got := b.backend("POST", "/organizations/"+acme.ID+"/memberships", body).refused(403,
			"organization_membership_quota_exceeded").text("errors.0.long_message"); !strings.Contains(got,
			"3 organization memberships, including outstanding invitations") {
			t.Errorf("it says %s", got)
		}
		b.backend("POST", "/organizations/"+acme.ID+"/invitations",
			`{"email_address":"x@example.com","role":"org:member"}`).refused(403, "organization_membership_quota_exceeded")
		invitation := b.backend("GET", "/organizations/"+acme.ID+"/invitations/pending", "").ok().text("data.0.id")
		b.backend("POST", "/organizations/"+acme.ID+"/invitations/"+invitation+"/revoke", `{}`).ok()
		b.backend("POST", "/organizations/"+acme.ID+"/memberships", body).ok()
	})
}

func TestTheGoCallsKeepTheRulesToo(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		for name, err := range map[string]error{
			"role of nobody":  b.SetRole(acme.ID, "user_x", "org:admin"),
			"no role":         b.SetRole(acme.ID, admin.ID, "org:x"),
			"last admin":      b.RemoveMember(acme.ID, admin.ID),
			"no organization": b.RemoveMember("org_x", admin.ID),
			"no invitation":   second(b.Invite("org_x", "x@example.com", "")),
			"no address":      second(b.Invite(acme.ID, "", "")),
		} {
			var failure *simulator.ClerkError
			if err == nil || !errors.As(err, &failure) || failure.Status < 400 {
				t.Errorf("%s: %v", name, err)
			}
		}
		other := b.person("other@example.com")
		if err := b.AddMember(acme.ID, other.ID, "org:admin"); err != nil {
			t.Fatal(err)
		}
		if err := b.SetRole(acme.ID, admin.ID, "org:member"); err != nil {
			t.Error(err)
		}
		if err := b.RemoveMember(acme.ID, admin.ID); err != nil {
			t.Error(err)
		}
	})
}

func second[T any](_ T, err error) error { return err }
