package clerkdirectory

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestConfigIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		key, base, want string
	}{
		"empty key":             {"", "", "empty"},
		"blank key":             {" \n", "", "empty"},
		"key with a newline":    {"sk_test_1\n", "", "space"},
		"publishable key":       {"pk_test_1", "", "publishable"},
		"live key without TLS":  {"sk_live_1", "http://clerk.internal", "TLS"},
		"live key on loopback":  {"sk_live_1", "http://127.0.0.1:8080/v1", "this machine"},
		"live key on localhost": {"sk_live_1", "http://localhost:8080", "this machine"},
		"no scheme":             {"sk_test_1", "api.clerk.com", "form"},
		"not a URL":             {"sk_test_1", "http://[", "parsed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Config{Key: lockstep.Secret(c.key), BaseURL: c.base})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v does not say %q", err, c.want)
			}
			if secret := strings.TrimSpace(c.key); secret != "" && strings.Contains(err.Error(), secret) {
				t.Fatalf("error %v shows the key", err)
			}
		})
	}
}

func TestBaseURLWithAndWithoutVersion(t *testing.T) {
	for base, want := range map[string]string{
		"":                       "https://api.clerk.com/v1",
		"https://api.clerk.com":  "https://api.clerk.com/v1",
		"https://api.clerk.com/": "https://api.clerk.com/v1",
		"https://x/v1":           "https://x/v1",
		"https://x/v1/":          "https://x/v1",
		"https://x/clerk/v1":     "https://x/clerk/v1",
	} {
		if got := apiURL(base); got != want {
			t.Errorf("%q is %s", base, got)
		}
	}
}

func TestRequestsCarryKeyAndVersion(t *testing.T) {
	var got *http.Request
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = w.Write([]byte(`{"id":"user_1"}`))
	})
	if _, err := client.Identity(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	if got.URL.Path != "/v1/users/user_1" || got.Header.Get("Authorization") != "Bearer sk_test_1" || got.Header.Get("Clerk-API-Version") == "" {
		t.Errorf("%s %v", got.URL, got.Header)
	}
}
