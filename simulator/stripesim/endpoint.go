package stripesim

import (
	_ "embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

const maxEndpoints = 16

// Endpoint is a webhook endpoint.
type Endpoint struct {
	ID          string            `json:"id"`
	Created     time.Time         `json:"created"`
	URL         string            `json:"url"`
	Events      []string          `json:"enabled_events"`
	Version     string            `json:"api_version"` // that events are sent in; "" is the account's
	Secrets     []string          `json:"secrets"`     // several while one is rolled
	Description string            `json:"description"`
	Metadata    map[string]string `json:"metadata"`
	Disabled    bool              `json:"disabled"`
	Rolled      []rolledSecret    `json:"rolled_secrets,omitempty"` // that still sign for a while
	Configured  bool              `json:"configured"`               // given by the simulator's configuration
}

// Key is the id.
func (e *Endpoint) Key() string { return e.ID }

func (s *Stripe) endpointRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/webhook_endpoints", "url enabled_events description metadata api_version",
			s.createEndpoint),
		op(http.MethodGet, "/v1/webhook_endpoints", paging, s.listEndpoints),
		op(http.MethodGet, "/v1/webhook_endpoints/{}", "", s.retrieveEndpoint),
		op(http.MethodPost, "/v1/webhook_endpoints/{}", "url enabled_events description metadata disabled",
			s.updateEndpoint),
		op(http.MethodDelete, "/v1/webhook_endpoints/{}", "", s.deleteEndpoint),
	}
}

func (s *Stripe) createEndpoint(c *call) (object, error) {
	endpoint := &Endpoint{URL: c.required("url"), Events: c.texts("enabled_events"), Description: c.text("description"),
		Metadata: c.metadata(nil)}
	if len(endpoint.Events) == 0 {
		c.fail(missingParam("enabled_events"))
	}
	endpoint.Version = c.enum("api_version", "", versions...)
	checkEndpointEvents(c.params, endpoint.Events)
	checkEndpointURL(c.params, endpoint.URL)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if s.state.Endpoints.Len() >= maxEndpoints {
		return nil, invalid("", "You have reached the maximum of %d test webhook endpoints.", maxEndpoints)
	}
	endpoint.Secrets = []string{s.world.NewID("whsec_", 32)}
	s.addEndpoint(endpoint)
	created := s.showEndpoint(endpoint)
	created["secret"] = endpoint.Secrets[0] // only here
	return created, nil
}

func (s *Stripe) addEndpoint(endpoint *Endpoint) {
	endpoint.ID, endpoint.Created = s.world.NewID("we_1", 23), s.now()
	s.state.Endpoints.Add(endpoint)
}

// eventTypes are all types of events in Stripe's OpenAPI document, also those
// that the simulator never writes: an endpoint may wait for them.
//
//go:embed event_types.txt
var eventTypes string

// checkEndpointEvents refuses what is no event type, and groups such as
// customer.*, which filters of the event list take and endpoints do not.
func checkEndpointEvents(p params, names []string) {
	for _, name := range names {
		if name != "*" && !slices.Contains(strings.Fields(eventTypes), name) {
			p.fail(malformed("", "enabled_events", "Invalid enabled_events: '%s' is no event type. To enable all events, pass '*'.", name))
		}
	}
}

func checkEndpointURL(p params, address string) {
	if parsed, err := url.Parse(address); err != nil || parsed.Host == "" || !strings.HasPrefix(parsed.Scheme, "http") {
		p.fail(malformed("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided."))
	}
}

func (s *Stripe) updateEndpoint(c *call) (object, error) {
	endpoint := s.state.Endpoints.Get(c.path[0])
	if endpoint == nil {
		return nil, noSuch("webhook endpoint", c.path[0], "id")
	}
	changed := *endpoint
	changed.URL, changed.Description = c.textOr("url", endpoint.URL), c.textOr("description", endpoint.Description)
	changed.Disabled, changed.Metadata = c.boolean("disabled", endpoint.Disabled), c.metadata(endpoint.Metadata)
	if c.has("enabled_events") {
		changed.Events = c.texts("enabled_events")
		checkEndpointEvents(c.params, changed.Events)
	}
	checkEndpointURL(c.params, changed.URL)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	*endpoint = changed
	return s.showEndpoint(endpoint), nil
}

func (s *Stripe) retrieveEndpoint(c *call) (object, error) {
	if endpoint := s.state.Endpoints.Get(c.path[0]); endpoint != nil {
		return s.showEndpoint(endpoint), nil
	}
	return nil, noSuch("webhook endpoint", c.path[0], "id")
}

