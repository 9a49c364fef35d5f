package stripebilling

import (
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// The tests of package upstream cover the other errors, and that no error shows the key.
func TestConfigIsRefused(t *testing.T) {
	const tls, here = "stripe: base URL: a live key must not be sent without TLS; use https",
		"stripe: base URL: a live key must not go to an address of this machine; use a test key"
	for want, configs := range map[string][]Config{
		"stripe: the API key is empty": {{}, {Key: " "}},
		"stripe: the API key contains a space or another invalid character; copy it again": {{Key: "sk_test_1\n"}},
		"stripe: the API key is a publishable key (pk_…); use the secret key (sk_…)":       {{Key: "pk_test_1"}},
		"stripe: base URL: not a URL": {{Key: "sk_test_1",
			BaseURL: "http://["}},
		`stripe: base URL: "api.stripe.com" does not have the form https://host`: {{Key: "sk_test_1",
			BaseURL: "api.stripe.com"}},
		"stripe: requests per second must not be negative; omit the setting to use the provider's limit": {{Key: "sk_test_1",
			Limits: lockstep.Limits{PerSecond: -1}}},
		tls:  {{Key: "sk_live_1", BaseURL: "http://stripe.internal"}, {Key: "rk_live_1", BaseURL: "http://stripe.internal"}},
		here: {{Key: "sk_live_1", BaseURL: "http://127.0.0.1:8080"}, {Key: "rk_live_1", BaseURL: "http://localhost"}},
	} {
		for _, c := range configs {
			if _, err := New(c); err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s", c.BaseURL, err, want)
			}
		}
	}
}

func TestConfigIsAccepted(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		live   bool
	}{
		"test":            {Config{Key: "sk_test_1"}, false},
		"live":            {Config{Key: "sk_live_1"}, true},
		"restricted live": {Config{Key: "rk_live_1", BaseURL: "https://stripe.internal"}, true},
		"simulator":       {Config{Key: "sk_test_1", BaseURL: "http://127.0.0.1:12111/"}, false},
		"compose":         {Config{Key: "rk_test_1", BaseURL: "http://simulator:12111"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			if client.Live() != c.live {
				t.Errorf("Live is %v", client.Live())
			}
		})
	}
}

func TestLimitsFollowTheModeOfTheKey(t *testing.T) {
	for _, c := range []struct {
		configured, want lockstep.Limits
		live             bool
	}{
		{lockstep.Limits{}, lockstep.Limits{PerSecond: 25, PerEndpoint: 25}, false},
		{lockstep.Limits{}, lockstep.Limits{PerSecond: 100, PerEndpoint: 25}, true},
		{lockstep.Limits{PerSecond: 500}, lockstep.Limits{PerSecond: 500, PerEndpoint: 500}, true},
		{lockstep.Limits{PerEndpoint: 50}, lockstep.Limits{PerSecond: 100, PerEndpoint: 50}, true},
		{lockstep.Limits{PerSecond: 500, PerEndpoint: 50}, lockstep.Limits{PerSecond: 500, PerEndpoint: 50}, false},
	} {
		if got := limits(c.configured, c.live); got != c.want {
			t.Errorf("%+v, live %v: %+v, want %+v", c.configured, c.live, got, c.want)
		}
	}
}

func TestWhatARefusalIsAbout(t *testing.T) {
	for limit, want := range map[string]upstream.Reach{"global-rate": upstream.Everything,
		"global-concurrency": upstream.Everything,
		"endpoint-rate":      upstream.OneEndpoint, "endpoint-concurrency": upstream.OneEndpoint,
		"resource-specific": upstream.OneObject, "": upstream.OneEndpoint} {
		if got := reach("GET", &lockstep.UpstreamError{Status: 429, Limit: limit}); got != want {
			t.Errorf("%q reaches %v, want %v", limit, got, want)
		}
	}
	if got := reach("POST", &lockstep.UpstreamError{Status: 429, Code: "lock_timeout"}); got != upstream.OneObject {
		t.Errorf("a lock reaches %v", got)
	}
}
