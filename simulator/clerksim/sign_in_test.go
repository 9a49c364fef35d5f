package clerksim_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

func TestAPersonSignsUpAndComesBackWithAToken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		b.HTTP.Jar = jar
		back := "?redirect_url=" + url.QueryEscape("http://localhost:3000/app?x=1")
		_, _, page := b.Get(simharness.ClerkHost + "/sign-up" + back)
		simharness.Says(t, page, `name="email"`, `name="first_name"`, "Sign in")
		status, location, _ := b.Submit(simharness.ClerkHost+"/sign-up"+back,
			url.Values{"email": {"ada@example.com"}, "first_name": {"Ada"}})
		target, err := url.Parse(location)
		if err != nil || status != http.StatusSeeOther || target.Host != "localhost:3000" ||
			target.Query().Get("x") != "1" || strings.Count(target.Query().Get("__clerk_handshake"), ".") != 2 {
			t.Fatalf("after sign-up: %d to %s", status, location)
		}
		if got := payload(t, target.Query().Get("__clerk_handshake")); got["azp"] != "http://localhost:3000" ||
			got["sub"] != b.Users()[0].ID || got["iss"] != simharness.ClerkHost {
			t.Errorf("the token says %v", got)
		}
		if status, location, _ = b.Get(simharness.ClerkHost + "/sign-in" + back); status != http.StatusSeeOther ||
			!strings.Contains(location, "__clerk_handshake=") {
			t.Errorf("a signed-in browser is not sent straight back: %d to %s", status, location)
		}
		_, _, page = b.Get(simharness.ClerkHost + "/user")
		simharness.Says(t, page, "ada@example.com", "Public metadata", "Delete account")
		b.Submit(simharness.ClerkHost+"/user", url.Values{"action": {"save"}, "email": {"ada@new.example.com"}, "first_name": {"Ada"},
			"last_name": {"L"}})
		if got := b.Users()[0]; got.Email != "ada@new.example.com" || got.LastName != "L" {
			t.Errorf("user is %+v", got)
		}
		if _, location, _ = b.Get(simharness.ClerkHost + "/sign-out?redirect_url=" +
			url.QueryEscape("http://127.0.0.1:3000/")); location != "http://127.0.0.1:3000/" {
			t.Errorf("sign-out leads to %s", location)
		}
		if _, location, _ = b.Get(simharness.ClerkHost + "/user"); location != "/sign-in" {
			t.Errorf("the account page of nobody leads to %q", location)
		}
		if status, _, page = b.Submit(simharness.ClerkHost+"/sign-in",
			url.Values{"email": {"nobody@example.com"}}); status != http.StatusUnprocessableEntity {
			t.Errorf("nobody can sign in: %d %s", status, page)
		}
		b.Submit(simharness.ClerkHost+"/sign-in", url.Values{"email": {"ada@new.example.com"}})
		b.Submit(simharness.ClerkHost+"/user", url.Values{"action": {"delete"}})
		if len(b.Users()) != 0 {
			t.Error("the account is still there")
		}
	})
}

// payload decodes a token without verifying it.
func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestATokenIsNotSentToAnotherMachine(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for _, target := range []string{"https://evil.example/", "//evil.example/", "javascript:alert(1)",
			"http://localhost@evil.example/", "http://localhost.evil.example/"} {
			status, location, page := b.Submit(simharness.ClerkHost+"/sign-up?redirect_url="+url.QueryEscape(target),
				url.Values{"email": {"a@example.com"}})
			if status != http.StatusBadRequest || location != "" {
				t.Errorf("%s: %d to %s", target, status, location)
			}
			simharness.Says(t, page, "This redirect is not allowed")
		}
	})
}