func (s *Stripe) listEndpoints(c *call) (object, error) {
	return paginate(c, s.state.Endpoints.Newest(), func(*Endpoint) bool { return true }, s.showEndpoint)
}

func (s *Stripe) deleteEndpoint(c *call) (object, error) {
	endpoint := s.state.Endpoints.Get(c.path[0])
	if endpoint == nil {
		return nil, noSuch("webhook endpoint", c.path[0], "id")
	}
	s.state.Endpoints.Remove(endpoint.ID)
	return object{"id": endpoint.ID, "object": "webhook_endpoint", "deleted": true}, nil
}

func (s *Stripe) showEndpoint(e *Endpoint) object {
	status := "enabled"
	if e.Disabled {
		status = "disabled"
	}
	return object{"id": e.ID, "object": "webhook_endpoint", "api_version": orNull(e.Version), "application": nil,
		"created":     e.Created.Unix(),
		"description": orNull(e.Description), "enabled_events": e.Events, "livemode": false, "metadata": shown(e.Metadata),
		"status": status, "url": e.URL}
}

// subscribed returns the endpoints that want a type of event.
func (s *Stripe) subscribed(kind string) []string {
	var ids []string
	for endpoint := range s.state.Endpoints.Oldest() {
		if !endpoint.Disabled && slices.ContainsFunc(endpoint.Events,
			func(pattern string) bool { return typeMatches(pattern, kind) }) {
			ids = append(ids, endpoint.ID)
		}
	}
	return ids
}

// SetEndpoints makes the endpoints of the configuration the given ones. One
// with a known URL keeps its id, so that what is queued for it still arrives.
// Endpoints made through the API stay.
func (s *Stripe) SetEndpoints(wanted []Endpoint) {
	s.world.Change(func() {
		for known := range s.state.Endpoints.Oldest() {
			same := func(e Endpoint) bool { return e.URL == known.URL }
			if known.Configured && !slices.ContainsFunc(wanted, same) {
				s.state.Endpoints.Remove(known.ID)
			}
		}
		for _, endpoint := range wanted {
			endpoint.Configured = true
			known := s.state.Endpoints.Find(func(e *Endpoint) bool { return e.URL == endpoint.URL })
			if known == nil {
				s.addEndpoint(&endpoint)
				continue
			}
			known.Secrets, known.Events, known.Version, known.Disabled, known.Configured = endpoint.Secrets, endpoint.Events,
				endpoint.Version, false, true
		}
	})
}

// provider is how deliveries name Stripe.
const provider = "stripe"

// Name is "stripe".
func (s *Stripe) Name() string { return provider }

// Target says where an endpoint's deliveries go now.
func (s *Stripe) Target(id string) (delivery.Target, bool) {
	endpoint := s.state.Endpoints.Get(id)
	if endpoint == nil || endpoint.Disabled {
		return delivery.Target{}, false
	}
	return delivery.Target{URL: endpoint.URL, Secrets: endpoint.signing(time.Now())}, true
}

// Rules are Stripe's as far as it publishes them: an endpoint that has not
// acknowledged anything "for multiple days in a row" is disabled. That these are
// seven is the simulator's choice.
func (s *Stripe) Rules() delivery.Rules { return delivery.Rules{DisableAfter: 7 * 24 * time.Hour} }

// Disable ends an endpoint's deliveries until it is updated with disabled=false
// or configured again.
func (s *Stripe) Disable(id string) {
	if endpoint := s.state.Endpoints.Get(id); endpoint != nil {
		endpoint.Disabled = true
	}
}

// Sign makes the headers of one attempt.
func (s *Stripe) Sign(target delivery.Target, _ string, body []byte, at time.Time) http.Header {
	header := delivery.SignStripe(target.Secrets, body, at)
	header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks) simulator")
	return header
}

// Backoff is Stripe's: up to three days.
func (s *Stripe) Backoff(attempts int) (time.Duration, bool) {
	return delivery.Step(delivery.StripeBackoff, attempts)
}

// Settled keeps pending_webhooks and delivery_success true.
func (s *Stripe) Settled(message, _ string, acknowledged bool) {
	event := s.state.log.records.Get(message)
	if event == nil {
		return // older than 30 days
	}
	event.delivery.Open--
	if acknowledged {
		event.delivery.Acknowledged++
	}
}
