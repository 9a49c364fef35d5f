package clerkdirectory

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/lockstep-dev/lockstep"
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
	var problems []error
	key := c.Key.Reveal()
	switch {
	case strings.TrimSpace(key) == "":
		problems = append(problems, errors.New("clerk: the secret key is empty"))
	case strings.ContainsFunc(key, notKeyRune):
		problems = append(problems, errors.New("clerk: the secret key holds a space or another character that keys do not have"))
	case strings.HasPrefix(key, "pk_"):
		problems = append(problems, errors.New("clerk: the key is a publishable key (pk_…); the secret key (sk_…) is needed"))
	}
	base, err := parseURL("base URL", apiURL(c.BaseURL))
	switch {
	case err != nil:
		problems = append(problems, err)
	case base.Scheme == "https" || !strings.HasPrefix(key, "sk_live_"):
	case loopback(base):
		problems = append(problems, errors.New("clerk: a live key must not be used with an address of this machine"))
	default:
		problems = append(problems, errors.New("clerk: a live key must not be sent without TLS, use https"))
	}
	return errors.Join(problems...)
}

func notKeyRune(r rune) bool { return r <= ' ' || r > '~' }

// apiURL is base with the version that is part of every path.
func apiURL(base string) string {
	if base == "" {
		base = defaultBaseURL
	}
	return strings.TrimSuffix(strings.TrimRight(base, "/"), "/v1") + "/v1"
}

func parseURL(what, s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("clerk: the %s cannot be parsed", what)
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("clerk: the %s %q is not of the form https://host", what, u.Redacted())
	}
	return u, nil
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
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
		HTTPClient: guarded(c.HTTPClient, defaultTimeout, answerLimit),
		URL:        clerk.String(apiURL(c.BaseURL)),
		Key:        clerk.String(c.Key.Reveal()),
	})}, nil
}
