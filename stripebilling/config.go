package stripebilling

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
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
}

// Validate reports every problem at once. A key of live mode is only ever sent
// over HTTPS.
func (c Config) Validate() error {
	var problems []error
	key := c.Key.Reveal()
	switch {
	case strings.TrimSpace(key) == "":
		problems = append(problems, errors.New("stripe: the API key is empty"))
	case strings.ContainsFunc(key, notKeyRune):
		problems = append(problems, errors.New("stripe: the API key holds a space or another character that keys do not have"))
	case strings.HasPrefix(key, "pk_"):
		problems = append(problems, errors.New("stripe: the API key is a publishable key (pk_…); the secret key (sk_…) is needed"))
	}
	base, err := parseBase(c.BaseURL)
	switch {
	case err != nil:
		problems = append(problems, err)
	case base.Scheme == "https" || !live(key):
	case loopback(base):
		problems = append(problems, errors.New("stripe: a live key must not be used with an address of this machine"))
	default:
		problems = append(problems, errors.New("stripe: a live key must not be sent without TLS, use https"))
	}
	return errors.Join(problems...)
}

func notKeyRune(r rune) bool { return r <= ' ' || r > '~' }

func parseBase(s string) (*url.URL, error) {
	if s == "" {
		s = defaultBaseURL
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, errors.New("stripe: the base URL cannot be parsed")
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("stripe: the base URL %q is not of the form https://host", u.Redacted())
	}
	return u, nil
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func live(key string) bool {
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
}

// Client speaks to one Stripe account in one mode. It is safe for concurrent use.
type Client struct {
	backend stripe.Backend
	key     lockstep.Secret
}

var (
	_ lockstep.Billing = (*Client)(nil)
	_ lockstep.Till    = (*Client)(nil)
)

// New returns a client, or what [Config.Validate] says.
func New(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	base, err := parseBase(c.BaseURL)
	if err != nil {
		return nil, err
	}
	return &Client{key: c.Key, backend: stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL:        stripe.String(base.String()),
		HTTPClient: guarded(c.HTTPClient),
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
