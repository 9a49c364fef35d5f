package clerksim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestANewInstanceHasTheSamePeopleUnderNewIDs(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		team, admin := b.team("Acme")
		member := b.person("member@example.com")
		b.Must(b.AddMember(team.ID, member.ID, ""))
		b.backend("POST", "/email_addresses", `{"user_id":"`+member.ID+`","email_address":"second@example.com","verified":false}`).ok()
		b.backend("PATCH", "/users/"+admin.ID+"/metadata",
			`{"public_metadata":{"plan":"pro"},"private_metadata":{"stripeCustomerId":"cus_1"}}`).ok()
		first := b.backend("GET", "/instance", "").ok().text("id")
		token, err := b.SessionToken(admin.ID, team.ID)
		b.Must(err)
		b.Settle()
		before := len(b.Inbox.All())

		status, answer := b.Curl("/_sim/instance", `{"key":"sk_test_second"}`)
		var moved simulator.ClerkMoved
		if err := json.Unmarshal([]byte(answer), &moved); err != nil || status != http.StatusOK {
			t.Fatalf("moving answers %d %s", status, answer)
		}
		second := []string{"Authorization", "Bearer sk_test_second"}
		instance := b.backend("GET", "/instance", "", second...).ok().text("id")
		if instance == first || instance != moved.Instance || !strings.HasPrefix(instance, "ins_") {
			t.Errorf("the instances are %q and %q", first, instance)
		}
		b.backend("GET", "/users/"+admin.ID, "", second...).refused(404, "resource_not_found")
		b.backend("GET", "/organizations/"+team.ID, "", second...).refused(404, "resource_not_found")
		found := b.backend("GET", "/users?external_id="+admin.ID, "", second...).ok()
		if found.text("0.id") != moved.Users[admin.ID] || found.text("0.id") == admin.ID ||
			found.at("0.public_metadata.plan") != nil ||
			found.text("0.email_addresses.0.email_address") != admin.Email ||
			found.text("0.email_addresses.0.verification.status") != "verified" {
			t.Errorf("the admin became %v", found.value)
		}
		twin := b.backend("GET", "/users/"+moved.Users[member.ID], "", second...).ok()
		if twin.text("external_id") != member.ID || twin.at("email_addresses.1.verification") != nil ||
			twin.text("primary_email_address_id") != twin.text("email_addresses.0.id") {
			t.Errorf("the member became %v", twin.value)
		}
		bySlug := b.backend("GET", "/organizations/acme", "", second...).ok()
		if bySlug.text("id") != moved.Organizations[team.ID] || bySlug.text("created_by") != moved.Users[admin.ID] {
			t.Errorf("the organization became %v", bySlug.value)
		}
		if roles := b.backend("GET", "/organizations/acme/memberships", "", second...).ok(); len(roles.all("id")) != 2 {
			t.Errorf("the memberships are %v", roles.value)
		}
		if keys := b.backend("GET", "/jwks", "", second...).ok(); strings.Contains(token, keys.text("keys.0.kid")) ||
			keys.text("keys.0.kid") == b.backend("GET", "/jwks", "").ok().text("keys.0.kid") {
			t.Error("the new instance signs with the old key")
		}
		if got := b.backend("GET", "/users/"+admin.ID, "").ok(); got.at("private_metadata.stripeCustomerId") != "cus_1" {
			t.Errorf("the first instance, with its own key, answers %v", got.value)
		}
		b.Settle()
		if after := len(b.Inbox.All()); after != before {
			t.Errorf("%d webhooks were sent about the move", after-before)
		}
		if _, err := b.SignUp(simulator.SignUp{Email: "new@example.com"}); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		var envelope struct {
			InstanceID string `json:"instance_id"`
		}
		if err := json.Unmarshal(b.Inbox.All()[before].Body, &envelope); err != nil || envelope.InstanceID != instance {
			t.Errorf("the webhook of a new user names instance %q", envelope.InstanceID)
		}
	})
}

