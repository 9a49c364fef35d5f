package clerksim_test

import (
	"strings"
	"testing"
	"time"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/jwttemplate"
	"github.com/clerk/clerk-sdk-go/v2/session"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestSessionsAreListedInBothShapesAndEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		sessions := session.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		first, err := sessions.Create(t.Context(), &session.CreateParams{UserID: admin.ID})
		if err != nil || first.Status != "active" || first.ExpireAt-first.CreatedAt != 7*24*3600*1000 ||
			first.AbandonAt-first.CreatedAt != 30*24*3600*1000 {
			t.Fatalf("session %+v, %v", first, err)
		}
		time.Sleep(time.Hour)
		second := b.backend("POST", "/sessions", `{"user_id":"`+admin.ID+`","active_organization_id":"`+acme.ID+`"}`).ok()
		if second.text("last_active_organization_id") != acme.ID || second.text("client_id") == first.ClientID {
			t.Errorf("second session %v", second.value)
		}
		if diff := cmp.Diff([]string{second.text("id"), first.ID}, b.backend("GET", "/sessions?user_id="+admin.ID,
			"").ok().all("id")); diff != "" {
			t.Errorf("bare, newest first (-want +got):\n%s", diff)
		}
		if list := b.backend("GET", "/sessions?paginated=true&limit=1&client_id="+first.ClientID,
			"").ok(); list.at("total_count") != 1.0 || list.at("data.0.id") != first.ID {
			t.Errorf("with the total: %v", list.value)
		}
		b.backend("GET", "/sessions", "").refused(400, "missing_query_parameter")
		b.backend("GET", "/sessions?user_id=x&status=sleeping", "").refused(422, "form_param_value_invalid")
		b.backend("GET", "/sessions?user_id=x&paginated=maybe", "").refused(422, "form_param_value_invalid")
		b.backend("POST", "/sessions", `{"user_id":"user_x"}`).refused(404, "resource_not_found")
		b.backend("POST", "/sessions", `{"user_id":"`+admin.ID+`","active_organization_id":"org_x"}`).refused(404,
			"resource_not_found")
		if revoked, err := sessions.Revoke(t.Context(), &session.RevokeParams{ID: first.ID}); err != nil ||
			revoked.Status != "revoked" {
			t.Errorf("revoked %+v, %v", revoked, err)
		}
		b.backend("POST", "/sessions/"+first.ID+"/tokens", "").refused(404, "resource_not_found")
		if kinds := b.inboxKinds(); count(kinds, "session.created") != 2 || count(kinds, "session.revoked") != 1 {
			t.Errorf("webhooks are %v", kinds)
		}
		b.backend("POST", "/sessions/"+first.ID+"/revoke", "").ok()
		if kinds := b.inboxKinds(); count(kinds, "session.revoked") != 1 {
			t.Errorf("revoked again it tells again: %v", kinds)
		}
		// Advancing the billing clock signs nobody out. A week of real time does.
		path := "/sessions/" + second.text("id")
		b.Advance(365 * 24 * time.Hour)
		time.Sleep(7*24*time.Hour - 2*time.Second)
		b.backend("POST", path+"/tokens", `{}`).ok()
		time.Sleep(2 * time.Second)
		b.backend("POST", path+"/tokens", `{}`).refused(404, "resource_not_found")
		if got := b.backend("GET", path, "").ok().text("status"); got != "expired" {
			t.Errorf("after a week the session is %s", got)
		}
		if got := b.backend("GET", "/sessions?status=expired&user_id="+admin.ID, "").ok().all("id"); len(got) != 1 {
			t.Errorf("expired sessions are %v", got)
		}
	})
}

