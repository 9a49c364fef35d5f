package clerkdirectory

import (
	"net/http"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

func TestNewRefuses(t *testing.T) {
	for key, base := range map[lockstep.Secret]struct{ url, want string }{
		"\t":        {"", "clerk: the secret key is empty"},
		"sk_test 1": {"", "clerk: the secret key contains a space or another invalid character; copy it again"},
		"pk_test_1": {"", "clerk: the key is a publishable key (pk_…); use the secret key (sk_…)"},
		"sk_live_1": {"http://clerk.internal", "clerk: base URL: a live key must not be sent without TLS; use https"},
		"sk_live_2": {"http://[::1]/v1", "clerk: base URL: a live key must not go to an address of this machine; use a test key"},
		"sk_test_3": {"http://[", "clerk: base URL: not a URL"},
		"sk_test_4": {"api.clerk.com", `clerk: base URL: "api.clerk.com/v1" does not have the form https://host`},
	} {
		if _, err := New(Config{Key: key, BaseURL: base.url}); err == nil || err.Error() != base.want {
			t.Errorf("%s: %v, want %s", base.url, err, base.want)
		}
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
	if got.URL.Path != "/v1/users/user_1" || got.Header.Get("Authorization") != "Bearer sk_test_1" ||
		got.Header.Get("Clerk-API-Version") == "" {
		t.Errorf("%s %v", got.URL, got.Header)
	}
}

func TestLimitsFollowTheKindOfInstance(t *testing.T) {
	for _, c := range []struct {
		configured lockstep.Limits
		live       bool
		want       lockstep.Limits
	}{
		{lockstep.Limits{}, false, lockstep.Limits{PerSecond: 10}},
		{lockstep.Limits{}, true, lockstep.Limits{PerSecond: 100}},
		{lockstep.Limits{PerSecond: 7, PerEndpoint: 3}, true, lockstep.Limits{PerSecond: 7, PerEndpoint: 3}},
	} {
		if got := limits(c.configured, c.live); got != c.want {
			t.Errorf("%+v, live %v: %+v, want %+v", c.configured, c.live, got, c.want)
		}
	}
	if _, err := New(Config{Key: "sk_test_1", Limits: lockstep.Limits{PerEndpoint: -1}}); err == nil {
		t.Error("a negative limit is accepted")
	}
}

func TestWhatARefusalIsAbout(t *testing.T) {
	for _, c := range []struct {
		method string
		after  time.Duration
		want   upstream.Reach
	}{{"GET", time.Second, upstream.OneEndpoint}, {"PATCH", time.Second, upstream.OneObject},
		{"PATCH", 0, upstream.OneEndpoint}} {
		if got := reach(c.method, &lockstep.UpstreamError{Status: 429, RetryAfter: c.after}); got != c.want {
			t.Errorf("%s with %s reaches %v, want %v", c.method, c.after, got, c.want)
		}
	}
}
