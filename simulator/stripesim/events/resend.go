package events

import (
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// resendEvent sends an event to an endpoint once more, as `stripe events resend`
// asks for. The operation is not in Stripe's document; its CLI's source has it.
// A resend neither ends the automatic retries nor is it retried, and it does not
// ask whether the endpoint wants events of this type
// (docs.stripe.com/webhooks, "Manually resend events").
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
		return nil, api.Invalid("webhook_endpoint", "The simulator can show an event of %s in no other version.", event.Version)
	}
	s.Outbox.Resend(delivery.Message{ID: event.ID, Provider: provider, Type: event.Type,
		Body: s.eventBody(s.eventFor(event, endpoint))}, endpoint.ID)
	return event, nil
}

// eventFor is an event of the newest shape in the version that an endpoint is
// pinned to.
func (s *Events) eventFor(event *eventlog.Event, endpoint *state.Endpoint) *eventlog.Event {
	if endpoint.Version == "" || endpoint.Version == event.Version {
		return event
	}
	pinned := *event
	pinned.Version = endpoint.Version
	pinned.Object, pinned.Previous = s.snapshot(endpoint.Version, version.Decoded(event.Object), version.Decoded(event.Previous))
	return &pinned
}
