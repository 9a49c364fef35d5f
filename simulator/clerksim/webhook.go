package clerksim

import (
	"cmp"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

// Endpoint is a webhook endpoint, which Svix manages for Clerk.
type Endpoint struct {
	ID      string   `json:"id"`
	URL     string   `json:"url"`
	Secrets []string `json:"secrets"` // several while one is being rotated
	Events  []string `json:"events"`  // names or patterns such as user.*
	// Disabled is set by Svix if the endpoint failed for too long or asked for it.
	Disabled bool `json:"disabled"`
}

// emit queues a webhook about a change. The billing clock dates the message; each
// attempt dates its own signature.
func (c *Clerk) emit(kind string, data object) {
	if c.state.SvixDeleted {
		return
	}
	var endpoints []string
	for _, endpoint := range c.state.Endpoints {
		if !endpoint.Disabled && slices.ContainsFunc(endpoint.Events,
			func(pattern string) bool { matched, err := path.Match(pattern, kind); return err == nil && matched }) {
			endpoints = append(endpoints, endpoint.ID)
		}
	}
	if len(endpoints) == 0 {
		return
	}
	stamp := c.now().UnixMilli()
	if c.config.Instance.SecondsInWebhooks {
		stamp = c.now().Unix()
	}
	body := api.Encode(object{"data": data, "object": "event", "type": kind, "timestamp": stamp,
		"instance_id":      c.state.Instance,
		"event_attributes": object{"http_request": object{"client_ip": "127.0.0.1", "user_agent": cmp.Or(c.agent, "lockstep-simulator")}}})
	message := delivery.Message{ID: c.world.NewID("msg_2", 26), Provider: c.Name(), Type: kind, Body: body}
	c.outbox.Post(message, endpoints, 0)
	if c.outbox.Twin(message.ID) {
		message.ID = c.world.NewID("msg_2", 26)
		c.outbox.Post(message, endpoints, 0)
	}
}

// SetEndpoints replaces the endpoints. An endpoint whose URL stays keeps its id and
// therefore its queued deliveries.
func (c *Clerk) SetEndpoints(wanted []Endpoint) {
	c.world.Change(func() {
		var endpoints []*Endpoint
		for _, endpoint := range wanted {
			endpoint.ID = ""
			for _, known := range c.state.Endpoints {
				if known.URL == endpoint.URL {
					endpoint.ID = known.ID
				}
			}
			if endpoint.ID == "" {
				endpoint.ID = c.world.NewID("ep_2", 26)
			}
			endpoints = append(endpoints, &endpoint)
		}
		c.state.Endpoints = endpoints
	})
}

// Name returns "clerk".
func (c *Clerk) Name() string { return "clerk" }

// Target returns the current address of an endpoint; false if it is removed or
// disabled.
func (c *Clerk) Target(id string) (delivery.Target, bool) {
	for _, endpoint := range c.state.Endpoints {
		if endpoint.ID == id && !endpoint.Disabled {
			return delivery.Target{URL: endpoint.URL, Secrets: endpoint.Secrets}, true
		}
	}
	return delivery.Target{}, false
}

// Sign returns the headers of one attempt.
func (c *Clerk) Sign(target delivery.Target, message string, body []byte, at time.Time) http.Header {
	header := delivery.SignSvix(target.Secrets, message, body, at)
	header.Set("User-Agent", "Svix-Webhooks/1.0 (+https://www.svix.com) simulator")
	if c.config.Instance.StandardWebhookHeaders {
		for _, name := range []string{"id", "timestamp", "signature"} {
			header.Set("webhook-"+name, header.Get("svix-"+name))
		}
	}
	return header
}

// Backoff follows the schedule that Svix publishes.
func (c *Clerk) Backoff(attempts int) (time.Duration, bool) {
	return delivery.Step(delivery.SvixBackoff, attempts)
}

// Rules returns Svix's rules: an endpoint is disabled after five days of failures,
// or if it asks for that.
func (c *Clerk) Rules() delivery.Rules {
	return delivery.Rules{DisableAfter: 5 * 24 * time.Hour, Directives: true}
}

// Disable stops an endpoint's deliveries until the next SetEndpoints.
func (c *Clerk) Disable(id string) {
	for _, endpoint := range c.state.Endpoints {
		if endpoint.ID == id {
			endpoint.Disabled = true
		}
	}
}

// Settled does nothing, because Clerk's API does not show the outcome of
// deliveries.
func (c *Clerk) Settled(string, string, bool) {}
