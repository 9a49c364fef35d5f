package clerksim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnInvitationIsMadeFoundAndRevoked(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		path := "/organizations/" + acme.ID + "/invitations"
		made := b.backend("POST", path, `{"email_address":"guest@example.com","role":"org:member","inviter_user_id":"`+admin.ID+`","public_metadata":{"team":"red"},"redirect_url":"http://localhost:3000/welcome","expires_in_days":2,"notify":false}`).ok()
		for name, want := range map[string]any{"object": "organization_invitation", "status": "pending",
			"role_name": "Member", "organization_id": acme.ID, "inviter_id": admin.ID,
			"public_inviter_data.identifier": "admin@acme.example.com", "public_metadata.team": "red",
			"expires_at": made.at("created_at").(float64) + 2*24*3600*1000} {
			if got := made.at(name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		stranger := b.person("stranger@example.com")
		if err := b.AddMember(acme.ID, stranger.ID, ""); err != nil {
			t.Fatal(err)
		}
		for body, refusal := range map[string]struct {
			status int
			code   string
		}{
			`{"email_address":"GUEST@example.com","role":"org:member"}`: {400,
				"duplicate_record"},
			`{"email_address":"Stranger@example.com","role":"org:member"}`: {400,
				"already_a_member_in_organization"},
			`{"email_address":"x@example.com","role":"org:none"}`: {404,
				"resource_not_found"},
			`{"email_address":"x@example.com"}`: {422,
				"form_param_missing"},
			`{"email_address":"nonsense","role":"org:member"}`: {422,
				"form_param_format_invalid"},
			`{"email_address":"x@example.com","role":"org:member","expires_in_days":366}`: {422,
				"form_param_value_invalid"},
			`{"email_address":"x@example.com","role":"org:member","redirect_url":"/welcome"}`: {422,
				"form_param_format_invalid"},
			`{"email_address":"x@example.com","role":"org:member","inviter_user_id":"` + stranger.ID +
				`"}`: {403, "missing_organization_permission"},
			`{"email_address":"x@example.com","role":"org:member","inviter_user_id":"user_x"}`: {404,
				"resource_not_found"},
			`{"email_address":"x@example.com","role":"org:member","private_metadata":{"x":1},"template":"short"}`: {422,
				"form_param_unknown"},
			`[]`: {400, "request_body_invalid"},
		} {
			b.backend("POST", path, body).refused(refusal.status, refusal.code)
		}
		bulk := b.backend("POST", path+"/bulk", `[{"email_address":"one@example.com","role":"org:member"},{"email_address":"two@example.com","role":"org:admin"}]`).ok()
		if diff := cmp.Diff([]string{"one@example.com", "two@example.com"}, bulk.all("email_address")); diff != "" ||
			bulk.at("total_count") != 2.0 {
			t.Errorf("in bulk: %v", bulk.value)
		}
		b.backend("POST", path+"/bulk", `[{"email_address":"three@example.com","role":"org:member"},{"email_address":"one@example.com","role":"org:member"}]`).refused(400, "duplicate_record")
		b.backend("POST", path+"/bulk", `[{"email_address":"four@example.com","role":"org:member"},{"email_address":"four@example.com","role":"org:member"}]`).refused(400, "organization_invitation_not_unique")
		b.backend("POST", path+"/bulk", `[`+strings.TrimSuffix(strings.Repeat(
			`{"email_address":"n@example.com","role":"org:member"},`, 11), ",")+`]`).refused(400, "bulk_size_exceeded")
		b.backend("POST", path+"/bulk", `{}`).refused(400, "request_body_invalid")
		b.backend("POST", path+"/bulk", `[{"email_address":"five@example.com","role":"org:member","x":1}]`).refused(422,
			"form_param_unknown")
		id := made.text("id")
		b.backend("POST", path+"/"+id+"/revoke", `{"requesting_user_id":"`+stranger.ID+`"}`).refused(403,
			"missing_organization_permission")
		if revoked := b.backend("POST", path+"/"+id+"/revoke", `{"requesting_user_id":"`+admin.ID+`"}`).ok(); revoked.text(
			"status") != "revoked" {
			t.Errorf("revoked %v", revoked.value)
		}
		b.backend("POST", path+"/"+id+"/revoke", "").refused(400, "invitation_not_pending")
		b.Advance(31 * 24 * time.Hour)
		for query, want := range map[string][]string{
			path:                     {"two@example.com", "one@example.com", "guest@example.com"},
			path + "?status=expired": {"two@example.com", "one@example.com"},
			path + "?status[]=expired&status[]=revoked&order_by=email_address": {"guest@example.com", "one@example.com",
				"two@example.com"},
			path + "?email_address=ONE@example.com":                                  {"one@example.com"},
			path + "?limit=1&offset=1":                                               {"one@example.com"},
			path + "/pending":                                                        {},
			"/organization_invitations?query=GUEST":                                  {"guest@example.com"},
			"/organization_invitations?status=expired&order_by=-email_address":       {"two@example.com", "one@example.com"},
			"/users/" + stranger.ID + "/organization_invitations?status=pending":     {},
			"/users/" + b.person("one@example.com").ID + "/organization_invitations": {"one@example.com"},
		} {
			if diff := cmp.Diff(want, b.backend("GET", query, "").ok().all("email_address")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		b.backend("GET", path+"?status=lost", "").refused(422, "form_param_value_invalid")
		b.backend("GET", path+"/orginv_x", "").refused(404, "resource_not_found")
		if got := b.backend("GET", "/organization_invitations?limit=1",
			"").ok(); got.at("data.0.public_organization_data.slug") != "acme" {
			t.Errorf("of the instance: %v", got.value)
		}
		with := b.backend("POST", path, `{"email_address":"meta@example.com","role":"org:admin","public_metadata":{"team":"red"},"private_metadata":{"n":1}}`).ok()
		b.browser().post(with.text("url")).went()
		if data := b.data("organizationMembership.created"); data["role"] != "org:admin" ||
			!cmp.Equal(data["public_metadata"], map[string]any{"team": "red"}) ||
			!cmp.Equal(data["private_metadata"], map[string]any{"n": 1.0}) {
			t.Errorf("the invitation's role and metadata became %v", data)
		}
		if data := b.data("organizationInvitation.revoked"); data["status"] != "revoked" ||
			data["email_address"] != "guest@example.com" {
			t.Errorf("the webhook says %v", data)
		}
	})
}
