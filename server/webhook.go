package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/out/webhookout"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// Webhook is an endpoint of yours that Lockstep sends events to.
type Webhook struct {
	ID           string // short, of letters, digits, - and _; it is stored with each delivery
	URL          string
	Events       []string          // kinds, see WebhookEvents; empty, or "*": all
	Secrets      []lockstep.Secret // whsec_ and 24 to 64 bytes in base64; several while you rotate
	AllowPrivate bool              // also addresses that are not public, and plain http
	// HTTPClient may be nil: the default has timeouts, connects only to public addresses and
	// follows no redirects.
	HTTPClient *http.Client
}

// WebhookEvents returns the kinds of event.
func WebhookEvents() []string {
	kinds := []string{string(lockstep.AccessChanged)}
	for _, kind := range lockstep.NoticeKinds() {
		kinds = append(kinds, string(kind))
	}
	return kinds
}

func (w Webhook) endpoint() webhookout.Endpoint {
	return webhookout.Endpoint{ID: w.ID, URL: w.URL, Secrets: w.Secrets, AllowPrivate: w.AllowPrivate,
		HTTPClient: w.HTTPClient}
}

// webhooks are all endpoints.
type webhooks []Webhook

// Validate reports all problems together.
func (ws webhooks) Validate() error {
	var problems []error
	seen := map[string]bool{}
	for _, w := range ws {
		problems = append(problems, w.endpoint().Validate())
		if seen[w.ID] {
			problems = append(problems, fmt.Errorf("webhook %q: two endpoints have this id; rename one", w.ID))
		}
		seen[w.ID] = true
		for _, event := range w.Events {
			if event != "*" && !slices.Contains(WebhookEvents(), event) {
				problems = append(problems, fmt.Errorf("webhook %q: events: %q is not an event; use any of %q", w.ID, event,
					WebhookEvents()))
			}
		}
	}
	return errors.Join(problems...)
}

func (ws webhooks) listeners() (all []reconcile.Listener) {
	for _, w := range ws {
		all = append(all, reconcile.Listener{ID: w.ID, Events: w.Events})
	}
	return all
}

// hearAccess returns the ids of the endpoints that want changes of access.
func (ws webhooks) hearAccess() (ids []string) {
	for _, l := range ws.listeners() {
		if l.Wants(lockstep.AccessChanged) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// name reports whether an endpoint lists a kind by its name.
func (ws webhooks) name(kind lockstep.NoticeKind) bool {
	return slices.ContainsFunc(ws, func(w Webhook) bool { return slices.Contains(w.Events, string(kind)) })
}

// channel hands a notice to the endpoints that want it.
func (ws webhooks) channel(n lockstep.Notice) (keys []lockstep.Key) {
	for _, l := range ws.listeners() {
		if l.Wants(n.Kind) {
			keys = append(keys, n.WebhookKey(l.ID))
		}
	}
	return keys
}

func (ws webhooks) caller() (*webhookout.Caller, error) {
	var endpoints []webhookout.Endpoint
	for _, w := range ws {
		endpoints = append(endpoints, w.endpoint())
	}
	return webhookout.New(endpoints)
}

// listed returns what the API shows of the endpoints: only the origin of a URL, whose path
// may contain a secret.
func (ws webhooks) listed() (all []httpapi.Webhook) {
	for _, w := range ws {
		events := w.Events
		if len(events) == 0 {
			events = []string{"*"}
		}
		u, err := url.Parse(w.URL)
		if err != nil {
			continue // Validate has refused it
		}
		all = append(all, httpapi.Webhook{ID: w.ID, Origin: u.Scheme + "://" + u.Host, Events: events})
	}
	return all
}
