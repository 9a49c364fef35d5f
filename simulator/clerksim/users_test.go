package clerksim_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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

// crowd makes users a to f an hour apart; a and b are in Acme, b is banned.
func crowd(t *testing.T, b *bench) (ids map[string]string, acme simulator.ClerkOrganization) {
	t.Helper()
	ids = map[string]string{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		answer := b.backend("POST", "/users", fmt.Sprintf(
			`{"email_address":["%s@example.com"],"external_id":"ext-%s","username":"name_%s","first_name":"First %s"}`, name,
			name, name, strings.ToUpper(name))).ok()
		ids[name] = answer.text("id")
		time.Sleep(time.Hour)
	}
	acme, err := b.CreateOrganization("Acme", ids["a"])
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddMember(acme.ID, ids["b"], ""); err != nil {
		t.Fatal(err)
	}
	b.backend("POST", "/users/"+ids["b"]+"/ban", "").ok()
	return ids, acme
}

func TestUsersAreListedByEveryFilter(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ids, acme := crowd(t, b)
		if _, err := b.SessionToken(ids["c"], ""); err != nil {
			t.Fatal(err)
		}
		hours := func(n int) string {
			return strconv.FormatInt(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n)*time.Hour).UnixMilli(), 10)
		}
		for query, want := range map[string]string{
			"":                            "fedcba",
			"order_by=created_at":         "abcdef",
			"order_by=%2Bcreated_at":      "abcdef",
			"order_by=+created_at":        "abcdef", // a plus that was not encoded
			"order_by=-created_at":        "fedcba",
			"order_by=-first_name":        "fedcba",
			"order_by=username":           "abcdef",
			"order_by=email_address":      "abcdef",
			"order_by=-last_sign_in_at":   "cfedba",
			"order_by=-last_active_at":    "cfedba",
			"limit=2&offset=1":            "ed",
			"limit=2&offset=5":            "a",
			"offset=9":                    "",
			"user_id=%[a]s&user_id=%[c]s": "ca",
			"user_id[]=%[a]s&user_id[]=%[c]s&user_id=user_x": "ca",
			"user_id=-%[a]s":    "fedcb",
			"user_id=%%2B%[a]s": "a",
			"user_id=+%[a]s&user_id=+%[b]s&user_id=-%[b]s":     "a",
			"external_id=ext-b&external_id=-ext-c":             "b",
			"external_id=-ext-c":                               "fedba",
			"email_address=B@EXAMPLE.com&email_address=n@x.de": "b",
			"username=NAME_d":                                  "d",
			"phone_number=%%2B15550100":                        "",
			"web3_wallet=0x1":                                  "",
			"organization_id=%[acme]s":                         "ba",
			"organization_id=-%[acme]s":                        "fedc",
			"organization_id=org_x":                            "",
			"organization_id=%[acme]s&username=name_a":         "a",
			"query=FIRST+e":                                    "e",
			"query=b@exam":                                     "b",
			"query=%[d]s":                                      "d",
			"name_query=first+f":                               "f",
			"email_address_query=C@":                           "c",
			"username_query=e_a":                               "a",
			"phone_number_query=555":                           "",
			"banned=true":                                      "b",
			"banned=false":                                     "fedca",
			"created_at_after=" + hours(2):                     "fed",
			"created_at_before=" + hours(2):                    "ba",
			"last_sign_in_at_after=" + hours(0):                "c",
			"last_active_at_since=" + hours(0):                 "c",
			"last_active_at_after=" + hours(0):                 "",
			"last_active_at_before=" + hours(1):                "c",
			"provider=oauth_google&provider_user_id=1":         "",
		} {
			for name, id := range ids {
				query = strings.ReplaceAll(query, "%["+name+"]s", id)
			}
			query = strings.ReplaceAll(strings.ReplaceAll(query, "%[acme]s", acme.ID), "%%", "%")
			got := ""
			for _, email := range b.backend("GET", "/users?"+query, "").ok().all("username") {
				got += strings.TrimPrefix(email, "name_")
			}
			if got != want {
				t.Errorf("%s lists %q, want %q", query, got, want)
			}
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			if !values.Has("limit") && !values.Has("offset") {
				if count := b.backend("GET", "/users/count?"+query, "").ok(); count.at("total_count") != float64(len(want)) ||
					count.text("object") != "total_count" {
					t.Errorf("%s counts %v, want %d", query, count.value, len(want))
				}
			}
		}
	})
}

