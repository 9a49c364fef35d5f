package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim"
	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/stripesim"
)

// Defaults of Config.
const (
	DefaultStripeKey = "sk_test_simulator"
	DefaultClerkKey  = "sk_test_clerk_simulator"
)

// Config is what a Simulator is made of. The zero value works, except that the
// URLs are needed for links and for the issuer of session tokens.
type Config struct {
	StripeKey string // the one key that Stripe requests must carry; default DefaultStripeKey
	ClerkKey  string // the one key that Clerk requests must carry; default DefaultClerkKey

	StripeURL string // public base URL of StripeHandler, e.g. http://127.0.0.1:12111
	ClerkURL  string // public base URL of ClerkHandler; also the issuer (iss) of session tokens

	// StripeVersion is the API version of the Stripe account: of requests without
	// Stripe-Version and of events for endpoints without one. Default
	// 2026-08-26.dahlia; from 2023-10-16 on.
	StripeVersion string

	// PortalSaved begins with the settings of Stripe's customer portal saved in the
	// Dashboard. Without it, and before SavePortalSettings, a portal session must
	// name a configuration.
	PortalSaved bool

	Seed uint64 // every identifier and random choice follows from it

	// SearchLag is how long, by the billing clock, Stripe's search does not see
	// a change; 0: 5 to 60 seconds, by the seed.
	SearchLag time.Duration

	// Dunning is what failed payments lead to; the zero value retries on days 3,
	// 5 and 7 and then cancels the subscription.
	Dunning Dunning

	HTTPClient *http.Client // sends webhooks; default: 15 s, no redirects in any case
	Logger     *slog.Logger // default: discards

	StripeWebhooks []WebhookEndpoint
	ClerkWebhooks  []WebhookEndpoint

	// SessionClaims is the session-token template: claim name to a text with
	// shortcodes such as {{user.public_metadata.plan}} or
	// {{org.public_metadata.plan}}. A text that is one shortcode keeps the JSON
	// type of the value; a missing value is null.
	SessionClaims map[string]string

	// ClerkInstance is what instances of Clerk differ in; the zero value is a
	// development instance.
	ClerkInstance clerksim.Instance

	// RateLimits enforces the providers' limits of requests per account or
	// instance: Stripe's of a sandbox, 25 a second for the account and for each
	// operation and 20 for search, with those per payment intent and subscription.
	// Clerk's limits per object are always enforced.
	RateLimits bool

	// RedirectHosts are hosts, besides loopback, to which the hosted sign-in
	// pages may redirect.
	RedirectHosts []string
}

// WebhookEndpoint is where one provider's webhooks go.
type WebhookEndpoint struct {
	URL string
	// Secret signs; Secrets are further ones that sign too while a secret is
	// rolled. Each begins with whsec_; Clerk's continue in base64.
	Secret  string
	Secrets []string
	// EnabledEvents are event types or patterns such as customer.*; default *.
	EnabledEvents []string
	// APIVersion pins a Stripe endpoint to a version, whose shape its events then
	// have; default the account's.
	APIVersion string
}

func (c Config) withDefaults() Config {
	c.StripeKey = cmp.Or(c.StripeKey, DefaultStripeKey)
	c.ClerkKey = cmp.Or(c.ClerkKey, DefaultClerkKey)
	c.StripeURL = cmp.Or(c.StripeURL, "http://stripe.invalid")
	c.ClerkURL = cmp.Or(c.ClerkURL, "http://clerk.invalid")
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c
}

// Validate reports every problem of the configuration, joined.
func (c Config) Validate() error {
	var problems []error
	if stripesim.LiveKey(c.StripeKey) {
		problems = append(problems, errors.New("stripe key is a live key: a simulator must never be given one"))
	}
	if api.LiveKey(c.ClerkKey) {
		problems = append(problems, errors.New("clerk key is a live key: a simulator must never be given one"))
	}
	if c.StripeVersion != "" && !stripesim.Speaks(c.StripeVersion) {
		problems = append(problems, fmt.Errorf("stripe version %q is not one that the simulator speaks", c.StripeVersion))
	}
	for name, text := range map[string]string{"stripe url": c.StripeURL, "clerk url": c.ClerkURL} {
		if text == "" {
			continue
		}
		if parsed, err := url.Parse(text); err != nil || parsed.Host == "" {
			problems = append(problems, fmt.Errorf("%s %q is not an absolute URL", name, text))
		}
	}
	if err := c.Dunning.Validate(); err != nil {
		problems = append(problems, err)
	}
	if err := clerksim.CheckClaims(c.SessionClaims); err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, checkEndpoints("stripe", c.StripeWebhooks, delivery.CheckStripeSecret)...)
	problems = append(problems, checkEndpoints("clerk", c.ClerkWebhooks, delivery.CheckSvixSecret)...)
	return errors.Join(problems...)
}

func checkEndpoints(side string, endpoints []WebhookEndpoint, check func(string) error) []error {
	var problems []error
	for _, endpoint := range endpoints {
		if parsed, err := url.Parse(endpoint.URL); err != nil || parsed.Host == "" {
			problems = append(problems, fmt.Errorf("%s webhook %q is not an absolute URL", side, endpoint.URL))
		}
		if endpoint.APIVersion != "" && !stripesim.Speaks(endpoint.APIVersion) {
			problems = append(problems, fmt.Errorf("%s webhook %s: %q is not an API version that the simulator speaks", side,
				endpoint.URL, endpoint.APIVersion))
		}
		for _, secret := range endpoint.secrets() {
			if err := check(secret); err != nil {
				problems = append(problems, fmt.Errorf("%s webhook %s: %w", side, endpoint.URL, err))
			}
		}
	}
	return problems
}

func (e WebhookEndpoint) secrets() []string { return append([]string{e.Secret}, e.Secrets...) }

func (e WebhookEndpoint) events() []string {
	if len(e.EnabledEvents) == 0 {
		return []string{"*"}
	}
	return e.EnabledEvents
}
