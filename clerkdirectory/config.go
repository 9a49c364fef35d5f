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

// Config says which Clerk instance to speak to, and how.
type Config struct {
	// Key is the instance's secret key (sk_test_… or sk_live_…).
	Key lockstep.Secret
	// BaseURL is where the Backend API is, with or without /v1; empty:
	// https://api.clerk.com.
	BaseURL string
	// HTTPClient makes the calls; nil: one of its own. Its Timeout, if zero, becomes
	// 20 seconds; it is copied, and redirects are not followed.
	HTTPClient *http.Client
	// Limits are how many requests a second Clerk allows the instance; the zero value:
	// 100 (1000 in ten seconds) for a production instance, 10 for a development one.
	Limits lockstep.Limits
}

// Validate reports every problem at once. A production instance's key is only
// ever sent over HTTPS.
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

// apiURL is base with the version that is part of every path.
func apiURL(base string) string {
	if base == "" {
		base = defaultBaseURL
	}
	return strings.TrimSuffix(strings.TrimRight(base, "/"), "/v1") + "/v1"
}

// Client speaks to one Clerk instance. It is safe for concurrent use.
type Client struct {
	backend clerk.Backend
	gate    *upstream.Gate
}

var _ lockstep.Directory = (*Client)(nil)

// New returns a client, or what [Config.Validate] says.
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

// Gate is where the client's calls wait for their turn.
func (c *Client) Gate() *upstream.Gate { return c.gate }