func TestATokenFollowsItsSession(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		made := b.backend("POST", "/sessions", `{"user_id":"`+admin.ID+`","active_organization_id":"`+acme.ID+`"}`).ok()
		path := "/sessions/" + made.text("id") + "/tokens"
		time.Sleep(150 * time.Second)
		claims := payload(t, b.backend("POST", path, "").ok().text("jwt"))
		if diff := cmp.Diff([]any{2.0, -1.0}, claims["fva"]); diff != "" || claims["sts"] != "active" ||
			claims["v"] != 2.0 || claims["pla"] != nil || claims["fea"] != nil {
			t.Errorf("the token says %v", claims)
		}
		if claims["exp"].(float64)-claims["iat"].(float64) != 60 || claims["iat"].(float64)-claims["nbf"].(float64) != 10 {
			t.Errorf("the token is dated %v", claims)
		}
		longer := payload(t, b.backend("POST", path, `{"expires_in_seconds":600}`).ok().text("jwt"))
		if longer["exp"].(float64)-longer["iat"].(float64) != 600 || longer["jti"] == claims["jti"] {
			t.Errorf("the longer token says %v", longer)
		}
		b.backend("POST", path, `{"expires_in_seconds":29}`).refused(422, "form_param_value_invalid")
		b.backend("POST", path, `{"expires_in_seconds":"60"}`).refused(422, "form_param_value_invalid")
		// A user who leaves the active organization has none active.
		other := b.person("other@example.com")
		if err := b.AddMember(acme.ID, other.ID, "org:admin"); err != nil {
			t.Fatal(err)
		}
		if err := b.RemoveMember(acme.ID, admin.ID); err != nil {
			t.Fatal(err)
		}
		if claims := payload(t, b.backend("POST", path, "").ok().text("jwt")); claims["o"] != nil {
			t.Errorf("after leaving the token says %v", claims)
		}
	})
}

func TestClerkGoMakesTokensFromTemplates(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		if err := b.UpdateUser(admin.ID, "", "Maria", ""); err != nil {
			t.Fatal(err)
		}
		b.backend("PATCH", "/users/"+admin.ID+"/metadata",
			`{"public_metadata":{"profile":{"interests":["reading"]}},"unsafe_metadata":{"foo":{"bar":42}}}`).ok()
		config := simharness.ClerkConfig(simharness.ClerkHost, b.HTTP)
		templates, sessions := jwttemplate.NewClient(config), session.NewClient(config)
		claims := []byte(`{"aud":"https://my-site.com","version":1,"foo":{"bar":[1,"{{user.id}}"]},"full_name":"{{user.last_name}} {{user.first_name}}",
			"likes":"{{user.public_metadata.profile.interests}}","unsafe":"{{user.unsafe_metadata}}","none":"{{user.i_dont_exist}}","org":"{{org.slug}}",
			"name":"{{user.last_name || 'Awesome User'}}","age":"{{user.public_metadata.age || 30}}","verified":"{{ user.phone_number_verified || user.email_verified }}","last":"{{user.last_name || false}}"}`)
		made, err := templates.Create(t.Context(), &jwttemplate.CreateParams{Name: clerk.String("hasura"), Claims: claims,
			Lifetime: clerk.Int64(3600)})
		if err != nil || made.Lifetime != 3600 || made.AllowedClockSkew != 5 || made.SigningAlgorithm != "RS256" {
			t.Fatalf("template %+v, %v", made, err)
		}
		started := b.backend("POST", "/sessions", `{"user_id":"`+admin.ID+`","active_organization_id":"`+acme.ID+`"}`).ok().text("id")
		token, err := sessions.CreateToken(t.Context(), &session.CreateTokenParams{ID: started, TemplateName: "hasura"})
		if err != nil {
			t.Fatal(err)
		}
		got := payload(t, token.JWT)
		for _, name := range []string{"exp", "iat", "nbf", "jti", "iss", "sub"} {
			if got[name] == nil {
				t.Errorf("the token has no %s", name)
			}
		}
		if got["exp"].(float64)-got["iat"].(float64) != 3600 || got["iat"].(float64)-got["nbf"].(float64) != 5 {
			t.Errorf("the token is dated %v", got)
		}
		for _, name := range []string{"exp", "iat", "nbf", "jti", "iss", "sub"} {
			delete(got, name)
		}
		want := map[string]any{"aud": "https://my-site.com", "version": 1.0,
			"foo": map[string]any{"bar": []any{1.0, admin.ID}}, "full_name": "null Maria", "likes": []any{"reading"},
			"unsafe": map[string]any{"foo": map[string]any{"bar": 42.0}}, "none": nil, "org": "acme", "name": "Awesome User",
			"age": 30.0, "verified": true, "last": false}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the token of the template (-want +got):\n%s", diff)
		}
		if _, err := templates.Create(t.Context(), &jwttemplate.CreateParams{Name: clerk.String("hasura"),
			Claims: []byte(`{}`)}); clerkCode(err) != "form_identifier_exists" {
			t.Errorf("the name again: %v", err)
		}
		for _, reserved := range []string{"sub", "o", "azp", "sid", "fea"} {
			if _, err := templates.Create(t.Context(), &jwttemplate.CreateParams{Name: clerk.String("x"),
				Claims: []byte(`{"` + reserved + `":1}`)}); clerkCode(err) != "jwt_template_reserved_claim" {
				t.Errorf("the claim %s: %v", reserved, err)
			}
		}
		if _, err := templates.Update(t.Context(), made.ID, &jwttemplate.UpdateParams{Name: clerk.String("other"),
			Claims: []byte(`{"a":1}`), AllowedClockSkew: clerk.Int64(0)}); err != nil {
			t.Error(err)
		}
		if _, err := templates.Update(t.Context(), made.ID, &jwttemplate.UpdateParams{Name: clerk.String("other"),
			Claims: []byte(`{}`), Lifetime: clerk.Int64(29)}); clerkCode(err) != "form_param_value_invalid" {
			t.Errorf("29 seconds: %v", err)
		}
		if _, err := templates.Update(t.Context(), made.ID, &jwttemplate.UpdateParams{Name: clerk.String("other"),
			Claims: []byte(`{}`), CustomSigningKey: clerk.Bool(true), SigningKey: clerk.String("x")}); clerkCode(
			err) != "form_param_value_invalid" {
			t.Errorf("a key of one's own: %v", err)
		}
		list, err := templates.List(t.Context(), &jwttemplate.ListParams{})
		if err != nil || list.TotalCount != 1 || list.JWTTemplates[0].Name != "other" ||
			string(list.JWTTemplates[0].Claims) != `{"a":1}` {
			t.Errorf("templates are %+v, %v", list, err)
		}
		if _, err := sessions.CreateToken(t.Context(), &session.CreateTokenParams{ID: started,
			TemplateName: "hasura"}); clerkCode(err) != "resource_not_found" {
			t.Errorf("by the old name: %v", err)
		}
		if deleted, err := templates.Delete(t.Context(), made.ID); err != nil || !deleted.Deleted {
			t.Errorf("deleted %+v, %v", deleted, err)
		}
	})
}

func TestReservedClaimsAreRefusedInTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sub", "o", "sts"} {
		if _, err := simulator.New(simulator.Config{SessionClaims: map[string]string{name: "x"}}); err == nil ||
			!strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASessionIsPendingWhereMembershipIsRequired(t *testing.T) {
	t.Parallel()
	inConfiguredBubble(t, func(c *simulator.Config) { c.ClerkInstance.MembershipRequired = true },
		func(t *testing.T, b *bench) {
			ada := b.person("ada@example.com")
			made := b.backend("POST", "/sessions", `{"user_id":"`+ada.ID+`"}`).ok()
			if made.text("status") != "pending" || made.text("tasks.0.key") != "choose-organization" {
				t.Errorf("session %v", made.value)
			}
			if claims := payload(t, b.backend("POST", "/sessions/"+made.text("id")+"/tokens",
				"").ok().text("jwt")); claims["sts"] != "pending" {
				t.Errorf("the token says %v", claims)
			}
			if kinds := b.inboxKinds(); count(kinds, "session.pending") != 1 || count(kinds, "session.created") != 0 {
				t.Errorf("webhooks are %v", kinds)
			}
			browser := b.browser()
			browser.post("/sign-in", "email", "ada@example.com")
			browser.post("/user", "action", "organization", "name", "Acme")
			page := browser.open("/user")
			if main := page.Says("main"); !strings.Contains(main, "active") ||
				strings.Contains(page.Says("main"), "Personal account") {
				t.Errorf("the account page says %s", page.Says("main"))
			}
			if kinds := b.inboxKinds(); count(kinds, "session.created") != 1 {
				t.Errorf("webhooks are %v", kinds)
			}
			if refused := browser.post("/user", "action", "personal"); refused.status != 422 {
				t.Errorf("the personal account answers %d", refused.status)
			}
		})
}
