package upstream

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestAccessIsRefused(t *testing.T) {
	const good, https = "sk_test_1", "https://acme.internal"
	for name, c := range map[string]struct {
		key, base string
		live      bool
		want      string
	}{
		"empty key": {"", https, false, "acme: the master key is empty"},
		"blank key": {" \t\n", https, false, "acme: the master key is empty"},
		"key with a newline": {"sk_test_1\n", https, false,
			"acme: the master key contains a space or another invalid character; copy it again"},
		"key with a foreign dash": {"sk–test_1", https, false,
			"acme: the master key contains a space or another invalid character; copy it again"},
		"publishable key": {"pk_test_1", https, false,
			"acme: the given key is a publishable key (pk_…); use the secret key (sk_…)"},
		"live key without TLS": {"sk_live_1", "http://acme.internal", true,
			"acme: base URL: a live key must not be sent without TLS; use https"},
		"live key, private net": {"sk_live_1", "http://10.0.0.1:80", true,
			"acme: base URL: a live key must not be sent without TLS; use https"},
		"live key on loopback": {"sk_live_1", "http://127.0.0.2:8080/v1", true,
			"acme: base URL: a live key must not go to an address of this machine; use a test key"},
		"live key on localhost": {"sk_live_1", "http://localhost:8080", true,
			"acme: base URL: a live key must not go to an address of this machine; use a test key"},
		"live key on IPv6 address": {"sk_live_1", "http://[::1]:8080", true,
			"acme: base URL: a live key must not go to an address of this machine; use a test key"},
		"no URL": {good, "", false, `acme: base URL: "" does not have the form https://host`},
		"no scheme": {good, "acme.internal", false,
			`acme: base URL: "acme.internal" does not have the form https://host`},
		"other scheme": {good, "ftp://acme.internal", false,
			`acme: base URL: "ftp://acme.internal" does not have the form https://host`},
		"no host": {good, "https:///v1", false,
			`acme: base URL: "https:///v1" does not have the form https://host`},
		"query": {good, https + "?a=b", false,
			`acme: base URL: "https://acme.internal?a=b" does not have the form https://host`},
		"fragment": {good, https + "#a", false,
			`acme: base URL: "https://acme.internal#a" does not have the form https://host`},
		"password": {good, "https://ada:lovelace@acme.internal", false,
			`acme: base URL: "https://ada:xxxxx@acme.internal" does not have the form https://host`},
		"not a URL": {good, "http://[", false, "acme: base URL: not a URL"},
		"everything": {"", "http://[", true,
			"acme: the master key is empty\nacme: base URL: not a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Access{Provider: "acme", Key: lockstep.Secret(c.key), KeyName: "master key", Given: "given key",
				Live: c.live, BaseURL: c.base}.Validate()
			if err == nil || err.Error() != c.want {
				t.Fatalf("error %v, want %s", err, c.want)
			}
			if secret := strings.TrimSpace(c.key); secret != "" && strings.Contains(err.Error(), secret) {
				t.Fatalf("error %v shows the key", err)
			}
		})
	}
}

func TestAccessIsAccepted(t *testing.T) {
	for base, live := range map[string]bool{"https://acme.internal/v1": true, "https://localhost": true,
		"http://127.0.0.1:80": false, "http://simulator": false} {
		if err := (Access{Provider: "acme", Key: "sk_1", Live: live, BaseURL: base}).Validate(); err != nil {
			t.Errorf("%s, live %v: %v", base, live, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{"localhost:80": true, "127.9.9.9": true, "[::1]:80": true, "10.0.0.1": false,
		"localhost.acme.internal": false} {
		if got := Loopback(&url.URL{Scheme: "http", Host: host}); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