func TestUsersArePagedByACursorThatHasItsRules(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ids, _ := crowd(t, b)
		page := func(query string) string {
			got := ""
			for _, name := range b.backend("GET", "/users?limit=2&"+query, "").ok().all("username") {
				got += strings.TrimPrefix(name, "name_")
			}
			return got
		}
		for query, want := range map[string]string{
			"starting_after=" + ids["e"]:                                        "dc",
			"starting_after=" + ids["a"]:                                        "",
			"order_by=created_at&starting_after=" + ids["a"]:                    "bc",
			"order_by=%2Bcreated_at&starting_after=" + ids["e"]:                 "f",
			"order_by=-created_at&banned=false&starting_after=" + ids["c"]:      "a",
			"user_id=" + ids["a"] + "&user_id=-x&starting_after=" + ids["e"]:    "a", // the cursor need not match
			"user_id=" + ids["f"] + "&starting_after=" + ids["e"]:               "",
			"username=name_a&order_by=created_at&starting_after=" + ids["a"]:    "",
			"username=name_b&order_by=created_at&starting_after=" + ids["a"]:    "b",
			"created_at_after=1&order_by=created_at&starting_after=" + ids["e"]: "f",
			"email_address_query=example&order_by=-created_at&offset=0":         "fe",
		} {
			if got := page(query); got != want {
				t.Errorf("%s lists %q, want %q", query, got, want)
			}
		}
		b.backend("GET", "/users?order_by=email_address&starting_after="+ids["a"], "").refused(422,
			"form_conditional_param_disallowed")
		b.backend("GET", "/users?offset=1&starting_after="+ids["a"], "").refused(422, "form_conditional_param_disallowed")
		b.backend("GET", "/users?starting_after=user_x", "").refused(404, "resource_not_found")
		// Somebody who says to be older than all comes last, and the cursor goes on.
		old := b.backend("POST", "/users", `{"username":"name_z","created_at":"1999-01-02T03:04:05.678Z"}`).ok()
		if got := page("starting_after=" + ids["a"]); got != "z" ||
			old.at("created_at") != float64(time.Date(1999, 1, 2, 3, 4, 5, 678e6, time.UTC).UnixMilli()) {
			t.Errorf("after the oldest comes %q, created at %v", got, old.at("created_at"))
		}
	})
}

func TestAListRefusesWhatClerkRefuses(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		many := strings.Repeat("user_id=x&", 101)
		for query, code := range map[string]string{
			"limit=0": "form_param_value_invalid", "limit=501": "form_param_value_invalid",
			"limit=ten": "form_param_value_invalid",
			"offset=-1": "form_param_value_invalid", "order_by=password": "form_param_value_invalid",
			"banned=perhaps":             "form_param_value_invalid",
			"created_at_after=yesterday": "form_param_invalid_date", "bogus=1": "form_param_unknown",
			"user_id[0]=x": "form_param_unknown",
			many:           "form_param_array_size_exceeded", "provider=oauth_google": "form_conditional_param_missing",
		} {
			b.backend("GET", "/users?"+query, "").refused(422, code)
		}
		b.backend("GET", "/users?limit=500", "").ok()
	})
}

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
		//nolint:staticcheck // deprecated, and what existing programs call
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

// clerkCode is the code of an error of Clerk's Go SDK.
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
		// Whoever has not verified an address does not keep others from it.
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
		// The primary one goes: the other follows, and then nobody.
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