func TestAMoveCanAnnounceAndBeTakenBack(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		_, admin := b.team("Acme")
		b.backend("PATCH", "/users/"+admin.ID+"/metadata", `{"private_metadata":{"stripeCustomerId":"cus_1"}}`).ok()
		first := b.ClerkInstances()[0]
		moved, err := b.MoveClerkInstance(simulator.ClerkMove{Key: "sk_test_second", Metadata: true, Announce: true})
		b.Must(err)
		if data := b.data("user.created"); data["id"] != moved.Users[admin.ID] || data["external_id"] != admin.ID ||
			data["private_metadata"].(map[string]any)["stripeCustomerId"] != "cus_1" {
			t.Errorf("user.created says %v", data)
		}
		for _, key := range []string{simulator.DefaultClerkKey, "sk_test_second", "sk_live_x"} {
			if _, err := b.MoveClerkInstance(simulator.ClerkMove{Key: key}); err == nil {
				t.Errorf("an instance with the key %q was made", key)
			}
		}
		var kept strings.Builder
		b.Must(b.Save(&kept))
		b.Must(b.Load(strings.NewReader(kept.String())))
		if status, answer := b.Curl("/_sim/instance", `{"id":"`+first+`"}`); status != http.StatusOK ||
			!strings.Contains(answer, first) {
			t.Errorf("going back answers %d %s", status, answer)
		}
		b.backend("GET", "/users/"+admin.ID, "").ok()
		if all := b.ClerkInstances(); len(all) != 2 || all[0] != first || all[1] != moved.Instance {
			t.Errorf("the instances are %v", all)
		}
		if status, answer := b.Curl("/_sim/instance", `{"id":"ins_none"}`); status != http.StatusBadRequest ||
			!strings.Contains(answer, "ins_none") {
			t.Errorf("an unknown instance answers %d %s", status, answer)
		}
	})
}

func TestAUserWithAPhoneNumberOnlyHasNoEmailAddress(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		user, err := b.SignUp(simulator.SignUp{Phone: "+15550100"})
		b.Must(err)
		got := b.backend("GET", "/users/"+user.ID, "").ok()
		if got.at("primary_email_address_id") != nil || len(got.at("email_addresses").([]any)) != 0 ||
			got.text("phone_numbers.0.phone_number") != "+15550100" ||
			got.text("primary_phone_number_id") != got.text("phone_numbers.0.id") ||
			got.text("phone_numbers.0.verification.status") != "verified" {
			t.Errorf("the user is %v", got.value)
		}
		if data := b.data("user.created"); len(data["email_addresses"].([]any)) != 0 ||
			len(data["phone_numbers"].([]any)) != 1 {
			t.Errorf("user.created says %v", data)
		}
		for _, query := range []string{"phone_number=%2B15550100", "phone_number_query=5550100", "query=5550100"} {
			if found := b.backend("GET", "/users?"+query, "").ok().all("id"); len(found) != 1 || found[0] != user.ID {
				t.Errorf("%s finds %v", query, found)
			}
		}
		created := b.backend("POST", "/users", `{"phone_number":["+15550101","+15550102"],"phone_number_identification_status":["verified","reserved"]}`).ok()
		if created.at("phone_numbers.1.verification") != nil || created.at("phone_numbers.1.reserved") != true {
			t.Errorf("the created user is %v", created.value)
		}
		b.backend("POST", "/users", `{"phone_number":["+15550100"]}`).refused(422, "form_identifier_exists")
		b.backend("POST", "/users", `{"phone_number":["555"]}`).refused(422, "form_param_format_invalid")
		team, _ := b.team("Acme")
		b.Must(b.AddMember(team.ID, user.ID, ""))
		if members := b.backend("GET", "/organizations/acme/memberships?phone_number=%2B15550100",
			"").ok(); members.text("data.0.public_user_data.identifier") != "+15550100" {
			t.Errorf("the member is %v", members.value)
		}
		b.backend("POST", "/email_addresses", `{"user_id":"`+user.ID+`","email_address":"late@example.com","verified":true,"primary":true}`).ok()
		if got := b.Users()[0]; got.Email != "late@example.com" || len(got.Phones) != 1 {
			t.Errorf("with an address the user is %+v", got)
		}
	})
}

func TestAPhoneNumberSignsUpAndInOnThePages(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if status, _, text := b.Submit(simharness.ClerkHost+"/sign-up", url.Values{"email": {""},
			"phone": {""}}); status != http.StatusUnprocessableEntity || !strings.Contains(text, "phone number") {
			t.Errorf("without either it answers %d", status)
		}
		if status, _, text := b.Submit(simharness.ClerkHost+"/sign-up",
			url.Values{"phone": {"+15550100"}}); status != http.StatusSeeOther {
			t.Fatalf("signing up answers %d: %s", status, text)
		}
		if page := b.Visited(simharness.ClerkHost + "/sign-in"); page.Value("option", "value") != "+15550100" {
			t.Errorf("the sign-in page offers %q", page.Value("option", "value"))
		}
		if status, _, _ := b.Submit(simharness.ClerkHost+"/sign-in", url.Values{"email": {"+15550100"}}); status != http.StatusSeeOther {
			t.Errorf("signing in answers %d", status)
		}
		if status, _, _ := b.Submit(simharness.ClerkHost+"/sign-in",
			url.Values{"email": {"+15550199"}}); status != http.StatusUnprocessableEntity {
			t.Errorf("an unknown number answers %d", status)
		}
	})
}

