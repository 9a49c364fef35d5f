package main

import (
	"maps"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// TestFewSecretsAreEnough: which secrets serve needs, under each of their names, and which ones it reports as
// missing.
func TestFewSecretsAreEnough(t *testing.T) {
	t.Parallel()
	type environment = map[string]string
	seed := environment{"STRIPE_API_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1", "CLERK_SECRET_KEY": "sk_test_2"}
	with := func(more environment) environment {
		all := maps.Clone(seed)
		for name, value := range more {
			if all[name] = value; value == "" {
				delete(all, name)
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		env     environment
		api     bool // identities come from the API
		polls   bool
		missing string // empty: it starts
	}{
		"the three of the seed": {env: seed},
		"STRIPE_SECRET_KEY":     {env: with(environment{"STRIPE_API_KEY": "", "STRIPE_SECRET_KEY": "sk_test_1"})},
		"STRIPE_KEY":            {env: with(environment{"STRIPE_API_KEY": "", "STRIPE_KEY": "sk_test_1"})},
		"the first name wins": {env: with(environment{"STRIPE_SECRET_KEY": "sk_test_1",
			"STRIPE_API_KEY": "sk_test_old", "STRIPE_KEY": "sk_test_older"})},
		"white space around it":             {env: with(environment{"STRIPE_API_KEY": " sk_test_1\n"})},
		"polling needs no webhook secret":   {env: with(environment{"STRIPE_WEBHOOK_SECRET": ""}), polls: true},
		"Clerk's webhook secret":            {env: with(environment{"CLERK_WEBHOOK_SIGNING_SECRET": "whsec_Y2xlcms="})},
		"its former name":                   {env: with(environment{"SIGNING_SECRET": "whsec_Y2xlcms="})},
		"identities from the API, no Clerk": {env: with(environment{"CLERK_SECRET_KEY": ""}), api: true},
		"no Stripe key": {env: with(environment{"STRIPE_API_KEY": ""}),
			missing: "STRIPE_SECRET_KEY (or STRIPE_API_KEY, STRIPE_KEY): it is not set"},
		"a blank Stripe key": {env: with(environment{"STRIPE_API_KEY": " "}),
			missing: "STRIPE_API_KEY: it is blank"},
		"no webhook secret": {env: with(environment{"STRIPE_WEBHOOK_SECRET": ""}),
			missing: "STRIPE_WEBHOOK_SECRET: it is not set"},
		"a blank one, though it polls": {env: with(environment{"STRIPE_WEBHOOK_SECRET": " "}), polls: true,
			missing: "STRIPE_WEBHOOK_SECRET: it is blank"},
		"an empty one in a list": {env: with(environment{"STRIPE_WEBHOOK_SECRET": "whsec_1,"}),
			missing: "STRIPE_WEBHOOK_SECRET: a secret is empty"},
		"no Clerk key": {env: with(environment{"CLERK_SECRET_KEY": ""}),
			missing: "CLERK_SECRET_KEY: it is not set"},
		"a bare prefix for Clerk": {env: with(environment{"CLERK_WEBHOOK_SIGNING_SECRET": "whsec_"}),
			missing: "CLERK_WEBHOOK_SIGNING_SECRET: a secret is empty"},
		"a blank API key": {env: with(environment{"LOCKSTEP_API_KEY": " "}),
			missing: "LOCKSTEP_API_KEY: it is blank"},
	} {
		got, err := readCredentials(func(name string) string { return c.env[name] }, !c.api, c.polls)
		switch {
		case c.missing != "" && (err == nil || !strings.Contains(err.Error(), c.missing)):
			t.Errorf("%s: %v, want %q", name, err, c.missing)
		case c.missing == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.missing == "" && got.stripe != "sk_test_1":
			t.Errorf("%s: Stripe's key is %q", name, got.stripe.Reveal())
		case c.missing == "" && !c.api && got.clerk != "sk_test_2":
			t.Errorf("%s: Clerk's key is %q", name, got.clerk.Reveal())
		case c.missing == "" && c.polls == (len(got.stripeWebhooks) > 0):
			t.Errorf("%s: Stripe's webhook secrets are %v", name, got.stripeWebhooks)
		case c.missing == "" && (c.env["SIGNING_SECRET"]+c.env["CLERK_WEBHOOK_SIGNING_SECRET"] != "") != (len(got.clerkWebhooks) == 1 && got.clerkWebhooks[0] == lockstep.Secret("whsec_Y2xlcms=")):
			t.Errorf("%s: Clerk's webhook secrets are %v", name, got.clerkWebhooks)
		}
	}
}
