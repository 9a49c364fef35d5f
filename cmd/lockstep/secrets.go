package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// secret is a setting that comes from the environment only: an argument would show in the process list,
// and a file would be committed.
type secret struct {
	names []string // the first is the one that we document; the others are read too
	get   string   // how to get one: "find it at …" or "make one with: …"

	section, value, doc, more string // for docs/configuration.md
}

var (
	stripeKey = secret{names: []string{"STRIPE_SECRET_KEY", "STRIPE_API_KEY", "STRIPE_KEY"},
		get:     "find it at Stripe Dashboard > Developers > API keys (sk_… or rk_…)",
		section: "Stripe", value: "required", doc: "The secret or restricted key (sk_… or rk_…)"}
	stripeWebhook = secret{names: []string{"STRIPE_WEBHOOK_SECRET"},
		get:     "find it at Stripe Dashboard > Developers > Webhooks > your endpoint (…/webhooks/stripe) > Signing secret (whsec_…)",
		section: "Stripe", value: "required without poll", doc: "The endpoint's signing secret (whsec_…)",
		more: "Separate several with commas while you rotate it."}
	clerkKey = secret{names: []string{"CLERK_SECRET_KEY"},
		get:     "find it at Clerk Dashboard > Configure > API keys > Secret keys (sk_…)",
		section: "Users and organizations", value: `required with "clerk"`, doc: "The secret key (sk_…)"}
	clerkWebhook = secret{names: []string{"CLERK_WEBHOOK_SIGNING_SECRET", "SIGNING_SECRET"},
		get:     "find it at Clerk Dashboard > Configure > Webhooks > your endpoint (…/webhooks/clerk) > Signing Secret (whsec_…)",
		section: "Users and organizations", value: "none: Clerk is polled",
		doc:  "The endpoint's signing secret (whsec_…)",
		more: "Separate several with commas while you rotate it."}
	apiKey = secret{names: []string{"LOCKSTEP_API_KEY"}, get: "make one with: openssl rand -hex 32",
		section: "Service", value: "none", doc: "The first API key, named environment, with all scopes; at least 32 characters",
		more: "Make one with `openssl rand -hex 32`. Separate several with commas while you rotate it. Without it, only browsers and the keys of `lockstep keys create` can call the API."}
	smtpUsername = secret{names: []string{"LOCKSTEP_SMTP_USERNAME"}, section: "E-mail", value: "none",
		doc: "The user name at the mail server"}
	smtpPassword = secret{names: []string{"LOCKSTEP_SMTP_PASSWORD"}, section: "E-mail", value: "none",
		doc: "The password at the mail server"}
	webhookSecret = secret{names: []string{"LOCKSTEP_WEBHOOK_SECRET"},
		get:     "make one with: echo whsec_$(openssl rand -base64 32); the receiver verifies with the same secret",
		section: "Outgoing webhooks", value: "required with [[webhook]]",
		doc:  "Signs the webhooks (whsec_…)",
		more: "An endpoint whose id is my-app uses LOCKSTEP_WEBHOOK_SECRET_MY_APP instead, if that is set. Separate several with commas while you rotate it."}
)

// read returns the secret, or an error that says how to get it.
func (s secret) read(getenv func(string) string) (lockstep.Secret, error) {
	for _, name := range s.names {
		value := getenv(name)
		if value == "" {
			continue
		}
		if strings.TrimSpace(value) == "" {
			return "", fmt.Errorf("%s: it is blank; %s", name, s.get)
		}
		return lockstep.Secret(strings.TrimSpace(value)), nil
	}
	names := s.names[0]
	if others := s.names[1:]; len(others) > 0 {
		names += " (or " + strings.Join(others, ", ") + ")"
	}
	return "", fmt.Errorf("%s: it is not set; %s", names, s.get)
}

// isSet reports whether the environment has the secret, valid or not.
func (s secret) isSet(getenv func(string) string) bool {
	return slices.ContainsFunc(s.names, func(name string) bool { return getenv(name) != "" })
}

// list returns the values of a secret that may have several, separated by commas.
func (s secret) list(getenv func(string) string) ([]lockstep.Secret, error) {
	value, err := s.read(getenv)
	if err != nil {
		return nil, err
	}
	var secrets []lockstep.Secret
	for _, part := range strings.Split(value.Reveal(), ",") {
		part = strings.TrimSpace(part)
		if strings.TrimPrefix(part, "whsec_") == "" {
			return nil, fmt.Errorf("%s: a secret is empty, so anyone could sign events; %s", s.names[0], s.get)
		}
		secrets = append(secrets, lockstep.Secret(part))
	}
	return secrets, nil
}

// credentials are the secrets of the service.
type credentials struct {
	stripe, clerk, api            lockstep.Secret
	stripeWebhooks, clerkWebhooks []lockstep.Secret
}

// readCredentials reads all secrets, and reports everything that is missing at once. Clerk's are read only
// if identities come from there. Stripe's webhook secret may be missing if Stripe is polled. Clerk's may
// always be missing: the server then lists users and organizations.
func readCredentials(getenv func(string) string, clerk, polls bool) (c credentials, err error) {
	var problems [5]error
	c.stripe, problems[0] = stripeKey.read(getenv)
	switch {
	case stripeWebhook.isSet(getenv):
		c.stripeWebhooks, problems[1] = stripeWebhook.list(getenv)
	case !polls:
		_, missing := stripeWebhook.read(getenv)
		problems[1] = fmt.Errorf("%w.\n"+
			"  On your own machine, this prints one: stripe listen --all-snapshot --forward-to localhost:8080/webhooks/stripe\n"+
			"  Or do without webhooks: lockstep serve --poll 5s", missing)
	}
	if clerk {
		c.clerk, problems[2] = clerkKey.read(getenv)
		if clerkWebhook.isSet(getenv) {
			c.clerkWebhooks, problems[3] = clerkWebhook.list(getenv)
		}
	}
	if apiKey.isSet(getenv) { // the server splits several
		c.api, problems[4] = apiKey.read(getenv)
	}
	return c, errors.Join(problems[:]...)
}
