package clerkdirectory

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

const (
	defaultBaseURL = "https://api.clerk.com"
	defaultTimeout = 20 * time.Second
)

// Config configures the connection to one Clerk instance.
type Config struct {
	// Key is the instance's secret key (sk_test_… or sk_live_…).
	Key lockstep.Secret
	// BaseURL is the address of the Backend API, with or without /v1. Default:
	// https://api.clerk.com.
	BaseURL string
	// HTTPClient makes the requests. It is copied. The copy follows no redirects and
	// has a timeout of 20 seconds unless the client sets one. Default: a new client.
	HTTPClient *http.Client
	// Limits are how many requests per second Clerk allows the instance. Default: 100
	// for a production instance, 10 for a development instance.
	Limits lockstep.Limits
}

// Validate reports every problem, joined into one error. The key of a production
// instance requires HTTPS.
func (c Config) Validate() error {
	access := upstream.Access{
		Provider: provider,
		Key:      c.Key, KeyName: "secret key", Given: "key",
		Live:    c.live(),
		BaseURL: apiURL(c.BaseURL),
	}.Validate()
	limits := c.Limits.Validate()
	if limits != nil {
		limits = fmt.Errorf("%s: %w", provider, limits)
	}
	return errors.Join(access, limits)
}

func (c Config) live() bool { return strings.HasPrefix(c.Key.Reveal(), "sk_live_") }

// apiURL returns base with the version at its end.
func apiURL(base string) string {
	if base == "" {
		base = defaultBaseURL
	}
	return strings.TrimSuffix(strings.TrimRight(base, "/"), "/v1") + "/v1"
}

// Client calls the Backend API of one Clerk instance. It is safe for concurrent use.
type Client struct {
	backend clerk.Backend
	gate    *upstream.Gate
}

var _ lockstep.Directory = (*Client)(nil)

// New returns a client, or the error of [Config.Validate].
func New(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Client{gate: rules.NewGate(limits(c.Limits, c.live())), backend: clerk.NewBackend(&clerk.BackendConfig{
		HTTPClient: rules.Client(c.HTTPClient, defaultTimeout, answerLimit),
		URL:        clerk.String(apiURL(c.BaseURL)),
		Key:        clerk.String(c.Key.Reveal()),
	})}, nil
}

// Gate returns the rate gate that all calls of the client pass.
func (c *Client) Gate() *upstream.Gate { return c.gate }
