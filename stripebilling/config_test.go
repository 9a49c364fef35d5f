package stripebilling

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestConfigIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		key, base, want string
	}{
		"empty key":                {"", "", "empty"},
		"blank key":                {" \t\n", "", "empty"},
		"key with a newline":       {"sk_test_1\n", "", "space"},
		"publishable key":          {"pk_test_1", "", "publishable"},
		"live key without TLS":     {"sk_live_1", "http://stripe.internal", "TLS"},
		"restricted live, no TLS":  {"rk_live_1", "http://10.0.0.1:80", "TLS"},
		"live key on loopback":     {"sk_live_1", "http://127.0.0.1:8080", "this machine"},
		"live key on localhost":    {"rk_live_1", "http://localhost:8080", "this machine"},
		"live key on IPv6 address": {"sk_live_1", "http://[::1]:8080", "this machine"},
		"no scheme":                {"sk_test_1", "api.stripe.com", "form"},
		"other scheme":             {"sk_test_1", "ftp://api.stripe.com", "form"},
		"query":                    {"sk_test_1", "https://api.stripe.com?a=b", "form"},
		"not a URL":                {"sk_test_1", "http://[", "parsed"},
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
