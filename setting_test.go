package lockstep_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestFingerprintsTellNoSecret(t *testing.T) {
	t.Parallel()
	for secret, prefix := range map[string]string{
		"sk_test_51Habcdefghijklmnop":         "sk_test_…",
		"rk_live_51Habcdefghijklmnop":         "rk_live_…",
		"whsec_bG9ja3N0ZXAtb25lbG9ja3N0ZXA":   "whsec_…",
		"a-key-of-this-test-of-32-characters": "…",
	} {
		got := lockstep.Fingerprint(lockstep.Secret(secret))
		if !strings.HasPrefix(got, prefix) || len(got) != len(prefix)+8 || strings.Contains(got, secret[8:12]) {
			t.Errorf("%s: %s", secret, got)
		}
		if got == lockstep.Fingerprint(lockstep.Secret(secret+"x")) {
			t.Errorf("%s: the same as of another", secret)
		}
	}
	for secret, want := range map[string]string{"": "", "hunter2": "set", "sk_test_short": "set"} {
		if got := lockstep.Fingerprint(lockstep.Secret(secret)); got != want {
			t.Errorf("%q: %q, want %q", secret, got, want)
		}
	}
}

func TestMaskedURLsHoldNoCredentials(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sqlite:lockstep.db":                                  "sqlite:lockstep.db",
		"127.0.0.1:8080":                                      "127.0.0.1:8080",
		"postgres://ada:hunter2@db/app":                       "postgres://ada:…@db/app",
		"postgres://ada@db/app?password=hunter2&sslmode=full": "postgres://ada@db/app?password=…&sslmode=…",
		"postgres://ada:hunt%zz@db/app":                       "postgres://…",
		"https://:hunter2@app.test/":                          "https://:…@app.test/",
		"https://app.test/a%20b#hunter2":                      "https://app.test/a%20b",
		"Acme <billing@acme.example>":                         "Acme <billing@acme.example>",
	} {
		if got := lockstep.MaskURL(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{"https://app.test/hooks/hunter2?t=x": "https://app.test/…",
		"https://ada:hunter2@app.test": "https://app.test", "https://app.test/": "https://app.test/", "hunter2": "…"} {
		if got := lockstep.MaskPath(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
