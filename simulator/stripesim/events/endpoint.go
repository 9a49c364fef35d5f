package events

import (
	"cmp"
	_ "embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

const maxEndpoints = 16

func (s *Events) endpointRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/webhook_endpoints", "url enabled_events description metadata api_version",
			s.createEndpoint),
		api.Op(http.MethodGet, "/v1/webhook_endpoints", api.Paging, s.listEndpoints),
		api.Op(http.MethodGet, "/v1/webhook_endpoints/{}", "", s.retrieveEndpoint),
		api.Op(http.MethodPost, "/v1/webhook_endpoints/{}", "url enabled_events description metadata disabled",
			s.updateEndpoint),
		api.Op(http.MethodDelete, "/v1/webhook_endpoints/{}", "", s.deleteEndpoint),
	}
}

func (s *Events) createEndpoint(c *api.Call) (api.Object, error) {
	endpoint := &state.Endpoint{URL: c.Required("url"), Events: c.Texts("enabled_events"),
		Description: c.Text("description"), Metadata: c.Metadata(nil)}
	if len(endpoint.Events) == 0 {
		c.Fail(api.MissingParam("enabled_events"))
	}
	endpoint.Version = c.Enum("api_version", "", version.All...)
	checkEndpointEvents(c.Params, endpoint.Events)
	checkEndpointURL(c.Params, endpoint.URL)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if s.State.Endpoints.Len() >= maxEndpoints {
		return nil, api.Invalid("", "You have reached the maximum of %d test webhook endpoints.", maxEndpoints)
	}
	endpoint.Secrets = []string{s.World.NewID("whsec_", 32)}
	s.AddEndpoint(endpoint)
	created := s.ShowEndpoint(endpoint)
	created["secret"] = endpoint.Secrets[0] // shown only once
	return created, nil
}

// AddEndpoint gives an endpoint its id and stores it.
func (s *Events) AddEndpoint(endpoint *state.Endpoint) {
	endpoint.ID, endpoint.Created = s.World.NewID("we_1", 23), s.Now()
	s.State.Endpoints.Add(endpoint)
}

// eventTypes lists every event type in Stripe's OpenAPI document. Endpoints may
// subscribe to types that the simulator never emits.
//
//go:embed event_types.txt
var eventTypes string

// checkEndpointEvents refuses unknown event types, and groups such as
// customer.*: filters of the event list accept groups, endpoints do not.
func checkEndpointEvents(p api.Params, names []string) {
	for _, name := range names {
		if name != "*" && !slices.Contains(strings.Fields(eventTypes), name) {
			p.Fail(api.Malformed("", "enabled_events", "Invalid enabled_events: '%s' is not an event type. To enable all events, pass '*'.", name))
		}
	}
}

func checkEndpointURL(p api.Params, address string) {
	if parsed, err := url.Parse(address); err != nil || parsed.Host == "" || !strings.HasPrefix(parsed.Scheme, "http") {
		p.Fail(api.Malformed("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided."))
	}
}

func (s *Events) updateEndpoint(c *api.Call) (api.Object, error) {
	endpoint := s.State.Endpoints.Get(c.Path[0])
	if endpoint == nil {
		return nil, api.NoSuch("webhook endpoint", c.Path[0], "id")
	}
	changed := *endpoint
	changed.URL, changed.Description = c.TextOr("url", endpoint.URL), c.TextOr("description", endpoint.Description)
	changed.Disabled, changed.Metadata = c.Boolean("disabled", endpoint.Disabled), c.Metadata(endpoint.Metadata)
	if c.Has("enabled_events") {
		changed.Events = c.Texts("enabled_events")
		checkEndpointEvents(c.Params, changed.Events)
	}
	checkEndpointURL(c.Params, changed.URL)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	*endpoint = changed
	return s.ShowEndpoint(endpoint), nil
}

func (s *Events) retrieveEndpoint(c *api.Call) (api.Object, error) {
	if endpoint := s.State.Endpoints.Get(c.Path[0]); endpoint != nil {
		return s.ShowEndpoint(endpoint), nil
	}
	return nil, api.NoSuch("webhook endpoint", c.Path[0], "id")
}

func (s *Events) listEndpoints(c *api.Call) (api.Object, error) {
	return api.Paginate(c, s.State.Endpoints.Newest(), func(*state.Endpoint) bool { return true }, s.ShowEndpoint)
}

func (s *Events) deleteEndpoint(c *api.Call) (api.Object, error) {
	endpoint := s.State.Endpoints.Get(c.Path[0])
	if endpoint == nil {
		return nil, api.NoSuch("webhook endpoint", c.Path[0], "id")
	}
	s.State.Endpoints.Remove(endpoint.ID)
	return api.Object{"id": endpoint.ID, "object": "webhook_endpoint", "deleted": true}, nil
}

// subscribed returns the ids of the endpoints that want a type of event.
func (s *Events) subscribed(kind string) []string {
	var ids []string
	for endpoint := range s.State.Endpoints.Oldest() {
		if !endpoint.Disabled && slices.ContainsFunc(endpoint.Events,
			func(pattern string) bool { return typeMatches(pattern, kind) }) {
			ids = append(ids, endpoint.ID)
		}
	}
	return ids
}

// provider is Stripe's name in deliveries.
const provider = "stripe"

// Name returns "stripe".
func (s *Events) Name() string { return provider }

// Target returns where an endpoint's deliveries go now.
func (s *Events) Target(id string) (delivery.Target, bool) {
	endpoint := s.State.Endpoints.Get(id)
	if endpoint == nil || endpoint.Disabled {
		return delivery.Target{}, false
	}
	return delivery.Target{URL: endpoint.URL, Secrets: endpoint.Signing(time.Now())}, true
}

// Rules returns Stripe's rules as far as they are published: an endpoint is
// disabled if it acknowledges nothing "for multiple days in a row". Seven days
// are the simulator's choice.
func (s *Events) Rules() delivery.Rules { return delivery.Rules{DisableAfter: 7 * 24 * time.Hour} }

// Disable stops an endpoint's deliveries until it is updated with
// disabled=false or configured again.
func (s *Events) Disable(id string) {
	if endpoint := s.State.Endpoints.Get(id); endpoint != nil {
		endpoint.Disabled = true
	}
}

// Sign returns the headers of an attempt.
func (s *Events) Sign(target delivery.Target, _ string, body []byte, at time.Time) http.Header {
	header := delivery.SignStripe(target.Secrets, body, at)
	header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks) simulator")
	return header
}

// Backoff returns Stripe's delays, which add up to three days.
func (s *Events) Backoff(attempts int) (time.Duration, bool) {
	return delivery.Step(delivery.StripeBackoff, attempts)
}

// Settled updates pending_webhooks and delivery_success.
func (s *Events) Settled(message, _ string, acknowledged bool) {
	event := s.State.Log.Records.Get(message)
	if event == nil {
		return // older than 30 days
	}
	event.Delivery.Open--
	if acknowledged {
		event.Delivery.Acknowledged++
	}
}

// LongestOverlap is how long a secret may keep signing after it was rolled
// (docs.stripe.com/webhooks, "Roll endpoint signing secrets").
const LongestOverlap = 24 * time.Hour

// EndpointNamed returns the endpoint with an id or a URL, or nil.
func (s *Events) EndpointNamed(name string) *state.Endpoint {
	return cmp.Or(s.State.Endpoints.Get(name),
		s.State.Endpoints.Find(func(e *state.Endpoint) bool { return e.URL == name }))
}
