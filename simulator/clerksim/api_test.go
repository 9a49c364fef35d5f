package clerksim_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/jwks"
	"github.com/clerk/clerk-sdk-go/v2/svixwebhook"
	"github.com/clerk/clerk-sdk-go/v2/user"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestTheVersionComesOnceAndIsAPublishedOne(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.backend("GET", "/users", "").ok()
		b.backend("GET", "/users", "", "Clerk-API-Version", "2021-02-05").ok()
		b.backend("GET", "/users?__clerk_api_version=2025-11-10", "").ok()
		b.backend("GET", "/users?__clerk_api_version=2026-05-12", "", "Clerk-API-Version", "2026-05-12").refused(400,
			"api_version_invalid")
		b.backend("GET", "/users", "", "Clerk-API-Version", "2026-05-13").refused(400, "api_version_invalid")
		b.backend("GET", "/users?__clerk_api_version=latest", "").refused(400, "api_version_invalid")
	})
}

func TestWhoHasNoKeyIsTold(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.backend("GET", "/users", "", "Authorization", "").refused(401, "authentication_invalid")
		b.backend("GET", "/users", "", "Authorization", simulator.DefaultClerkKey).refused(401,
			"authorization_header_format_invalid")
		b.backend("GET", "/users", "", "Authorization", "Bearer sk_test_x").refused(401, "clerk_key_invalid")
		b.backend("GET", "/jwks", "", "Authorization", "Bearer sk_live_x").refused(401, "clerk_key_invalid")
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, simharness.ClerkHost+"/.well-known/jwks.json",
			http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := b.HTTP.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("the public keys: %v, %v", response, err)
		}
		_ = response.Body.Close()
	})
}

func TestARequestThatIsNotAsDocumentedIsRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		for _, body := range []string{`{`, `"text"`, `[]`, `5`} {
			b.backend("POST", "/users", body).refused(400, "request_body_invalid")
		}
		b.backend("POST", "/users", `username=x`, "Content-Type", "application/x-www-form-urlencoded").refused(415,
			"unsupported_content_type")
		b.backend("POST", "/users", `{"username":"ada_l"}`, "Content-Type", "application/json; charset=utf-8").ok()
		// Unknown parameters are refused, in the query and in the body.
		for _, operation := range []string{"GET /users/" + admin.ID, "GET /organizations", "GET /organization_memberships",
			"GET /sessions", "GET /jwt_templates", "GET /organization_roles",
			"GET /organizations/" + acme.ID + "/memberships", "GET /organizations/" + acme.ID + "/invitations", "GET /jwks",
			"GET /instance", "POST /users", "DELETE /users/" + admin.ID} {
			method, path, _ := strings.Cut(operation, " ")
			b.backend(method, path+"?bogus=1", "").refused(422, "form_param_unknown")
		}
		for _, operation := range []string{"DELETE /users/" + admin.ID, "POST /users/" + admin.ID + "/ban",
			"DELETE /organizations/" + acme.ID, "POST /organizations", "POST /sessions",
			"PATCH /users/" + admin.ID + "/metadata", "POST /webhooks/svix_url"} {
			method, path, _ := strings.Cut(operation, " ")
			b.backend(method, path, `{"bogus":1}`).refused(422, "form_param_unknown")
		}
		if len(b.Organizations()) != 1 || len(b.Users()) != 2 {
			t.Error("a refused request took effect")
		}
		for _, operation := range []string{"GET /invitations", "POST /organizations/" + acme.ID + "/domains", "PUT /users",
			"GET /users/" + admin.ID + "/billing/subscription", "GET /users/"} {
			method, path, _ := strings.Cut(operation, " ")
			b.backend(method, path, "").refused(404, "resource_not_found")
		}
		b.backend("DELETE", "/users/"+admin.ID, `null`).ok() // so does Clerk's Go SDK
	})
}

