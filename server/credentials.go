package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/lockstep-dev/lockstep"
)

// shortestAPIKey is the minimum length of an API key in characters. 32 random hexadecimal
// characters cannot be guessed.
const shortestAPIKey = 32

// apiKeys splits a setting that holds several keys, separated by commas.
func apiKeys(setting lockstep.Secret) (keys []lockstep.Secret) {
	if setting == "" {
		return nil
	}
	for part := range strings.SplitSeq(setting.Reveal(), ",") {
		keys = append(keys, lockstep.Secret(strings.TrimSpace(part)))
	}
	return keys
}

const makeAPIKey = "make one with: openssl rand -hex 32"

// checkAPIKeys rejects keys that can be guessed, and secrets of Stripe and Clerk.
func checkAPIKeys(setting lockstep.Secret) error {
	var problems []error
	for i, key := range apiKeys(setting) {
		text, name := key.Reveal(), "LOCKSTEP_API_KEY"
		if strings.Contains(setting.Reveal(), ",") {
			name = fmt.Sprintf("LOCKSTEP_API_KEY, key %d", i+1)
		}
		switch {
		case text == "":
			problems = append(problems, fmt.Errorf("%s: the key is empty; %s", name, makeAPIKey))
		case untidy(text):
			problems = append(problems, fmt.Errorf("%s: %s", name, untidiness))
		case kindOf(text) != "":
			problems = append(problems, fmt.Errorf("%s: this is %s, not a key for Lockstep's API; %s", name, kindOf(text),
				makeAPIKey))
		case lockstep.IsAPIKey(text):
			problems = append(problems, fmt.Errorf("%s: this key was made by lockstep keys create, and has all scopes here although it may be revoked there; %s",
				name, makeAPIKey))
		case len(text) < shortestAPIKey:
			problems = append(problems, fmt.Errorf("%s: the key has %d characters, but needs at least %d; %s", name, len(text),
				shortestAPIKey, makeAPIKey))
		}
	}
	return errors.Join(problems...)
}

// provider names the secrets of a provider, and where to find them.
type provider struct {
	key, keyPage string
	prefixes     []string // of the key
	webhook      string
	webhookPage  string
	marked       bool // every signing secret starts with whsec_; libraries accept Clerk's without it
}

var (
	stripeSecrets = provider{key: "STRIPE_SECRET_KEY", keyPage: "Stripe Dashboard > Developers > API keys",
		prefixes: []string{"sk_", "rk_"},
		webhook:  "STRIPE_WEBHOOK_SECRET", webhookPage: "Stripe Dashboard > Developers > Webhooks > your endpoint", marked: true}
	clerkSecrets = provider{key: "CLERK_SECRET_KEY", keyPage: "Clerk Dashboard > Configure > API keys",
		prefixes: []string{"sk_"},
		webhook:  "CLERK_WEBHOOK_SIGNING_SECRET", webhookPage: "Clerk Dashboard > Configure > Webhooks > your endpoint"}
)

// checkProviders rejects secrets of Stripe and Clerk that were swapped, or that belong to
// different modes.
func (c Config) checkProviders() error {
	problems := []error{stripeSecrets.checkKey(c.Stripe.Key), stripeSecrets.checkWebhooks(c.Stripe.WebhookSecrets)}
	if c.Identities == FromAPI {
		return errors.Join(problems...)
	}
	problems = append(problems, clerkSecrets.checkKey(c.Clerk.Key), clerkSecrets.checkWebhooks(c.Clerk.WebhookSecrets))
	stripe, clerk := modeOf(c.Stripe.Key), modeOf(c.Clerk.Key)
	switch {
	case stripe == "live" && clerk == "test":
		problems = append(problems, errors.New("STRIPE_SECRET_KEY: it is a live-mode key, but CLERK_SECRET_KEY belongs to a development instance, so test users would pay real money; use sk_live_ keys for both, or sk_test_ keys for both"))
	case stripe == "test" && clerk == "live":
		problems = append(problems, errors.New("STRIPE_SECRET_KEY: it is a test-mode key, but CLERK_SECRET_KEY belongs to a production instance, so anyone could buy with a test card; use sk_live_ keys for both, or sk_test_ keys for both"))
	}
	if c.real() && c.Stripe.Key != "" && c.Stripe.Key == c.Clerk.Key {
		problems = append(problems, errors.New("STRIPE_SECRET_KEY and CLERK_SECRET_KEY: they are the same; copy each from its own dashboard"))
	}
	return errors.Join(problems...)
}

// real reports whether both providers are the real ones. Simulators may share secrets.
func (c Config) real() bool { return c.Stripe.BaseURL == "" && c.Clerk.BaseURL == "" }

