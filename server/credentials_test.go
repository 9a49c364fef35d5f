package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// TestSecretsInTheWrongPlaceAreRefused: the error says where the secret belongs, and does not
// show it.
func TestSecretsInTheWrongPlaceAreRefused(t *testing.T) {
	t.Parallel()
	const key = "0123456789abcdef0123456789abcdef"
	good := func() server.Config {
		return server.Config{HTTP: server.HTTP{APIKey: key},
			Stripe: server.Stripe{Key: "sk_test_stripe", WebhookSecrets: []lockstep.Secret{"whsec_c3RyaXBl"}},
			Clerk:  server.Clerk{Key: "sk_test_clerk", WebhookSecrets: []lockstep.Secret{"whsec_Y2xlcms="}}}
	}
	for name, c := range map[string]struct {
		change func(*server.Config)
		want   string // empty: the secrets are accepted
	}{
		"all in place":   {func(*server.Config) {}, ""},
		"restricted key": {func(c *server.Config) { c.Stripe.Key = "rk_test_1" }, ""},
		"live, both":     {func(c *server.Config) { c.Stripe.Key, c.Clerk.Key = "sk_live_1", "sk_live_2" }, ""},
		"swapped, Stripe's key": {func(c *server.Config) { c.Stripe.Key = "whsec_1" },
			"STRIPE_SECRET_KEY: this is a webhook signing secret (whsec_); put it in STRIPE_WEBHOOK_SECRET"},
		"swapped, Stripe's hook": {func(c *server.Config) { c.Stripe.WebhookSecrets[0] = "sk_test_hidden" },
			"STRIPE_WEBHOOK_SECRET: this is a secret key (sk_); put a secret key in STRIPE_SECRET_KEY"},
		"restricted as hook": {func(c *server.Config) { c.Stripe.WebhookSecrets[0] = "rk_live_hidden" },
			"STRIPE_WEBHOOK_SECRET: this is a restricted key"},
		"the second of a list": {func(c *server.Config) {
			c.Stripe.WebhookSecrets = append(c.Stripe.WebhookSecrets,
				"sk_test_hidden")
		}, "STRIPE_WEBHOOK_SECRET: this is a secret key"},
		"swapped, Clerk's key": {func(c *server.Config) { c.Clerk.Key = "whsec_1" },
			"CLERK_SECRET_KEY: this is a webhook signing secret (whsec_); put it in CLERK_WEBHOOK_SIGNING_SECRET"},
		"swapped, Clerk's hook": {func(c *server.Config) { c.Clerk.WebhookSecrets[0] = "sk_test_hidden" },
			"CLERK_WEBHOOK_SIGNING_SECRET: this is a secret key (sk_)"},
		"publishable, Stripe": {func(c *server.Config) { c.Stripe.Key = "pk_test_hidden" },
			"STRIPE_SECRET_KEY: this is a publishable key (pk_); use the secret key"},
		"publishable, Clerk": {func(c *server.Config) { c.Clerk.Key = "pk_live_hidden" },
			"CLERK_SECRET_KEY: this is a publishable key (pk_)"},
		"Clerk has no rk_": {func(c *server.Config) { c.Clerk.Key = "rk_test_hidden" },
			"CLERK_SECRET_KEY: this is a restricted key"},
		"no key at all": {func(c *server.Config) { c.Stripe.Key = "hidden" },
			"STRIPE_SECRET_KEY: the key does not start with sk_ or rk_"},
		"quoted": {func(c *server.Config) { c.Stripe.Key = `"sk_test_hidden"` },
			"STRIPE_SECRET_KEY: the value contains quotation marks or white space"},
		"a newline": {func(c *server.Config) { c.Clerk.Key = "sk_test_hidden\n" },
			"CLERK_SECRET_KEY: the value contains quotation marks or white space"},
		"quoted hook": {func(c *server.Config) { c.Stripe.WebhookSecrets[0] = "'whsec_hidden'" },
			"STRIPE_WEBHOOK_SECRET: the value contains quotation marks"},
		"live Stripe, test Clerk": {func(c *server.Config) { c.Stripe.Key = "sk_live_1" },
			"STRIPE_SECRET_KEY: it is a live-mode key, but CLERK_SECRET_KEY belongs to a development instance"},
		"restricted live": {func(c *server.Config) { c.Stripe.Key = "rk_live_1" },
			"test users would pay real money"},
		"test Stripe, live Clerk": {func(c *server.Config) { c.Clerk.Key = "sk_live_1" },
			"STRIPE_SECRET_KEY: it is a test-mode key, but CLERK_SECRET_KEY belongs to a production instance"},
		"one key for both": {func(c *server.Config) { c.Clerk.Key = "sk_test_stripe" },
			"STRIPE_SECRET_KEY and CLERK_SECRET_KEY: they are the same"},
		"short API key": {func(c *server.Config) { c.HTTP.APIKey = lockstep.Secret(key[:31]) },
			"LOCKSTEP_API_KEY: the key has 31 characters, but needs at least 32; make one with: openssl rand -hex 32"},
		"two API keys": {func(c *server.Config) { c.HTTP.APIKey = key + "," + key }, ""},
		"the second is short": {func(c *server.Config) { c.HTTP.APIKey = key + ",a" },
			"LOCKSTEP_API_KEY, key 2: the key has 1 characters"},
		"the second is empty": {func(c *server.Config) { c.HTTP.APIKey = key + "," },
			"LOCKSTEP_API_KEY, key 2: the key is empty"},
		"quoted API key": {func(c *server.Config) { c.HTTP.APIKey = `"` + key + `"` },
			"LOCKSTEP_API_KEY: the value contains quotation marks"},
		"a provider's as API key": {func(c *server.Config) { c.HTTP.APIKey = "sk_test_" + key },
			"LOCKSTEP_API_KEY: this is a secret key (sk_)"},
		"one secret, hook and API": {func(c *server.Config) { c.Stripe.WebhookSecrets[0] = key },
			"STRIPE_WEBHOOK_SECRET and LOCKSTEP_API_KEY: they are the same"},
		"the same, of a list": {func(c *server.Config) {
			c.HTTP.APIKey = "another-key-0123456789-0123456789," + key
			c.Stripe.WebhookSecrets = append(c.Stripe.WebhookSecrets, key)
		}, "STRIPE_WEBHOOK_SECRET and LOCKSTEP_API_KEY: they are the same"},
		"the same, Clerk's hook": {func(c *server.Config) { c.Clerk.WebhookSecrets[0] = key },
			"CLERK_WEBHOOK_SIGNING_SECRET and LOCKSTEP_API_KEY: they are the same"},
		"one hook for both": {func(c *server.Config) { c.Clerk.WebhookSecrets[0] = c.Stripe.WebhookSecrets[0] },
			"STRIPE_WEBHOOK_SECRET and CLERK_WEBHOOK_SIGNING_SECRET: they are the same"},
		"no signing secret": {func(c *server.Config) { c.Stripe.WebhookSecrets[0] = "hidden" },
			"STRIPE_WEBHOOK_SECRET: the secret does not start with whsec_, so it is not a signing secret"},
		"our own key as hook": {func(c *server.Config) {
			c.Stripe.WebhookSecrets[0] = lockstep.Secret("lockstep_" + strings.Repeat("A", 52))
		},
			"STRIPE_WEBHOOK_SECRET: this is an API key of Lockstep"},
		"our own key as Clerk's hook": {func(c *server.Config) {
			c.Clerk.WebhookSecrets[0] = lockstep.Secret("lockstep_" + strings.Repeat("A", 52))
		},
			"CLERK_WEBHOOK_SIGNING_SECRET: this is an API key of Lockstep"},
		"identities from the API": {func(c *server.Config) { c.Identities, c.Clerk = server.FromAPI, server.Clerk{} }, ""},
		"from the API, swapped": {func(c *server.Config) {
			c.Identities, c.Clerk, c.Stripe.Key = server.FromAPI, server.Clerk{}, "whsec_1"
		}, "STRIPE_SECRET_KEY: this is a webhook signing secret (whsec_); put it in STRIPE_WEBHOOK_SECRET"},
		"polling, no hooks": {func(c *server.Config) {
			c.Stripe.Poll, c.Stripe.WebhookSecrets, c.Clerk.WebhookSecrets = 5*time.Second, nil, nil
		}, ""},
		"polling, mixed modes": {func(c *server.Config) { c.Stripe.Poll, c.Stripe.Key = 5*time.Second, "sk_live_1" },
			"STRIPE_SECRET_KEY: it is a live-mode key"},
		"an empty hook": {func(c *server.Config) {
			c.Stripe.WebhookSecrets = append(c.Stripe.WebhookSecrets,
				"whsec_")
		}, "STRIPE_WEBHOOK_SECRET: a secret is empty"},
		"a blank Clerk hook": {func(c *server.Config) { c.Clerk.WebhookSecrets[0] = " " },
			"CLERK_WEBHOOK_SIGNING_SECRET: a secret is empty"},
		"every address trusted": {func(c *server.Config) { c.HTTP.TrustedProxies = []string{"0.0.0.0/0"} },
			`trusted_proxies: "0.0.0.0/0" trusts everyone`},
		"what is no address": {func(c *server.Config) { c.HTTP.TrustedProxies = []string{"10.0.0.1", "proxy"} },
			`trusted_proxies: "proxy" is not an address`},
	} {
		config := good()
		c.change(&config)
		err := config.Validate()
		if err == nil {
			t.Fatal("the missing store is not reported")
		}
		_, got, _ := strings.Cut(err.Error(), "open one with sqlitestore.Open or pgstore.Open")
		got = strings.TrimSpace(got)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Contains(got, "hidden") ||
			strings.Contains(got, key) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
