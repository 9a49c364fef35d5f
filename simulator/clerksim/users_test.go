package clerksim_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/emailaddress"
	"github.com/clerk/clerk-sdk-go/v2/user"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestAUserIsCreatedAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		made := b.backend("POST", "/users", `{"email_address":["one@example.com","two@example.com"],"email_address_identification_status":["verified","reserved"],
			"external_id":"crm-1","username":"ada_l","password":"correct horse","first_name":"Ada","last_name":null,"locale":"en-US","public_metadata":{"a":{"b":null}},
			"delete_self_enabled":false,"create_organizations_limit":2,"legal_accepted_at":"1999-12-31T00:00:00Z","bypass_client_trust":true,"skip_password_checks":false}`).ok()
		for path, want := range map[string]any{
			"object": "user", "first_name": "Ada", "last_name": nil, "username": "ada_l", "external_id": "crm-1",
			"locale": "en-US", "password_enabled": true,
			"delete_self_enabled": false, "create_organization_enabled": true, "create_organizations_limit": 2.0,
			"bypass_client_trust":             true,
			"email_addresses.0.email_address": "one@example.com", "email_addresses.0.verification.status": "verified",
			"email_addresses.0.verification.strategy": "admin",
			"email_addresses.1.reserved":              true, "email_addresses.1.verification": nil,
			"primary_email_address_id": made.at("email_addresses.0.id"),
			"legal_accepted_at":        float64(time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC).UnixMilli()), "banned": false,
			"locked": false,
		} {
			if got := made.at(path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		if diff := cmp.Diff(map[string]any{"a": map[string]any{"b": nil}}, made.at("public_metadata")); diff != "" {
			t.Errorf("public metadata (-want +got):\n%s", diff)
		}
		for body, refusal := range map[string]struct {
			code, param string
		}{
			`{}`:                                                       {"form_data_missing", ""},
			`{"email_address":["ONE@example.com"]}`:                    {"form_identifier_exists", "email_address"},
			`{"email_address":["two@example.com"]}`:                    {"form_identifier_exists", "email_address"},
			`{"email_address":["x@e.com","X@e.com"]}`:                  {"form_param_duplicate", "email_address"},
			`{"email_address":["nonsense"]}`:                           {"form_param_format_invalid", "email_address"},
			`{"email_address":"x@example.com"}`:                        {"form_param_value_invalid", "email_address"},
			`{"email_address":["x@example.com"],"x":1}`:                {"form_param_unknown", "x"},
			`{"username":"ADA_L"}`:                                     {"form_identifier_exists", "username"},
			`{"username":"ad"}`:                                        {"form_username_invalid_length", "username"},
			`{"username":"ada lovelace"}`:                              {"form_username_invalid_character", "username"},
			`{"username":"bob_b","external_id":"crm-1"}`:               {"form_identifier_exists", "external_id"},
			`{"username":"bob_b","password":"short"}`:                  {"form_password_length_too_short", "password"},
			`{"username":"bob_b","created_at":"today"}`:                {"form_param_invalid_time", "created_at"},
			`{"username":"bob_b","phone_number":["+15"]}`:              {"form_param_format_invalid", "phone_number"},
			`{"username":"bob_b","first_name":5}`:                      {"form_param_value_invalid", "first_name"},
			`{"username":"bob_b","banned":"yes"}`:                      {"form_param_value_invalid", "banned"},
			`{"username":"bob_b","created_at":"2001-01-01T00:00:00Z"}`: {"form_disallow_future_date", "created_at"},
			`{"username":"bob_b","public_metadata":[1]}`:               {"form_param_value_invalid", "public_metadata"},
			`{"username":"bob_b","public_metadata":{"x":"` + strings.Repeat("x", 8<<10) +
				`"}}`: {"form_param_exceeds_allowed_size", "public_metadata"},
			`{"username":"bob_b","email_address_identification_status":["verified"]}`: {
				"form_param_value_invalid", "email_address_identification_status"},
			`{"email_address":["x@e.com"],"email_address_identification_status":["unverified"]}`: {
				"form_param_value_invalid", "email_address_identification_status"},
			`{"username":"bob_b","create_organizations_limit":1.5}`: {
				"form_param_value_invalid", "create_organizations_limit"},
			`{"username":"bob_b","password":"` + strings.Repeat("x", 73) +
				`"}`: {"form_password_size_in_bytes_exceeded", "password"},
			`{"username":"bob_b","password":"","password_digest":"x","password_hasher":"bcrypt"}`: {"form_param_unknown",
				"password_digest"},
			`{"skip_user_requirement":false,"first_name":"Nobody","skip_password_requirement":true}`: {"form_data_missing", ""},
		} {
			if got := b.backend("POST", "/users", body).refused(422,
				refusal.code).text("errors.0.meta.param_name"); got != refusal.param {
				t.Errorf("%s: the parameter at fault is %q, want %q", body, got, refusal.param)
			}
		}
		if got := len(b.Users()); got != 1 {
			t.Errorf("%d users are there after refusals, want 1", got)
		}
		if nobody := b.backend("POST", "/users", `{"skip_user_requirement":true}`).ok(); nobody.at(
			"primary_email_address_id") != nil || len(nobody.at("email_addresses").([]any)) != 0 {
			t.Errorf("a user without address is %v", nobody.value)
		}
	})
}

