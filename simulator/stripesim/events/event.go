package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/eventlog"
)

// eventLifetime is how long events can be listed and retrieved.
const eventLifetime = 30 * 24 * time.Hour

func (s *Events) eventRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodGet, "/v1/events", "type types created delivery_success"+api.Paging, s.listEvents),
		api.Op(http.MethodGet, "/v1/events/{}", "", s.retrieveEvent),
		api.Op(http.MethodPost, "/v1/events/{}/retry", "webhook_endpoint", s.resendEvent),
	}
}

// Emit stores an event, attributes it to the current request, if any, and
// queues its deliveries.
func (s *Events) Emit(kind string, about, previous api.Object) *eventlog.Event {
	return s.Write(kind, about, previous, s.Origin, 0)
}

// EmitAutomatic emits an event that Stripe never attributes to a request.
func (s *Events) EmitAutomatic(kind string, about, previous api.Object) *eventlog.Event {
	return s.Write(kind, about, previous, account.Origin{}, 0)
}

// EmitUpdate emits an *.updated event if the two shown objects differ.
func (s *Events) EmitUpdate(kind string, before, after api.Object) {
	if changed := api.Previous(before, after); len(changed) > 0 {
		s.Emit(kind, after, changed)
	}
}

// Write stores an event and queues its deliveries after a delay.
func (s *Events) Write(kind string, about, previous api.Object, by account.Origin,
	delay time.Duration) *eventlog.Event {
	event := &eventlog.Event{ID: s.World.NewID("evt_1", 23), Type: kind, Version: s.Version, Created: s.Real(),
		Customer: customerOf(about), RequestID: by.RequestID, IdempotencyKey: by.Key}
	event.About, event.AboutType = about.Text("id"), about.Text("object")
	event.Object, event.Previous = s.snapshot(event.Version, about, previous)
	s.store(event, about, previous, delay)
	if s.Outbox.Twin(event.ID) {
		// Stripe: "in some cases, two separate Event objects are generated".
		twin := *event
		twin.ID = s.World.NewID("evt_1", 23)
		s.store(&twin, about, previous, delay)
	}
	return event
}

// snapshot encodes the content of an event in the shape of an API version.
func (s *Events) snapshot(version string, about, previous api.Object) (shown, before json.RawMessage) {
	about, previous = s.Versions.InVersionWithPrevious(version, about, previous)
	if previous != nil {
		before = api.Encode(previous)
	}
	return api.Encode(about), before
}

func (s *Events) store(event *eventlog.Event, about, previous api.Object, delay time.Duration) {
	endpoints := s.subscribed(event.Type)
	event.Endpoints, event.Open, event.Acknowledged = len(endpoints), len(endpoints), 0
	s.State.Log.Add(event)
	s.Search.Index(event, about, previous)
	s.ForgetEvents()
	message := delivery.Message{ID: event.ID, Provider: provider, Type: event.Type}
	if len(endpoints) > 0 {
		message.Body = s.eventBody(event)
	}
	for _, id := range endpoints {
		version := s.State.Endpoints.Get(id).Version
		if version == "" || version == event.Version {
			continue
		}
		pinned := *event
		pinned.Version = version
		pinned.Object, pinned.Previous = s.snapshot(version, about, previous)
		message.SetVariant(id, s.eventBody(&pinned))
	}
	s.Outbox.Post(message, endpoints, delay)
}

// eventBody returns the body of an event's deliveries.
func (s *Events) eventBody(event *eventlog.Event) []byte {
	return indent(api.Encode(s.ShowEvent(event)))
}

// ForgetEvents drops events older than eventLifetime.
func (s *Events) ForgetEvents() {
	limit := s.World.Now().Add(-eventLifetime)
	s.State.Log.ForgetBefore(limit)
}

func (s *Events) retrieveEvent(c *api.Call) (api.Object, error) {
	s.ForgetEvents()
	if event := s.State.Log.Find(c.Path[0]); event != nil {
		return s.ShowEvent(event), nil
	}
	return nil, api.NoSuch("event", c.Path[0], "id")
}

func (s *Events) listEvents(c *api.Call) (api.Object, error) {
	s.ForgetEvents()
	kind, kinds, within := c.Text("type"), c.Texts("types"), api.CreatedFilter(c)
	delivered := c.Boolean("delivery_success", true)
	switch {
	case kind != "" && len(kinds) > 0:
		c.Fail(api.Malformed("", "types", "You may only specify one of these parameters: type, types."))
	case len(kinds) > 20:
		c.Fail(api.Malformed("", "types", "You can pass up to 20 event types."))
	}
	return api.Paginate(c, s.State.Log.Records.Newest(), func(r *eventlog.Record) bool {
		return (kind == "" || typeMatches(kind, r.Kind)) && (len(kinds) == 0 || slices.Contains(kinds, r.Kind)) &&
			(!c.Has("delivery_success") || r.Delivery.Delivered() == delivered) && within(r.CreatedAt())
	}, func(r *eventlog.Record) api.Object { return s.ShowEvent(s.State.Log.Event(r)) })
}

// typeMatches matches an event type against a name or a group such as
// customer.*.
func typeMatches(pattern, kind string) bool {
	matched, err := path.Match(pattern, kind)
	return err == nil && matched
}

// customerOf returns the id of an object's customer, or of the object if it is
// a customer.
func customerOf(about api.Object) string {
	if about["object"] == "customer" {
		id, _ := about["id"].(string)
		return id
	}
	id, _ := about["customer"].(string)
	return id
}

// indent formats a body as Stripe sends it.
func indent(encoded []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, encoded, "", "  "); err != nil {
		panic(fmt.Sprintf("stripesim: an event does not indent: %v", err))
	}
	return out.Bytes()
}