// checkReuse rejects a secret that is used in two places: whoever knows it for one purpose could
// abuse it for the other. It also catches a wrong line in the environment.
func (c Config) checkReuse() error {
	var problems []error
	for _, key := range apiKeys(c.HTTP.APIKey) {
		switch {
		case key == "":
		case slices.Contains(c.Stripe.WebhookSecrets, key):
			problems = append(problems, errors.New("STRIPE_WEBHOOK_SECRET and LOCKSTEP_API_KEY: they are the same, so a server that calls the API could sign events; copy the signing secret (whsec_…) from Stripe Dashboard > Developers > Webhooks > your endpoint"))
		case slices.Contains(c.Clerk.WebhookSecrets, key):
			problems = append(problems, errors.New("CLERK_WEBHOOK_SIGNING_SECRET and LOCKSTEP_API_KEY: they are the same, so a server that calls the API could sign events; copy the signing secret (whsec_…) from Clerk Dashboard > Configure > Webhooks > your endpoint"))
		}
	}
	for _, secret := range c.Clerk.WebhookSecrets {
		if c.real() && slices.Contains(c.Stripe.WebhookSecrets, secret) {
			problems = append(problems, errors.New("STRIPE_WEBHOOK_SECRET and CLERK_WEBHOOK_SIGNING_SECRET: they are the same; copy each from its own dashboard"))
		}
	}
	return errors.Join(problems...)
}

// checkKey rejects a key that has none of the provider's prefixes.
func (p provider) checkKey(key lockstep.Secret) error {
	text, prefixes := key.Reveal(), strings.Join(p.prefixes, " or ")
	kind := kindOf(text)
	switch {
	case text == "":
		return nil // the adapter reports it
	case untidy(text):
		return fmt.Errorf("%s: %s", p.key, untidiness)
	case kind == webhookSigning:
		return fmt.Errorf("%s: this is %s; put it in %s, and the key that starts with %s here (%s)", p.key, kind,
			p.webhook, prefixes, p.keyPage)
	case slices.ContainsFunc(p.prefixes, func(prefix string) bool { return strings.HasPrefix(text, prefix) }):
		return nil
	case kind != "":
		return fmt.Errorf("%s: this is %s; use the secret key, which starts with %s (%s)", p.key, kind, prefixes, p.keyPage)
	}
	return fmt.Errorf("%s: the key does not start with %s; copy the whole key (%s)", p.key, prefixes, p.keyPage)
}

// checkWebhooks rejects API keys where signing secrets belong.
func (p provider) checkWebhooks(secrets []lockstep.Secret) error {
	var problems []error
	for _, secret := range secrets {
		text := secret.Reveal()
		switch kind := kindOf(text); {
		case untidy(text):
			problems = append(problems, fmt.Errorf("%s: %s", p.webhook, untidiness))
		case kind != "" && kind != webhookSigning:
			problems = append(problems, fmt.Errorf("%s: this is %s; put a secret key in %s, and the signing secret that starts with whsec_ here (%s)",
				p.webhook, kind, p.key, p.webhookPage))
		case lockstep.IsAPIKey(text):
			problems = append(problems, fmt.Errorf("%s: this is an API key of Lockstep; put the signing secret that starts with whsec_ here (%s)",
				p.webhook, p.webhookPage))
		case kind == "" && p.marked && text != "":
			problems = append(problems, fmt.Errorf("%s: the secret does not start with whsec_, so it is not a signing secret; copy it from %s > Signing secret",
				p.webhook, p.webhookPage))
		}
	}
	return errors.Join(problems...)
}

const untidiness = "the value contains quotation marks or white space; remove them (docker's --env-file keeps quotation marks)"

// untidy reports whether text contains characters that appear only in badly copied secrets.
func untidy(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("\"'`", r)
	})
}

const webhookSigning = "a webhook signing secret (whsec_)"

// kindOf describes a secret by its provider's prefix; empty if it has none.
func kindOf(text string) string {
	for _, known := range []struct{ prefix, kind string }{
		{"whsec_", webhookSigning},
		{"pk_test_", "a publishable key (pk_)"}, {"pk_live_", "a publishable key (pk_)"},
		{"sk_test_", "a secret key (sk_)"}, {"sk_live_", "a secret key (sk_)"},
		{"rk_test_", "a restricted key (rk_)"}, {"rk_live_", "a restricted key (rk_)"},
	} {
		if strings.HasPrefix(text, known.prefix) {
			return known.kind
		}
	}
	return ""
}

// modeOf is "live" or "test", or empty if the key does not say.
func modeOf(key lockstep.Secret) string {
	_, rest, _ := strings.Cut(key.Reveal(), "_")
	switch {
	case strings.HasPrefix(rest, "live_"):
		return "live"
	case strings.HasPrefix(rest, "test_"):
		return "test"
	}
	return ""
}
