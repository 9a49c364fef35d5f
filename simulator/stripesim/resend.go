package stripesim

import "github.com/lockstep-dev/lockstep/simulator/delivery"

// resendEvent sends an event to an endpoint once more, as `stripe events resend`
// asks for. The operation is not in Stripe's document; its CLI's source has it.
// A resend neither ends the automatic retries nor is it retried, and it does not
// ask whether the endpoint wants events of this type
// (docs.stripe.com/webhooks, "Manually resend events").
func (s *Stripe) resendEvent(c *call) (object, error) {
	id := c.required("webhook_endpoint")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	event, err := s.resend(c.path[0], id, s.state.Endpoints.Get(id))
	if err != nil {
		return nil, err
	}
	return s.showEvent(event), nil
}

// ResendEvent sends an event of the last 30 days to an endpoint, named by id or
// URL, once more.
func (s *Stripe) ResendEvent(event, endpoint string) error {
	var err error
	s.world.Change(func() { _, err = s.resend(event, endpoint, s.endpointNamed(endpoint)) })
	return err
}

func (s *Stripe) resend(eventID, id string, endpoint *Endpoint) (*Event, error) {
	s.forgetEvents()
	event := s.state.log.find(eventID)
	if event == nil {
		return nil, noSuch("event", eventID, "id")
	}
	switch {
	case endpoint == nil:
		return nil, noSuch("webhook endpoint", id, "webhook_endpoint")
	case endpoint.Disabled:
		return nil, invalid("webhook_endpoint", "The webhook endpoint %s is disabled.", id)
	case endpoint.Version != "" && endpoint.Version != event.Version && event.Version != APIVersion:
		return nil, invalid("webhook_endpoint", "The simulator can show an event of %s in no other version.", event.Version)
	}
	s.outbox.Resend(delivery.Message{ID: event.ID, Provider: provider, Type: event.Type,
		Body: s.eventBody(s.eventFor(event, endpoint))}, endpoint.ID)
	return event, nil
}

// eventFor is an event of the newest shape in the version that an endpoint is
// pinned to.
func (s *Stripe) eventFor(event *Event, endpoint *Endpoint) *Event {
	if endpoint.Version == "" || endpoint.Version == event.Version {
		return event
	}
	pinned := *event
	pinned.Version = endpoint.Version
	pinned.Object, pinned.Previous = s.snapshot(endpoint.Version, decoded(event.Object), decoded(event.Previous))
	return &pinned
}
