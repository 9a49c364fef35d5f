package console

import (
	"bytes"
	"encoding/json"
	"net/url"
	"time"
)

var eventPages = []page{
	{path: "/events", name: "Events", title: "Events", file: "events.html", live: true, read: readEvents},
	{path: "/events/{source}/{id}", title: "Event", file: "event.html", section: "/events", read: readEvent},
}

// eventsData is the content of the list.
type eventsData struct {
	Data     []storedEvent
	Next     string
	Filtered bool
}

// storedEvent is a stored event.
type storedEvent struct {
	Source, ID, Type, Origin string
	Status, Reason           string
	Key, Object, Customer    string
	OccurredAt               time.Time       `json:"occurred_at"`
	ReceivedAt               time.Time       `json:"received_at"`
	Body                     json.RawMessage `json:"body"`
	Masked                   bool            `json:"body_masked"`
	Withheld                 string          `json:"body_withheld"`
	Expired                  bool            `json:"body_expired"`
	Work                     *openWork
}

// Name identifies the event.
func (e storedEvent) Name() string { return e.Source + "/" + e.ID }

// Href is the event's page.
func (e storedEvent) Href() string { return path("events", e.Source, e.ID) }

// How says how the event came.
func (e storedEvent) How() string {
	if e.Origin == "scan" {
		return "found in Stripe's list, because no webhook had brought it"
	}
	return "by webhook"
}

// Pretty is the body with a line for each value.
func (e storedEvent) Pretty() string {
	var out bytes.Buffer
	if json.Indent(&out, e.Body, "", "  ") != nil {
		return string(e.Body) // not JSON; the API says why
	}
	return out.String()
}

// eventFilters are the parameters of the list that the API takes.
var eventFilters = []string{"source", "status", "type", "key", "since", "until"}

func readEvents(v *visit) (any, error) {
	data := eventsData{}
	for _, name := range eventFilters {
		data.Filtered = data.Filtered || v.URL.Query().Get(name) != ""
	}
	q := v.URL.Query()
	for _, name := range []string{"since", "until"} {
		if at, err := time.ParseInLocation(inputTime, q.Get(name), clockOf(v.Request).zone); err == nil {
			q.Set(name, at.Format(time.RFC3339))
		}
	}
	asked := *v
	asked.Request = v.Clone(v.Context())
	asked.URL.RawQuery = q.Encode()
	return &data, v.get(asked.query("/v1/events", append(eventFilters, "before")...), &data)
}

// inputTime is how browsers send the field of a time.
const inputTime = "2006-01-02T15:04"

// eventData is the content of an event's page.
type eventData struct {
	storedEvent
	Runs []keyRun
}

// keyRun is a run of a key.
type keyRun struct {
	Run         string
	BeganAt     time.Time `json:"began_at"`
	TookMS      int64     `json:"took_ms"`
	Attempt     int
	Disposition string
	Reason      string
	Events      []string
}

// readEvent reads the event, with its body masked, and the last runs of its key.
func readEvent(v *visit) (any, error) {
	data := &eventData{}
	address := "/v1/events/" + url.PathEscape(v.PathValue("id")) + "?" +
		url.Values{"source": {v.PathValue("source")}, "body": {"masked"}}.Encode()
	if err := v.get(address, &data.storedEvent); err != nil {
		return nil, err
	}
	v.title = data.Type
	if data.Key == "" {
		return data, nil
	}
	var runs struct{ Data []keyRun }
	err := v.get("/v1/runs?"+url.Values{"key": {data.Key}, "limit": {"10"}}.Encode(), &runs)
	data.Runs = runs.Data
	return data, err
}
