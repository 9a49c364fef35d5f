package console

import (
	"net/url"
	"slices"
	"time"
)

var webhooksPages = []page{
	{path: "/webhooks", name: "Webhooks", title: "Webhooks", file: "webhooks.html", live: true, read: readWebhooks},
	{path: "/webhooks/{id}", title: "Webhook", file: "webhook.html", live: true, read: readWebhook,
		section: "/webhooks"},
}

// shownEndpoint is an endpoint of the app that Lockstep notifies.
type shownEndpoint struct {
	ID, Origin   string
	Events       []string
	FailingSince *time.Time `json:"failing_since"`
	DisabledAt   *time.Time `json:"disabled_at"`
	Reason       string
}

// Href is the endpoint's page.
func (e shownEndpoint) Href() string { return path("webhooks", e.ID) }

// All reports whether the endpoint gets every kind of event.
func (e shownEndpoint) All() bool { return slices.Contains(e.Events, "*") }

// shownDelivery is a message to an endpoint.
type shownDelivery struct {
	Webhook        string // of a notice's deliveries
	Subject, State string
	Status         int
	Reason         string
	Attempts       int
	BeganAt        *time.Time `json:"began_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	NextTry        *time.Time `json:"next_try_at"`
}

// Carries says what the delivery carries.
func (d shownDelivery) Carries() delivered { return carried(d.Subject) }

// webhookData is the content of an endpoint's page.
type webhookData struct {
	Endpoint shownEndpoint `json:"-"`
	Data     []shownDelivery
	Next     string
}

// readEndpoints reads all endpoints.
func readEndpoints(v *visit) (all struct{ Data []shownEndpoint }, err error) {
	return all, v.get("/v1/webhooks", &all)
}

func readWebhooks(v *visit) (any, error) {
	all, err := readEndpoints(v)
	return &all, err
}

func readWebhook(v *visit) (any, error) {
	id := v.PathValue("id")
	var data webhookData
	if err := v.get(v.query(webhookAPI(id)+"/deliveries", "state", "before"), &data); err != nil {
		return nil, err
	}
	all, err := readEndpoints(v)
	if err != nil {
		return nil, err
	}
	for _, e := range all.Data {
		if e.ID == id {
			data.Endpoint = e
		}
	}
	v.title = "Webhook " + id
	return &data, nil
}

// webhookAPI is the path of an endpoint in the API.
func webhookAPI(id string) string { return "/v1/webhooks/" + url.PathEscape(id) }

// standing is an endpoint, for the part "standing".
type standing struct {
	Endpoint shownEndpoint
	Frame    frame
}

// Endpoint returns an endpoint, for the part "standing".
func (f frame) Endpoint(e shownEndpoint) standing { return standing{e, f} }
