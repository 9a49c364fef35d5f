package upstream

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// Access is what a configuration says about how to reach a provider.
type Access struct {
	Provider string // begins every text: "stripe"
	Key      lockstep.Secret
	KeyName  string // what the provider calls the key: "API key"
	Given    string // what to call a key that may be of another kind: "key"
	Live     bool   // whether the key is one for real money or real people
	BaseURL  string
}

// Validate reports every problem at once, without showing the key. A live key is
// only ever sent over HTTPS; on an address of this machine, where a simulator
// would be, it is a mistake, which is said in so many words.
func (a Access) Validate() error {
	problem := func(text string) error { return errors.New(a.Provider + ": " + text) }
	var problems []error
	key := a.Key.Reveal()
	switch {
	case strings.TrimSpace(key) == "":
		problems = append(problems, problem("the "+a.KeyName+" is empty"))
	case strings.ContainsFunc(key, Invisible):
		problems = append(problems, problem("the "+a.KeyName+" holds a space or another character that keys do not have"))
	case strings.HasPrefix(key, "pk_"):
		problems = append(problems, problem("the "+a.Given+" is a publishable key (pk_…); the secret key (sk_…) is needed"))
	}
	base, err := ParseURL(a.Provider, "base URL", a.BaseURL)
	switch {
	case err != nil:
		problems = append(problems, err)
	case base.Scheme == "https" || !a.Live:
	case Loopback(base):
		problems = append(problems, problem("a live key must not be used with an address of this machine"))
	default:
		problems = append(problems, problem("a live key must not be sent without TLS, use https"))
	}
	return errors.Join(problems...)
}

// Invisible reports a character that is not of visible ASCII, of which keys and
// the ids of deliveries consist: a space or a line break came in by copying, and
// would end a header.
func Invisible(r rune) bool { return r <= ' ' || r > '~' }

// ParseURL reads the address of a service; what names the setting in the error,
// which does not show a password.
func ParseURL(provider, what, s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%s: the %s cannot be parsed", provider, what)
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" ||
		u.Fragment != "" {
		return nil, fmt.Errorf("%s: the %s %q is not of the form https://host", provider, what, u.Redacted())
	}
	return u, nil
}

// Loopback reports whether an address is this machine's.
func Loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