func TestAnUpdateChangesWhatItNamesAndOlderVersionsTakeMetadata(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		made := b.backend("POST", "/users", `{"email_address":["a@example.com","b@example.com"],"username":"ada_l","first_name":"Ada","external_id":"x","public_metadata":{"a":1}}`).ok()
		path := "/users/" + made.text("id")
		second := made.text("email_addresses.1.id")
		changed := b.backend("PATCH", path, `{"username":null,"external_id":"","first_name":"Augusta","primary_email_address_id":"`+second+`"}`).ok()
		if changed.at("username") != nil || changed.at("external_id") != nil || changed.text("first_name") != "Augusta" ||
			changed.text("primary_email_address_id") != second {
			t.Errorf("after the update: %v", changed.value)
		}
		if got := b.backend("GET", "/users?username=ada_l", "").ok().all("id"); len(got) != 0 {
			t.Errorf("the old username still finds %v", got)
		}
		b.backend("POST", "/users", `{"username":"ada_l","external_id":"x"}`).ok() // both are free again
		b.backend("PATCH", path, `{"username":"Ada_L"}`).refused(422, "form_identifier_exists")
		b.backend("PATCH", path, `{"primary_email_address_id":"idn_x"}`).refused(422, "form_param_value_invalid")
		b.backend("PATCH", path, `{"sign_out_of_other_sessions":true}`).refused(422, "form_conditional_param_missing")
		b.backend("PATCH", path, `{"public_metadata":{"b":2}}`).refused(422, "form_param_unknown")
		old := b.backend("PATCH", path, `{"public_metadata":{"b":2},"last_name":"L"}`, "Clerk-API-Version", "2025-11-10").ok()
		if diff := cmp.Diff(map[string]any{"b": 2.0}, old.at("public_metadata")); diff != "" || old.text("last_name") != "L" {
			t.Errorf("the older version replaces metadata (-want +got):\n%s", diff)
		}
		time.Sleep(10 * time.Second) // the limit of writes
		acme, _ := b.team("Acme")
		b.backend("PATCH", "/organizations/"+acme.ID, `{"private_metadata":{"b":2}}`).refused(422, "form_param_unknown")
		b.backend("PATCH", "/organizations/"+acme.ID, `{"private_metadata":{"b":2}}`, "Clerk-API-Version", "2025-04-10").ok()
	})
}

func TestClerkGoUpdatesMetadataThroughItsOwnRoute(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		person := b.person("a@example.com")
		users := user.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		public, private := clerk.JSONRawMessage([]byte(`{"plan":"pro","deep":{"x":1}}`)),
			clerk.JSONRawMessage([]byte(`{"stripe":"cus_1"}`))
		//nolint:staticcheck // deprecated, but existing programs call it
		got, err := users.Update(t.Context(), person.ID, &user.UpdateParams{FirstName: clerk.String("Ada"),
			PublicMetadata: public, PrivateMetadata: private})
		if err != nil || *got.FirstName != "Ada" || string(got.PublicMetadata) != `{"deep":{"x":1},"plan":"pro"}` {
			t.Fatalf("updated %+v, %v", got, err)
		}
		replaced := clerk.JSONRawMessage([]byte(`{"deep":{"y":2}}`))
		got, err = users.ReplaceMetadata(t.Context(), person.ID, &user.ReplaceMetadataParams{PublicMetadata: replaced})
		if err != nil || string(got.PublicMetadata) != `{"deep":{"y":2}}` ||
			string(got.PrivateMetadata) != `{"stripe":"cus_1"}` {
			t.Errorf("replaced to %s and %s, %v", got.PublicMetadata, got.PrivateMetadata, err)
		}
		list, err := users.List(t.Context(), &user.ListParams{UserIDs: []string{person.ID}, NameQuery: clerk.String("ada"),
			ListParams: clerk.ListParams{Limit: clerk.Int64(1)}, Banned: clerk.Bool(false)})
		if err != nil || list.TotalCount != 1 || len(list.Users) != 1 {
			t.Errorf("listed %+v, %v", list, err)
		}
		if checked, err := users.VerifyPassword(t.Context(), &user.VerifyPasswordParams{UserID: person.ID,
			Password: "x"}); clerkCode(err) != "no_password_set" {
			t.Errorf("without a password: %+v, %v", checked, err)
		}
	})
}

// clerkCode returns the code of an error from Clerk's Go SDK.
func clerkCode(err error) string {
	var failure *clerk.APIErrorResponse
	if !errors.As(err, &failure) || len(failure.Errors) == 0 {
		return ""
	}
	return failure.Errors[0].Code
}

