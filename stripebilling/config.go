package stripebilling

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

const (
	defaultBaseURL = "https://api.stripe.com"
	// defaultTimeout bounds a whole call; Stripe's own libraries wait 80 seconds,
	// which is longer than a lease should be held for one call.
	defaultTimeout = 20 * time.Second
)

// Config says which Stripe account to speak to, and how.
type Config struct {
	// Key is the secret (sk_…) or restricted (rk_…) API key.
	Key lockstep.Secret
	// BaseURL is where the API is, without /v1; empty: https://api.stripe.com.
	BaseURL string
	// HTTPClient makes the calls; nil: one of its own. Its Timeout, if zero, becomes
	// 20 seconds; it is copied, and redirects are not followed.
	HTTPClient *http.Client
	// Limits are how many requests a second Stripe allows the account; the zero value:
	// 100 in live mode and 25 in test mode, of these 25 to one endpoint. If only the first
	// is set, endpoints have no limit of their own.
	Limits lockstep.Limits
}

// Validate reports every problem at once. A key of live mode is only ever sent
// over HTTPS.
func (c Config) Validate() error {
	access := upstream.Access{
		Provider: provider,
		Key:      c.Key, KeyName: "API key", Given: "API key",
		Live:    live(c.Key.Reveal()),
		BaseURL: c.baseURL(),
	}.Validate()
	limits := c.Limits.Validate()
	if limits != nil {
		limits = fmt.Errorf("%s: %w", provider, limits)
	}
	return errors.Join(access, limits)
}

func (c Config) baseURL() string {
	if c.BaseURL == "" {
		return defaultBaseURL
	}
	return c.BaseURL
}

func live(key string) bool {
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
}

// Client speaks to one Stripe account in one mode. It is safe for concurrent use.
type Client struct {
	backend stripe.Backend
	key     lockstep.Secret
	gate    *upstream.Gate
}

var (
	_ lockstep.Billing         = (*Client)(nil)
	_ lockstep.CheckoutService = (*Client)(nil)
)

// New returns a client, or what [Config.Validate] says.
func New(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	base, err := upstream.ParseURL(provider, "base URL", c.baseURL())
	if err != nil {
		return nil, err
	}
	return &Client{key: c.Key, gate: rules.NewGate(limits(c.Limits, live(c.Key.Reveal()))),
		backend: stripe.NewBackendsWithConfig(&stripe.BackendConfig{
			URL:        stripe.String(base.String()),
			HTTPClient: rules.Client(c.HTTPClient, defaultTimeout, answerLimit),
			// The queue tries again, with what it stored; the SDK would sleep through a
			// cancelled context.
			MaxNetworkRetries: stripe.Int64(0),
			EnableTelemetry:   stripe.Bool(false),
			// The SDK logs bodies.
			LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		}).API}, nil
}

// Live reports whether the key is one of live mode.
func (c *Client) Live() bool { return live(c.key.Reveal()) }

// Gate is where the client's calls wait for their turn.
func (c *Client) Gate() *upstream.Gate { return c.gate }