func TestAnInstanceTakesAHundredRequestsInTenSeconds(t *testing.T) {
	t.Parallel()
	for rate, change := range map[int]func(*simulator.Config){
		100:  func(c *simulator.Config) { c.RateLimits = true },
		1000: func(c *simulator.Config) { c.RateLimits, c.ClerkInstance.ProductionRate = true, true },
	} {
		inConfiguredBubble(t, change, func(t *testing.T, b *bench) {
			config := simharness.ClerkConfig(simharness.ClerkHost, b.HTTP)
			users, keys := user.NewClient(config), jwks.NewClient(config)
			for i := range rate {
				if _, err := users.Count(t.Context(), &user.ListParams{}); err != nil {
					t.Fatalf("request %d: %v", i, err)
				}
			}
			time.Sleep(2500 * time.Millisecond)
			var failure *clerk.APIErrorResponse
			if _, err := users.Count(t.Context(), &user.ListParams{}); !errors.As(err, &failure) ||
				failure.HTTPStatusCode != 429 || failure.Response.Header.Get("Retry-After") != "8" {
				t.Errorf("request %d: %v", rate, err)
			}
			if _, err := keys.Get(t.Context(), &jwks.GetParams{}); err != nil {
				t.Errorf("the keys are limited: %v", err)
			}
			time.Sleep(7400 * time.Millisecond)
			if _, err := users.Count(t.Context(), &user.ListParams{}); err == nil {
				t.Error("the window ended early")
			}
			time.Sleep(100 * time.Millisecond)
			if _, err := users.Count(t.Context(), &user.ListParams{}); err != nil {
				t.Errorf("after Retry-After: %v", err)
			}
		})
	}
}

func TestWritesToOneObjectAreLimited(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		other := b.person("other@example.com")
		if err := b.AddMember(acme.ID, other.ID, ""); err != nil {
			t.Fatal(err)
		}
		for _, limited := range []struct{ path, free string }{
			{"/users/" + admin.ID, "/users/" + other.ID},
			{"/organizations/" + acme.ID, "/organizations/" + acme.ID + "/memberships/" + admin.ID},
			{"/organizations/" + acme.ID + "/memberships/" + other.ID, "/organizations/" + acme.ID + "/memberships/" + admin.ID},
		} {
			for range 5 {
				b.backend("PATCH", limited.path+"/metadata", `{"public_metadata":{"a":1}}`).ok()
				if count := b.backend("GET", limited.path, ""); count.Status == http.StatusTooManyRequests {
					t.Error("reading counts")
				}
			}
			for range 5 {
				b.backend("PATCH", limited.path, map[bool]string{true: `{"role":"org:member"}`,
					false: `{}`}[limited.path != "/users/"+admin.ID && limited.path != "/organizations/"+acme.ID]).ok()
			}
			refused := b.backend("PATCH", limited.path+"/metadata", `{}`).refused(429, "too_many_requests")
			if refused.Header.Get("Retry-After") != "10" {
				t.Errorf("%s: Retry-After is %s", limited.path, refused.Header.Get("Retry-After"))
			}
			b.backend("PATCH", limited.free+"/metadata", `{}`).ok()
		}
	})
}

func TestInvitationsAreLimitedByTheHour(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, _ := b.team("Acme")
		path := "/organizations/" + acme.ID + "/invitations"
		for range 250 {
			b.backend("POST", path, `{}`).refused(422, "form_param_missing") // a refused request counts, too
		}
		if got := b.backend("POST", path, `{}`).refused(429, "too_many_requests").Header.Get("Retry-After"); got != "3600" {
			t.Errorf("Retry-After is %s", got)
		}
		for range 50 {
			b.backend("POST", path+"/bulk", `[]`).refused(400, "request_body_invalid")
		}
		b.backend("POST", path+"/bulk", `[]`).refused(429, "too_many_requests")
		time.Sleep(time.Hour)
		b.backend("POST", path+"/bulk", `[{"email_address":"x@example.com","role":"org:member"}]`).ok()
	})
}

func TestTheSvixApplicationCanBeDeletedAndMadeAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		svix := svixwebhook.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		if got, err := svix.RefreshURL(t.Context()); err != nil || got.SvixURL != simharness.ClerkHost+"/_sim" {
			t.Errorf("the dashboard is %+v, %v", got, err)
		}
		if _, err := svix.Create(t.Context()); clerkCode(err) != "svix_app_exists" {
			t.Errorf("a second one: %v", err)
		}
		if _, err := svix.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.person("unheard@example.com")
		if _, err := svix.RefreshURL(t.Context()); clerkCode(err) != "svix_app_missing" {
			t.Errorf("without one: %v", err)
		}
		if _, err := svix.Create(t.Context()); err != nil {
			t.Error(err)
		}
		b.person("heard@example.com")
		if kinds := b.inboxKinds(); len(kinds) != 1 {
			t.Errorf("webhooks are %v, want only the one after it was there again", kinds)
		}
		if got := b.backend("GET", "/instance", "").ok(); got.text("environment_type") != "development" {
			t.Errorf("instance %v", got.value)
		}
	})
}