func TestPhoneNumbersAreAddedVerifiedAndRemoved(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		user := b.person("ada@example.com")
		b.backend("POST", "/phone_numbers", `{"user_id":"`+user.ID+`","phone_number":"+15550100","primary":true}`).refused(
			422, "form_param_value_invalid")
		phone := b.backend("POST", "/phone_numbers", `{"user_id":"`+user.ID+`","phone_number":"+15550100"}`).ok()
		if phone.at("verification") != nil {
			t.Errorf("the number is %v", phone.value)
		}
		b.backend("PATCH", "/phone_numbers/"+phone.text("id"), `{"verified":true,"primary":true}`).ok()
		if got := b.backend("GET", "/phone_numbers/"+phone.text("id"),
			"").ok(); got.text("verification.status") != "verified" {
			t.Errorf("the verified number is %v", got.value)
		}
		if other := b.person("bob@example.com"); true {
			b.backend("POST", "/phone_numbers", `{"user_id":"`+other.ID+`","phone_number":"+15550100"}`).refused(422,
				"form_identifier_exists")
		}
		b.backend("DELETE", "/phone_numbers/"+phone.text("id"), "").ok()
		b.backend("GET", "/phone_numbers/"+phone.text("id"), "").refused(404, "resource_not_found")
		if got := b.backend("GET", "/users/"+user.ID, "").ok(); got.at("primary_phone_number_id") != nil ||
			len(got.at("phone_numbers").([]any)) != 0 {
			t.Errorf("without the number the user is %v", got.value)
		}
	})
}

func TestTheControlsTakeWhatCurlSends(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		before := b.Now()
		for path, body := range map[string]string{
			"/_sim/advance":  `{"seconds": 3600}`,
			"/_sim/delivery": `{"drop": 0.5}`,
			"/_sim/faults":   `{"side":"stripe","path":"/nowhere","status":503}`,
			"/_sim/roll":     `{"endpoint":"` + simharness.InboxHost + `/stripe","overlap_seconds":60}`,
			"/_sim/instance": `{}`,
		} {
			if status, answer := b.Curl(path, body); status != http.StatusOK {
				t.Errorf("%s answers %d %s", path, status, answer)
			}
		}
		if _, err := b.SignUp(simulator.SignUp{Email: "ada@example.com"}); err != nil {
			t.Fatal(err)
		}
		b.Customer("ada@example.com")
		var saved strings.Builder
		b.Must(b.Save(&saved))
		for path, body := range map[string]string{
			"/_sim/resend": `{"event":"` + b.Events()[0].ID + `","endpoint":"` + simharness.InboxHost + `/stripe"}`,
			"/_sim/state":  saved.String(),
			"/_sim/portal": ``,
		} {
			if status, answer := b.Curl(path, body); status != http.StatusNoContent {
				t.Errorf("%s answers %d %s", path, status, answer)
			}
		}
		if passed := b.Now().Sub(before).Hours(); passed != 1 {
			t.Errorf("%v hours passed", passed)
		}
		for _, wrong := range []string{`{"seconds": -1}`, `seconds=x`, `hours=1`, ``} {
			if status, _ := b.Curl("/_sim/advance", wrong); status != http.StatusBadRequest {
				t.Errorf("%q answers %d", wrong, status)
			}
		}
		for path, wrong := range map[string]string{"/_sim/resend": `event=evt_1`, "/_sim/roll": `overlap_seconds=60`,
			"/_sim/faults": `status=503`, "/_sim/instance": `key=sk_test_x`} {
			if status, _ := b.Curl(path, wrong); status != http.StatusBadRequest {
				t.Errorf("%s takes the form %q: %d", path, wrong, status)
			}
		}
		if status, answer := b.Curl("/_sim/delivery", `{"dorp": 1}`); status != http.StatusBadRequest ||
			!strings.Contains(answer, "dorp") {
			t.Errorf("a misspelt name answers %d %s", status, answer)
		}
	})
}
