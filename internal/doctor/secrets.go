package doctor

import (
	"context"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var (
	unknownMode = problem("key_mode_unknown", warning,
		"Lockstep cannot notice that a test key and a live key are mixed",
		"copy the key again; it starts with sk_test_, sk_live_, rk_test_ or rk_live_")
	shortKey = problem("key_short", failure,
		"the provider will answer 401", "copy the whole key again from the dashboard")
	swappedKey = problem("key_of_stripe", failure,
		"Lockstep would send Stripe's secret to Clerk, and Clerk answers 401",
		"set CLERK_SECRET_KEY from Clerk Dashboard > Configure > API keys")
	shortSecret = problem("webhook_secret_short", warning,
		"the provider's deliveries will fail with 400, because their signatures do not match",
		"copy the whole signing secret again from the endpoint's page")
	swappedSecret = problem("webhook_secret_of_clerk", failure,
		"Stripe's deliveries will fail with 400, because their signatures do not match",
		"set STRIPE_WEBHOOK_SECRET from Stripe Dashboard > Developers > Webhooks > your endpoint > Signing secret")
	listenSecret = problem("webhook_secret_of_cli", warning,
		"stripe listen forwards events of test mode; those of live mode come from an endpoint with another secret",
		"set STRIPE_WEBHOOK_SECRET from Stripe Dashboard > Developers > Webhooks > your endpoint > Signing secret")
)

const (
	// leastKey is the shortest key that the providers made: 24 characters after sk_test_.
	leastKey = len("sk_test_") + 24
	// mostClerkKey is longer than Clerk's keys, and shorter than those that Stripe makes today.
	mostClerkKey = 80
	// leastSecret is how many characters signing secrets have after whsec_.
	leastSecret = 32
)

var (
	// ofListen matches the secret that stripe listen prints: 64 hexadecimal digits.
	ofListen = regexp.MustCompile(`^whsec_[0-9a-f]{64}$`)
	// ofStripe matches what Stripe's secrets consist of. Clerk's are base64, which also has + / and =.
	ofStripe = regexp.MustCompile(`^whsec_[A-Za-z0-9]*$`)
)

// secrets looks at the form of each secret. What can never work is a problem of the configuration already,
// so that serve refuses it. Simulators accept secrets of any length.
func secrets(_ context.Context, in *Installation) (found []lockstep.Finding) {
	found = append(found, keyForm("STRIPE_SECRET_KEY", in.Stripe.Key, in.Stripe.Real)...)
	if in.Stripe.Real {
		found = append(found, in.stripeSecrets()...)
	}
	if c := in.Clerk; c != nil {
		found = append(found, keyForm("CLERK_SECRET_KEY", c.Key, c.Real)...)
		if c.Real {
			found = append(found, c.secretForms()...)
		}
	}
	return orFine(found, "have the form that their providers give them")
}

func keyForm(setting string, key lockstep.Secret, hosted bool) (found []lockstep.Finding) {
	text := key.Reveal()
	switch {
	case text == "":
		return nil // a problem of the configuration
	case !live(key) && !strings.Contains(text, "_test_"):
		found = append(found, unknownMode.found("%s has neither _test_ nor _live_", setting))
	case hosted && len(text) < leastKey:
		found = append(found, shortKey.found("%s has only %d characters, so a part of it is missing", setting, len(text)))
	}
	return found
}

func (in *Installation) stripeSecrets() (found []lockstep.Finding) {
	for _, s := range in.Stripe.Webhooks {
		text := s.Reveal()
		switch {
		case !strings.HasPrefix(text, "whsec_"): // a problem of the configuration
		case !ofStripe.MatchString(text):
			found = append(found, swappedSecret.found("STRIPE_WEBHOOK_SECRET has the form of Clerk's signing secrets"))
		case len(text) < len("whsec_")+leastSecret:
			found = append(found, shortSecret.found("STRIPE_WEBHOOK_SECRET has only %d characters", len(text)))
		case ofListen.MatchString(text) && live(in.Stripe.Key):
			found = append(found, listenSecret.found("STRIPE_WEBHOOK_SECRET has the form of a secret of stripe listen, but STRIPE_SECRET_KEY is a live key"))
		}
	}
	return found
}

func (c *Clerk) secretForms() (found []lockstep.Finding) {
	if text := c.Key.Reveal(); len(text) > mostClerkKey {
		found = append(found, swappedKey.found("CLERK_SECRET_KEY has %d characters, like Stripe's keys and unlike Clerk's", len(text)))
	}
	for _, s := range c.Webhooks {
		encoded := strings.TrimPrefix(s.Reveal(), "whsec_")
		if key, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(key) < leastSecret*3/4 {
			found = append(found, shortSecret.found("CLERK_WEBHOOK_SIGNING_SECRET has only %d characters", len(s.Reveal())))
		}
	}
	return found
}

// live reports whether a key is for real money or real users.
func live(key lockstep.Secret) bool { return strings.Contains(key.Reveal(), "k_live_") }
