package clerkdirectory

import (
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
}

// Validate reports every problem at once. A production instance's key is only
// ever sent over HTTPS.
func (c Config) Validate() error {
	return upstream.Access{
		Provider: provider,
		Key:      c.Key, KeyName: "secret key", Given: "key",
		Live:    strings.HasPrefix(c.Key.Reveal(), "sk_live_"),
		BaseURL: apiURL(c.BaseURL),
	}.Validate()
}

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
}

var _ lockstep.Directory = (*Client)(nil)

// New returns a client, or what [Config.Validate] says.
func New(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Client{clerk.NewBackend(&clerk.BackendConfig{
		HTTPClient: rules.Client(c.HTTPClient, defaultTimeout, answerLimit),
		URL:        clerk.String(apiURL(c.BaseURL)),
		Key:        clerk.String(c.Key.Reveal()),
	})}, nil
}
