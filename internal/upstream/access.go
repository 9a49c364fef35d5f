package upstream

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// Access is the part of an adapter's configuration that says how to reach the provider.
type Access struct {
	Provider string // first word of every error: "stripe"
	Key      lockstep.Secret
	KeyName  string // the provider's name for the key: "API key"
	Given    string // name for a key that may be of another kind: "key"
	Live     bool   // the key is for real money or real users
	BaseURL  string
}

// Validate reports every problem, joined into one error, without the key. A live key
// requires HTTPS. With a loopback address, which means a simulator, it has its own error.
func (a Access) Validate() error {
	problem := func(text string) error { return errors.New(a.Provider + ": " + text) }
	var problems []error
	key := a.Key.Reveal()
	switch {
	case strings.TrimSpace(key) == "":
		problems = append(problems, problem("the "+a.KeyName+" is empty"))
	case strings.ContainsFunc(key, Invisible):
		problems = append(problems, problem("the "+a.KeyName+" contains a space or another invalid character; copy it again"))
	case strings.HasPrefix(key, "pk_"):
		problems = append(problems, problem("the "+a.Given+" is a publishable key (pk_…); use the secret key (sk_…)"))
	}
	base, err := ParseURL(a.Provider, "base URL", a.BaseURL)
	switch {
	case err != nil:
		problems = append(problems, err)
	case base.Scheme == "https" || !a.Live:
	case Loopback(base):
		problems = append(problems, problem("base URL: a live key must not go to an address of this machine; use a test key"))
	default:
		problems = append(problems, problem("base URL: a live key must not be sent without TLS; use https"))
	}
	return errors.Join(problems...)
}

// Invisible reports whether a character is not visible ASCII. Keys and delivery ids
// contain only visible ASCII. A space or line break comes from careless copying, and a
// line break would end a header.
func Invisible(r rune) bool { return r <= ' ' || r > '~' }

// ParseURL parses the address of a service. what names the setting in the error. The
// error never shows a password.
func ParseURL(provider, what, s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: not a URL", provider, what)
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" ||
		u.Fragment != "" {
		return nil, fmt.Errorf("%s: %s: %q does not have the form https://host", provider, what, u.Redacted())
	}
	return u, nil
}

// Loopback reports whether a URL points to this machine.
func Loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
