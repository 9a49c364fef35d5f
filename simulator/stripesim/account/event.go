package account

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ShowEndpoint shows a webhook endpoint.
func (s *Account) ShowEndpoint(e *state.Endpoint) api.Object {
	status := "enabled"
	if e.Disabled {
		status = "disabled"
	}
	return api.Object{"id": e.ID, "object": "webhook_endpoint", "api_version": api.OrNull(e.Version), "application": nil,
		"created": e.Created.Unix(), "description": api.OrNull(e.Description), "enabled_events": e.Events,
		"livemode": false, "metadata": api.Shown(e.Metadata), "status": status, "url": e.URL}
}

// ShowEvent shows an event.
func (s *Account) ShowEvent(e *eventlog.Event) api.Object {
	data := api.Object{"object": e.Object}
	if len(e.Previous) > 0 {
		data["previous_attributes"] = e.Previous
	}
	return api.Object{"id": e.ID, "object": "event", "api_version": e.Version, "created": e.Created.Unix(), "data": data,
		"livemode": false, "pending_webhooks": e.Open, "type": e.Type,
		"request": api.Object{"id": api.OrNull(e.RequestID), "idempotency_key": api.OrNull(e.IdempotencyKey)}}
}
