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
	// defaultTimeout is the limit for one call. Stripe's own libraries wait 80 seconds,
	// which is too long while we hold a lease.
	defaultTimeout = 20 * time.Second
)

// Config configures the connection to one Stripe account.
type Config struct {
	// Key is the secret (sk_…) or restricted (rk_…) API key.
	Key lockstep.Secret
	// BaseURL is the address of the API, without /v1. Default: https://api.stripe.com.
	BaseURL string
	// HTTPClient makes the requests. It is copied. The copy follows no redirects and
	// has a timeout of 20 seconds unless the client sets one. Default: a new client.
	HTTPClient *http.Client
	// Limits are how many requests per second Stripe allows the account. Default: 100 in
	// live mode and 25 in test mode, and 25 to one endpoint. If only PerSecond is set, it
	// also applies to each endpoint.
	Limits lockstep.Limits
}

// Validate reports every problem, joined into one error. A live key requires HTTPS.
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

func restricted(key string) bool { return strings.HasPrefix(key, "rk_") }

func live(key string) bool {
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
}

// Client calls the API of one Stripe account in one mode. It is safe for concurrent use.
type Client struct {
	backend stripe.Backend
	key     lockstep.Secret
	gate    *upstream.Gate
}

var (
	_ lockstep.Billing         = (*Client)(nil)
	_ lockstep.CheckoutService = (*Client)(nil)
)

// New returns a client, or the error of [Config.Validate].
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
			// The queue retries with what it stored. The SDK would also sleep through a
			// canceled context.
			MaxNetworkRetries: stripe.Int64(0),
			EnableTelemetry:   stripe.Bool(false),
			// The SDK logs bodies.
			LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		}).API}, nil
}

// Live reports whether the key is a live key.
func (c *Client) Live() bool { return live(c.key.Reveal()) }

// Gate returns the rate gate that all calls of the client pass.
func (c *Client) Gate() *upstream.Gate { return c.gate }