func TestAUserHasSeveralAddresses(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ada, eve := b.person("ada@example.com"), b.person("eve@example.com")
		addresses := emailaddress.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		second, err := addresses.Create(t.Context(), &emailaddress.CreateParams{UserID: &ada.ID,
			EmailAddress: clerk.String("second@example.com"), Verified: clerk.Bool(false)})
		if err != nil || second.Verification != nil {
			t.Fatalf("an unverified address is %+v, %v", second, err)
		}
		primary := func() string { return userNow(b, ada.ID).Email }
		if primary() != "ada@example.com" {
			t.Errorf("the new address took the primary place: %s", primary())
		}
		// An unverified address stays available to other users.
		rival, err := addresses.Create(t.Context(), &emailaddress.CreateParams{UserID: &eve.ID,
			EmailAddress: clerk.String("second@example.com"), Verified: clerk.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := addresses.Update(t.Context(), second.ID,
			&emailaddress.UpdateParams{Verified: clerk.Bool(true)}); clerkCode(err) != "form_identifier_exists" {
			t.Errorf("an address that somebody else verified: %v", err)
		}
		if got := b.backend("GET", "/users?email_address=second@example.com", "").ok().all("id"); len(got) != 2 {
			t.Errorf("the address finds %v, want both users", got)
		}
		if deleted, err := addresses.Delete(t.Context(), rival.ID); err != nil || !deleted.Deleted ||
			deleted.Object != "email_address" {
			t.Fatalf("deleted %+v, %v", deleted, err)
		}
		if _, err := addresses.Update(t.Context(), second.ID,
			&emailaddress.UpdateParams{Primary: clerk.Bool(true)}); clerkCode(err) != "form_param_value_invalid" {
			t.Errorf("an unverified address becomes the primary one: %v", err)
		}
		updated, err := addresses.Update(t.Context(), second.ID, &emailaddress.UpdateParams{Verified: clerk.Bool(true),
			Primary: clerk.Bool(true)})
		if err != nil || updated.Verification.Status != "verified" || primary() != "second@example.com" {
			t.Errorf("verified as primary: %+v, %v, primary is %s", updated, err, primary())
		}
		if _, err := addresses.Update(t.Context(), second.ID,
			&emailaddress.UpdateParams{Verified: clerk.Bool(false)}); clerkCode(err) != "form_param_value_invalid" {
			t.Errorf("the primary address loses its verification: %v", err)
		}
		b.backend("POST", "/email_addresses", `{"user_id":"`+ada.ID+`","email_address":"SECOND@example.com"}`).refused(422,
			"form_identifier_exists")
		b.backend("POST", "/email_addresses", `{"user_id":"user_x","email_address":"x@example.com"}`).refused(404,
			"resource_not_found")
		b.backend("POST", "/email_addresses", `{"email_address":"x@example.com"}`).refused(422, "form_param_missing")
		// After the primary address is deleted, the other one becomes primary, then none.
		if _, err := addresses.Delete(t.Context(), second.ID); err != nil || primary() != "ada@example.com" {
			t.Errorf("after the primary one went the primary is %s, %v", primary(), err)
		}
		if _, err := addresses.Get(t.Context(), second.ID); clerkCode(err) != "resource_not_found" {
			t.Errorf("a deleted address: %v", err)
		}
		if _, err := addresses.Delete(t.Context(), userNow(b, ada.ID).EmailID); err != nil || primary() != "" {
			t.Errorf("after the last one went the primary is %q, %v", primary(), err)
		}
		if data := b.data("user.updated"); data["primary_email_address_id"] != nil ||
			len(data["email_addresses"].([]any)) != 0 {
			t.Errorf("the webhook says %v", data)
		}
		put := b.backend("PUT", "/users/"+ada.ID+"/email_address",
			`{"email_address":"new@example.com","identification_status":"reserved"}`).ok()
		if put.at("reserved") != true || primary() != "new@example.com" {
			t.Errorf("replaced by %v, primary is %s", put.value, primary())
		}
		b.backend("PUT", "/users/"+ada.ID+"/email_address", `{"email_address":"eve@example.com"}`).refused(422,
			"form_identifier_exists")
		if got := b.Inbox.Kinds(); slices.Contains(got, "email.created") {
			t.Errorf("webhooks are %v", got)
		}
	})
}

func userNow(b *bench, id string) simulator.ClerkUser {
	b.T.Helper()
	for _, user := range b.Users() {
		if user.ID == id {
			return user
		}
	}
	b.T.Fatalf("no user %s", id)
	return simulator.ClerkUser{}
}

func (b *bench) inboxKinds() []string {
	b.Settle()
	return b.Inbox.Kinds()
}

func count(all []string, wanted string) int {
	n := 0
	for _, one := range all {
		if one == wanted {
			n++
		}
	}
	return n
}
