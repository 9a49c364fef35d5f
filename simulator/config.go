package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
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

// Config configures a Simulator. The zero value works, but links and the issuer
// of session tokens need the URLs.
type Config struct {
	StripeKey string // the only secret key that Stripe requests may carry; default DefaultStripeKey
	// RestrictedKeys are further keys (rk_test_…) that Stripe requests may carry, each
	// with its permissions: "rak_customer_read", "rak_subscription_write".
	RestrictedKeys map[string][]string
	ClerkKey       string // the only key that Clerk requests may carry; default DefaultClerkKey

	StripeURL string // public base URL of StripeHandler, e.g. http://127.0.0.1:12111
	ClerkURL  string // public base URL of ClerkHandler; also the issuer (iss) of session tokens

	// StripeVersion is the API version of the Stripe account. It applies to
	// requests without Stripe-Version and to endpoints without a version. The
	// oldest is 2023-10-16. Default 2026-08-26.dahlia.
	StripeVersion string

	// PortalSaved starts with the customer portal's settings saved, as in Stripe's
	// Dashboard. Without it, a portal session must name a configuration until
	// SavePortalSettings is called.
	PortalSaved bool

	Seed uint64 // determines every identifier and random choice

	// SearchLag is how long, by the billing clock, a change stays invisible to
	// Stripe's search. 0 means 5 to 60 seconds, which the seed decides.
	SearchLag time.Duration

	// Dunning says what failed payments lead to. The zero value retries on days 3,
	// 5 and 7 and then cancels the subscription.
	Dunning Dunning

	HTTPClient *http.Client // sends webhooks, never follows redirects; default: 15 s timeout
	Logger     *slog.Logger // default: discards everything

	StripeWebhooks []WebhookEndpoint
	ClerkWebhooks  []WebhookEndpoint

	// SessionClaims are the custom claims of session tokens. Each is a text with
	// shortcodes such as {{user.public_metadata.plan}} or
	// {{org.public_metadata.plan}}. A text that is one shortcode keeps the JSON
	// type of the value. A missing value is null.
	SessionClaims map[string]string

	// ClerkInstance holds the settings in which Clerk instances differ. The zero
	// value is a development instance.
	ClerkInstance clerksim.Instance

	// RateLimits enforces the providers' limits per account and instance. Stripe's
	// are those of a sandbox: 25 requests per second for the account and for each
	// operation, 20 for search, and the limits per payment intent and subscription.
	// Clerk's limits per object always apply.
	RateLimits bool

	Links Links // to the programs around the simulator, for its pages
	Tour  *Tour // nil: no guided tour; it needs Links.App

	// RedirectHosts are hosts, besides loopback, that the hosted sign-in pages may
	// redirect to.
	RedirectHosts []string
}

// WebhookEndpoint is a receiver of one provider's webhooks.
type WebhookEndpoint struct {
	URL string
	// Secret signs every delivery. While you rotate it, Secrets sign as well. Each
	// starts with whsec_; the rest of Clerk's is base64.
	Secret  string
	Secrets []string
	// EnabledEvents are event types or patterns such as customer.*; default *.
	EnabledEvents []string
	// APIVersion is the version of the events that a Stripe endpoint receives;
	// default the account's.
	APIVersion string
}

func (c Config) withDefaults() Config {
	c.StripeKey = cmp.Or(c.StripeKey, DefaultStripeKey)
	c.ClerkKey = cmp.Or(c.ClerkKey, DefaultClerkKey)
	c.StripeURL = cmp.Or(c.StripeURL, "http://stripe.invalid")
	c.ClerkURL = cmp.Or(c.ClerkURL, "http://clerk.invalid")
	c.Links = c.Links.withDefaults()
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	return c
}

// Validate reports every problem of the configuration, joined into one error.
func (c Config) Validate() error {
	var problems []error
	if stripesim.LiveKey(c.StripeKey) {
		problems = append(problems, errors.New("stripe key: a simulator must never have a live key; use a test key"))
	}
	for key, permissions := range c.RestrictedKeys {
		if !strings.HasPrefix(key, "rk_test_") || len(permissions) == 0 {
			problems = append(problems, errors.New("restricted keys: a key must start with rk_test_ and have a permission, such as rak_customer_read"))
		}
	}
	if api.LiveKey(c.ClerkKey) {
		problems = append(problems, errors.New("clerk key: a simulator must never have a live key; use a test key"))
	}
	if c.StripeVersion != "" && !stripesim.Speaks(c.StripeVersion) {
		problems = append(problems, fmt.Errorf("stripe version: the simulator does not have %q", c.StripeVersion))
	}
	for name, text := range map[string]string{"stripe url": c.StripeURL, "clerk url": c.ClerkURL} {
		if text == "" {
			continue
		}
		if parsed, err := url.Parse(text); err != nil || parsed.Host == "" {
			problems = append(problems, fmt.Errorf("%s: %q is not an absolute URL", name, text))
		}
	}
	problems = append(problems, c.Links.validate()...)
	if err := c.checkTour(); err != nil {
		problems = append(problems, err)
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
			problems = append(problems, fmt.Errorf("%s webhook: %q is not an absolute URL", side, endpoint.URL))
		}
		if endpoint.APIVersion != "" && !stripesim.Speaks(endpoint.APIVersion) {
			problems = append(problems, fmt.Errorf("%s webhook %s: the simulator does not have the API version %q", side,
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
