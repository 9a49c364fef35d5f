package events

import (
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// resendEvent delivers an event to an endpoint again, for `stripe events
// resend`. The operation is in the source of Stripe's CLI, not in its OpenAPI
// document. A resend does not end the automatic retries, is not retried itself,
// and ignores the endpoint's event types (docs.stripe.com/webhooks, "Manually
// resend events").
func (s *Events) resendEvent(c *api.Call) (api.Object, error) {
	id := c.Required("webhook_endpoint")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	event, err := s.Resend(c.Path[0], id, s.State.Endpoints.Get(id))
	if err != nil {
		return nil, err
	}
	return s.ShowEvent(event), nil
}

// Resend delivers an event to an endpoint again. id is how the caller named the
// endpoint.
func (s *Events) Resend(eventID, id string, endpoint *state.Endpoint) (*eventlog.Event, error) {
	s.ForgetEvents()
	event := s.State.Log.Find(eventID)
	if event == nil {
		return nil, api.NoSuch("event", eventID, "id")
	}
	switch {
	case endpoint == nil:
		return nil, api.NoSuch("webhook endpoint", id, "webhook_endpoint")
	case endpoint.Disabled:
		return nil, api.Invalid("webhook_endpoint", "The webhook endpoint %s is disabled.", id)
	case endpoint.Version != "" && endpoint.Version != event.Version && event.Version != version.APIVersion:
		return nil, api.Invalid("webhook_endpoint", "The simulator cannot convert an event of %s to another version.", event.Version)
	}
	s.Outbox.Resend(delivery.Message{ID: event.ID, Provider: provider, Type: event.Type,
		Body: s.eventBody(s.eventFor(event, endpoint))}, endpoint.ID)
	return event, nil
}

// eventFor returns an event in the API version that an endpoint is pinned to.
// The event must have the shape of version.APIVersion.
func (s *Events) eventFor(event *eventlog.Event, endpoint *state.Endpoint) *eventlog.Event {
	if endpoint.Version == "" || endpoint.Version == event.Version {
		return event
	}
	pinned := *event
	pinned.Version = endpoint.Version
	pinned.Object, pinned.Previous = s.snapshot(endpoint.Version, version.Decoded(event.Object),
		version.Decoded(event.Previous))
	return &pinned
}
