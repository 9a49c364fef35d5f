package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// secret is a setting that comes from the environment only: an argument would
// show in the list of processes, and a file would be committed.
type secret struct {
	names []string // the first is the one we speak of; the others are read too
	where string   // where to find it
}

var (
	stripeKey = secret{[]string{"STRIPE_SECRET_KEY", "STRIPE_API_KEY", "STRIPE_KEY"},
		"Stripe Dashboard > Developers > API keys; it begins with sk_ or rk_"}
	stripeWebhook = secret{[]string{"STRIPE_WEBHOOK_SECRET"},
		"Stripe Dashboard > Developers > Webhooks > your endpoint (…/webhooks/stripe) > Signing secret; it begins with whsec_"}
	clerkKey = secret{[]string{"CLERK_SECRET_KEY"},
		"Clerk Dashboard > Configure > API keys > Secret keys; it begins with sk_"}
	clerkWebhook = secret{[]string{"CLERK_WEBHOOK_SIGNING_SECRET", "SIGNING_SECRET"},
		"Clerk Dashboard > Configure > Webhooks > your endpoint (…/webhooks/clerk) > Signing Secret; it begins with whsec_"}
)

// read returns the secret, or an error that says where to find it.
func (s secret) read(getenv func(string) string) (lockstep.Secret, error) {
	for _, name := range s.names {
		value := getenv(name)
		if value == "" {
			continue
		}
		if strings.TrimSpace(value) == "" {
			return "", fmt.Errorf("%s is blank.\n  Find it at: %s", name, s.where)
		}
		return lockstep.Secret(strings.TrimSpace(value)), nil
	}
	names := s.names[0]
	if others := s.names[1:]; len(others) > 0 {
		names += " (or " + strings.Join(others, ", ") + ")"
	}
	return "", fmt.Errorf("%s is not set.\n  Find it at: %s", names, s.where)
}

// isSet reports whether the environment has the secret, good or not.
func (s secret) isSet(getenv func(string) string) bool {
	return slices.ContainsFunc(s.names, func(name string) bool { return getenv(name) != "" })
}

// list returns a secret of which several may be valid, separated by commas.
func (s secret) list(getenv func(string) string) ([]lockstep.Secret, error) {
	value, err := s.read(getenv)
	if err != nil {
		return nil, err
	}
	var secrets []lockstep.Secret
	for _, part := range strings.Split(value.Reveal(), ",") {
		part = strings.TrimSpace(part)
		if strings.TrimPrefix(part, "whsec_") == "" {
			return nil, fmt.Errorf("%s holds an empty secret: with that anybody could sign events.\n  Find it at: %s",
				s.names[0], s.where)
		}
		secrets = append(secrets, lockstep.Secret(part))
	}
	return secrets, nil
}

// credentials are all secrets of the service.
type credentials struct {
	stripe, clerk, api            lockstep.Secret
	stripeWebhooks, clerkWebhooks []lockstep.Secret
}

// readCredentials reports everything that is missing at once. Those of Clerk are
// read only where identities come from there. Stripe's webhook secret may be missing where
// its events are polled, and Clerk's always: the server then lists users and organizations.
func readCredentials(getenv func(string) string, clerk, polls bool) (credentials, error) {
	var c credentials
	var problems [4]error
	c.stripe, problems[0] = stripeKey.read(getenv)
	switch {
	case stripeWebhook.isSet(getenv):
		c.stripeWebhooks, problems[1] = stripeWebhook.list(getenv)
	case !polls:
		_, err := stripeWebhook.read(getenv)
		problems[1] = fmt.Errorf("%w\n  On your own machine: stripe listen --all-snapshot --forward-to localhost:8080/webhooks/stripe prints one.\n"+
			"  Or do without Stripe's webhooks: lockstep serve --poll 5s reads its event list every 5 seconds", err)
	}
	if clerk {
		c.clerk, problems[2] = clerkKey.read(getenv)
		if clerkWebhook.isSet(getenv) {
			c.clerkWebhooks, problems[3] = clerkWebhook.list(getenv)
		}
	}
	if key := getenv("LOCKSTEP_API_KEY"); key != "" {
		c.api = lockstep.Secret(strings.TrimSpace(key)) // several are separated by commas
		if c.api == "" {
			return c, errors.Join(append(problems[:], errors.New(
				"LOCKSTEP_API_KEY is blank.\n  Make one with: openssl rand -hex 32"))...)
		}
	}
	return c, errors.Join(problems[:]...)
}
