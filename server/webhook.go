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

// Webhook is an endpoint of your app that Lockstep notifies, signed per Standard Webhooks.
type Webhook struct {
	ID           string // a short name of letters, digits, - and _; deliveries are stored under it
	URL          string
	Events       []string          // kinds, see WebhookEvents; empty or "*" means all
	Secrets      []lockstep.Secret // whsec_ and 24 to 64 bytes in base64; several while you rotate one
	AllowPrivate bool              // allow private addresses and plain http
	// HTTPClient sends the requests; nil means one with timeouts that connects only to public addresses and
	// follows no redirects.
	HTTPClient *http.Client
}

// WebhookEvents lists the kinds of event that an endpoint can receive.
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

// webhooks are all configured endpoints.
type webhooks []Webhook

// Validate reports every problem at once.
func (ws webhooks) Validate() error {
	var problems []error
	seen := map[string]bool{}
	for _, w := range ws {
		problems = append(problems, w.endpoint().Validate())
		if seen[w.ID] {
			problems = append(problems, fmt.Errorf("webhook.id: %q is listed twice; give each endpoint its own id", w.ID))
		}
		seen[w.ID] = true
		for _, event := range w.Events {
			if event != "*" && !slices.Contains(WebhookEvents(), event) {
				problems = append(problems, fmt.Errorf("webhook.events: %q is not a kind of event (endpoint %q); use any of %q", event,
					w.ID, WebhookEvents()))
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

// hearAccess returns the ids of the endpoints that receive changes of access.
func (ws webhooks) hearAccess() (ids []string) {
	for _, l := range ws.listeners() {
		if l.Wants(lockstep.AccessChanged) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// channel returns the keys that deliver a notice to the endpoints that want it.
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

// listed describes the endpoints for the API. It shows only the origin of a URL, because the path may
// contain a secret.
func (ws webhooks) listed() (all []httpapi.Webhook) {
	for _, w := range ws {
		events := w.Events
		if len(events) == 0 {
			events = []string{"*"}
		}
		u, err := url.Parse(w.URL)
		if err != nil {
			continue // Validate rejected it
		}
		all = append(all, httpapi.Webhook{ID: w.ID, Origin: u.Scheme + "://" + u.Host, Events: events})
	}
	return all
}