func TestABannedOrLockedUserCannotSignIn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ada := b.person("ada@example.com")
		if _, err := b.SessionToken(ada.ID, ""); err != nil {
			t.Fatal(err)
		}
		users := user.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		signIn := func() int {
			status, _, _ := b.Submit(simharness.ClerkHost+"/sign-in", url.Values{"email": {"ADA@example.com"}})
			return status
		}
		if got, err := users.Ban(t.Context(), ada.ID); err != nil || !got.Banned {
			t.Fatalf("banned %+v, %v", got, err)
		}
		if status := b.data("session.revoked")["status"]; status != "revoked" {
			t.Errorf("the session of a banned user is %v", status)
		}
		if _, err := b.SessionToken(ada.ID, ""); err == nil || signIn() != http.StatusUnprocessableEntity {
			t.Error("a banned user signs in")
		}
		b.backend("POST", "/sessions", `{"user_id":"`+ada.ID+`"}`).refused(403, "user_banned")
		if got, err := users.Unban(t.Context(), ada.ID); err != nil || got.Banned || signIn() != http.StatusSeeOther {
			t.Errorf("unbanned %+v, %v", got, err)
		}
		locked, err := users.Lock(t.Context(), ada.ID)
		if err != nil || !locked.Locked || *locked.LockoutExpiresInSeconds != 3600 ||
			signIn() != http.StatusUnprocessableEntity {
			t.Errorf("locked %+v, %v", locked, err)
		}
		b.Advance(59 * time.Minute)
		if got := b.backend("GET", "/users/"+ada.ID, "").ok(); got.at("locked") != true ||
			got.at("lockout_expires_in_seconds") != 60.0 {
			t.Errorf("after 59 minutes: %v", got.value)
		}
		b.Advance(time.Minute)
		if got := b.backend("GET", "/users/"+ada.ID, "").ok(); got.at("locked") != false ||
			got.at("lockout_expires_in_seconds") != nil || signIn() != http.StatusSeeOther {
			t.Errorf("after the lockout: %v", got.value)
		}
		b.backend("POST", "/users/"+ada.ID+"/lock", "").ok()
		if got, err := users.Unlock(t.Context(), ada.ID); err != nil || got.Locked {
			t.Errorf("unlocked %+v, %v", got, err)
		}
		eve := b.person("eve@example.com")
		if got := b.backend("POST", "/users/ban", `{"user_ids":["`+ada.ID+`","`+eve.ID+`"]}`).ok(); got.at(
			"1.banned") != true {
			t.Errorf("both banned: %v", got.value)
		}
		b.backend("POST", "/users/unban", `{"user_ids":["`+ada.ID+`","user_x"]}`).refused(404, "resource_not_found")
		if !userNow(b, ada.ID).Banned {
			t.Error("a refused request unbanned somebody")
		}
	})
}

func TestAPasswordIsVerifiedAndRemoved(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		made := b.backend("POST", "/users", `{"username":"ada_l","password":"correct horse"}`).ok()
		path := "/users/" + made.text("id")
		if got := b.backend("POST", path+"/verify_password",
			`{"password":"correct horse"}`).ok(); got.at("verified") != true {
			t.Errorf("verified %v", got.value)
		}
		b.backend("POST", path+"/verify_password", `{"password":"wrong horse"}`).refused(422, "incorrect_password")
		b.backend("POST", path+"/verify_password", `{}`).refused(422, "form_param_missing")
		if _, err := b.SessionToken(made.text("id"), ""); err != nil {
			t.Fatal(err)
		}
		b.backend("PATCH", path, `{"password":"battery staple","sign_out_of_other_sessions":true}`).ok()
		b.data("session.revoked")
		b.backend("POST", path+"/verify_password", `{"password":"battery staple"}`).ok()
		if got := b.backend("POST", path+"/remove_password", `{}`).ok(); got.at("password_enabled") != false {
			t.Errorf("removed: %v", got.value)
		}
		updates := count(b.inboxKinds(), "user.updated")
		b.backend("POST", path+"/remove_password", "").ok()
		if got := count(b.inboxKinds(), "user.updated"); got != updates {
			t.Errorf("removing no password sends %d webhooks", got-updates)
		}
	})
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
