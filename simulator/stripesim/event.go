package stripesim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

// eventLifetime is how long events can be listed and retrieved.
const eventLifetime = 30 * 24 * time.Hour

// Event is one event with the snapshot of its object.
type Event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Version   string          `json:"api_version"` // the account's when it was written
	Created   time.Time       `json:"created"`
	About     string          `json:"about,omitempty"`      // the object's id
	AboutType string          `json:"about_type,omitempty"` // and its type
	Customer  string          `json:"customer,omitempty"`   // "" when it is about no customer
	Object    json.RawMessage `json:"object"`
	// none is not null: an event that was saved and loaded shows no previous_attributes either
	Previous       json.RawMessage `json:"previous,omitempty"`
	RequestID      string          `json:"request_id,omitempty"` // "" for what Stripe does by itself
	IdempotencyKey string          `json:"idempotency_key,omitempty"`
	Endpoints      int             `json:"endpoints"`    // how many it is delivered to
	Acknowledged   int             `json:"acknowledged"` // by how many of them
	Open           int             `json:"open"`         // attempts still to come
}

// Key is the id.
func (e *Event) Key() string { return e.ID }

func (s *Stripe) eventRoutes() []route {
	return []route{
		op(http.MethodGet, "/v1/events", "type types created delivery_success"+paging, s.listEvents),
		op(http.MethodGet, "/v1/events/{}", "", s.retrieveEvent),
		op(http.MethodPost, "/v1/events/{}/retry", "webhook_endpoint", s.resendEvent),
	}
}

// emit writes an event caused by the current request, if there is one, and
// queues its deliveries.
func (s *Stripe) emit(kind string, about, previous object) *Event {
	return s.write(kind, about, previous, s.origin, 0)
}

// emitAutomatic writes an event that Stripe never ascribes to a request.
func (s *Stripe) emitAutomatic(kind string, about, previous object) *Event {
	return s.write(kind, about, previous, origin{}, 0)
}

// emitUpdate writes an *.updated event unless nothing that shows has changed.
func (s *Stripe) emitUpdate(kind string, before, after object) {
	if changed := previous(before, after); len(changed) > 0 {
		s.emit(kind, after, changed)
	}
}

func (s *Stripe) write(kind string, about, previous object, by origin, delay time.Duration) *Event {
	event := &Event{ID: s.world.NewID("evt_1", 23), Type: kind, Version: s.version, Created: s.real(),
		Customer:  customerOf(about),
		RequestID: by.requestID, IdempotencyKey: by.key}
	event.About, event.AboutType = about.text("id"), about.text("object")
	event.Object, event.Previous = s.snapshot(event.Version, about, previous)
	s.store(event, about, previous, delay)
	if s.outbox.Twin(event.ID) {
		// Stripe: "in some cases, two separate Event objects are generated".
		twin := *event
		twin.ID = s.world.NewID("evt_1", 23)
		s.store(&twin, about, previous, delay)
	}
	return event
}

// snapshot encodes what an event says in the shape of a version.
func (s *Stripe) snapshot(version string, about, previous object) (shown, before json.RawMessage) {
	about, previous = s.inVersionWithPrevious(version, about, previous)
	if previous != nil {
		before = encode(previous)
	}
	return encode(about), before
}

func (s *Stripe) store(event *Event, about, previous object, delay time.Duration) {
	endpoints := s.subscribed(event.Type)
	event.Endpoints, event.Open, event.Acknowledged = len(endpoints), len(endpoints), 0
	s.state.log.add(event)
	s.index(event, about, previous)
	s.forgetEvents()
	message := delivery.Message{ID: event.ID, Provider: provider, Type: event.Type}
	if len(endpoints) > 0 {
		message.Body = s.eventBody(event)
	}
	for _, id := range endpoints {
		version := s.state.Endpoints.Get(id).Version
		if version == "" || version == event.Version {
			continue
		}
		pinned := *event
		pinned.Version = version
		pinned.Object, pinned.Previous = s.snapshot(version, about, previous)
		message.SetVariant(id, s.eventBody(&pinned))
	}
	s.outbox.Post(message, endpoints, delay)
}

// eventBody is what a delivery of an event carries.
func (s *Stripe) eventBody(event *Event) []byte {
	return indent(encode(s.showEvent(event)))
}

func (s *Stripe) forgetEvents() {
	limit := s.world.Now().Add(-eventLifetime)
	s.state.log.forgetBefore(limit)
}

func (s *Stripe) retrieveEvent(c *call) (object, error) {
	s.forgetEvents()
	if event := s.state.log.find(c.path[0]); event != nil {
		return s.showEvent(event), nil
	}
	return nil, noSuch("event", c.path[0], "id")
}

func (s *Stripe) listEvents(c *call) (object, error) {
	s.forgetEvents()
	kind, kinds, within := c.text("type"), c.texts("types"), createdFilter(c)
	delivered := c.boolean("delivery_success", true)
	switch {
	case kind != "" && len(kinds) > 0:
		c.fail(malformed("", "types", "You may only specify one of these parameters: type, types."))
	case len(kinds) > 20:
		c.fail(malformed("", "types", "You can pass up to 20 event types."))
	}
	return paginate(c, s.state.log.records.Newest(), func(r *record) bool {
		return (kind == "" || typeMatches(kind, r.kind)) && (len(kinds) == 0 || slices.Contains(kinds, r.kind)) &&
			(!c.has("delivery_success") || r.delivery.delivered() == delivered) && within(r.createdAt())
	}, func(r *record) object { return s.showEvent(s.state.log.event(r)) })
}

// typeMatches compares an event type with a name or a group such as customer.*.
func typeMatches(pattern, kind string) bool {
	matched, err := path.Match(pattern, kind)
	return err == nil && matched
}

func (s *Stripe) showEvent(e *Event) object {
	data := object{"object": e.Object}
	if len(e.Previous) > 0 {
		data["previous_attributes"] = e.Previous
	}
	return object{"id": e.ID, "object": "event", "api_version": e.Version, "created": e.Created.Unix(), "data": data,
		"livemode": false, "pending_webhooks": e.Open, "type": e.Type,
		"request": object{"id": orNull(e.RequestID), "idempotency_key": orNull(e.IdempotencyKey)}}
}

// customerOf returns the customer an object is, or belongs to.
func customerOf(about object) string {
	if about["object"] == "customer" {
		id, _ := about["id"].(string)
		return id
	}
	id, _ := about["customer"].(string)
	return id
}

func encode(value any) json.RawMessage {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("stripesim: an object does not marshal: %v", err))
	}
	return encoded
}

// indent lays a body out as Stripe sends it.
func indent(encoded []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, encoded, "", "  "); err != nil {
		panic(fmt.Sprintf("stripesim: an event does not indent: %v", err))
	}
	return out.Bytes()
}
