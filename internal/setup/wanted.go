package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Wanted is what the service needs.
type Wanted struct {
	URL     string            // where Stripe delivers
	Secrets []lockstep.Secret // that the service accepts; empty if it has none yet
	Portal  string            // the portal configuration that the service names (bpc_…); empty: Stripe's default
}

// Events returns the event types that the endpoint must deliver, sorted.
func (Wanted) Events() []string { return ingest.Types(lockstep.Stripe) }

// Metadata keys of the objects that setup creates.
const (
	secretKey   = "lockstep_secret"   // of an endpoint: the fingerprint of its secret
	replacesKey = "lockstep_replaces" // of an endpoint: the id of the one that it replaces
	portalKey   = "lockstep_portal"   // of a portal configuration
)

// fingerprint identifies a secret without telling it: a secret has too many values to try them all.
func fingerprint(secret lockstep.Secret) string {
	sum := sha256.Sum256([]byte("lockstep webhook secret\n" + secret.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// secretOf returns the secret of an endpoint, if the service has it and setup created the endpoint.
func (w Wanted) secretOf(e stripebilling.WebhookEndpoint) (lockstep.Secret, bool) {
	for _, secret := range w.Secrets {
		if e.Metadata[secretKey] == fingerprint(secret) {
			return secret, true
		}
	}
	return "", false
}

// knows reports whether the service has the endpoint's secret for sure.
func (w Wanted) knows(e stripebilling.WebhookEndpoint) bool {
	_, known := w.secretOf(e)
	return known
}

// lacks reports whether the service surely does not have an endpoint's secret: setup created the endpoint with
// another one, or all secrets of the service are those of others among ours.
func (w Wanted) lacks(e stripebilling.WebhookEndpoint, ours []stripebilling.WebhookEndpoint) bool {
	if e.Metadata[secretKey] != "" {
		return !w.knows(e)
	}
	return len(w.Secrets) > 0 && !slices.ContainsFunc(w.Secrets, func(s lockstep.Secret) bool {
		return !slices.ContainsFunc(ours, func(o stripebilling.WebhookEndpoint) bool {
			return o.Metadata[secretKey] == fingerprint(s)
		})
	})
}

// ParsePublicURL checks the URL at which the outside reaches the service, and removes a slash at its end.
// plain allows http, for a simulator.
func ParsePublicURL(text string, plain bool) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is not a URL; for example https://billing.example.com", text)
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && plain:
	default:
		return "", fmt.Errorf("%q does not start with https://, and Stripe delivers only there", text)
	}
	if ip := net.ParseIP(u.Hostname()); !plain && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return "", fmt.Errorf("%q is an address of this machine, which Stripe cannot reach; on a development machine use lockstep serve --poll 5s", text)
	}
	return strings.TrimRight(text, "/"), nil
}

// sameURL reports whether two URLs differ at most in the case of the host.
func sameURL(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Scheme == y.Scheme && strings.EqualFold(x.Host, y.Host) && x.Path == y.Path &&
		x.RawQuery == y.RawQuery // a gateway may route by it to another service
}

// PublicURLs returns the public URLs that the account's enabled endpoints suggest: those that end in a path.
func PublicURLs(endpoints []stripebilling.WebhookEndpoint, path string) (urls []string) {
	for _, e := range endpoints {
		if base, found := strings.CutSuffix(e.URL, path); found && e.Enabled {
			urls = append(urls, base)
		}
	}
	return urls
}
