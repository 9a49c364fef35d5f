package stripebilling

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

const webhookEndpoints = "/v1/webhook_endpoints"

// APIVersion is the version of Stripe's API that this package speaks.
const APIVersion = stripe.APIVersion

// WebhookEndpoint is a webhook endpoint at Stripe, with everything that a caller may set.
type WebhookEndpoint struct {
	ID          string
	URL         string
	Enabled     bool
	Events      []string // event types; "*" means all
	APIVersion  string   // of the events; empty means the account's default
	Description string
	Metadata    map[string]string
	CreatedAt   time.Time
}

// WebhookEndpoints returns the webhook endpoints of the account, newest first.
func (c *Client) WebhookEndpoints(ctx context.Context) (list []WebhookEndpoint, err error) {
	err = c.all(ctx, "list webhook endpoints", webhookEndpoints, &stripe.WebhookEndpointListParams{}, "",
		func(o upstream.Object) { list = append(list, webhookEndpointOf(o)) })
	if err != nil {
		return nil, err
	}
	return list, nil
}

// CreateWebhookEndpoint creates an enabled endpoint and returns its signing secret, which Stripe shows only
// this once. It uses URL, Events, APIVersion, Description and Metadata.
func (c *Client) CreateWebhookEndpoint(ctx context.Context,
	e WebhookEndpoint) (created WebhookEndpoint, secret lockstep.Secret, err error) {
	const op = "create webhook endpoint"
	o, err := c.one(ctx, op, http.MethodPost, webhookEndpoints, &stripe.WebhookEndpointCreateParams{
		URL: stripe.String(e.URL), EnabledEvents: stripe.StringSlice(e.Events), APIVersion: optional(e.APIVersion),
		Description: optional(e.Description), Metadata: e.Metadata})
	if err != nil {
		return WebhookEndpoint{}, "", err
	}
	if secret = lockstep.Secret(o.Text("secret")); secret == "" {
		return WebhookEndpoint{}, "", failed(op, errors.New("the answer has no signing secret"))
	}
	return webhookEndpointOf(o), secret, nil
}

// WebhookEndpointChange says what to change; a nil field stays as it is. Stripe cannot change the API version.
type WebhookEndpointChange struct {
	Enabled  *bool
	Events   []string
	Metadata map[string]string // keys to set; an empty value removes the key
}

// UpdateWebhookEndpoint changes an endpoint. Its secret stays.
func (c *Client) UpdateWebhookEndpoint(ctx context.Context, id string, change WebhookEndpointChange) error {
	const op = "update webhook endpoint"
	path, err := at(op, webhookEndpoints, id)
	if err != nil {
		return err
	}
	params := &stripe.WebhookEndpointUpdateParams{Metadata: change.Metadata}
	if change.Events != nil {
		params.EnabledEvents = stripe.StringSlice(change.Events)
	}
	if change.Enabled != nil {
		params.Disabled = stripe.Bool(!*change.Enabled)
	}
	_, err = c.one(ctx, op, http.MethodPost, path, params)
	return err
}

// DeleteWebhookEndpoint deletes an endpoint, and its secret with it. Stripe then also stops the retries of
// its deliveries.
func (c *Client) DeleteWebhookEndpoint(ctx context.Context, id string) error {
	const op = "delete webhook endpoint"
	path, err := at(op, webhookEndpoints, id)
	if err != nil {
		return err
	}
	_, err = c.one(ctx, op, http.MethodDelete, path, &stripe.WebhookEndpointDeleteParams{})
	return err
}

func webhookEndpointOf(o upstream.Object) WebhookEndpoint {
	e := WebhookEndpoint{ID: o.Text("id"), URL: o.Text("url"), Enabled: o.Text("status") == "enabled",
		APIVersion: o.Text("api_version"), Description: o.Text("description"), Metadata: metadataOf(o),
		CreatedAt: timeOf(o, "created")}
	types, _ := o.Array("enabled_events")
	for _, raw := range types {
		var text string
		if json.Unmarshal(raw, &text) == nil { // ignores anything that is not a string
			e.Events = append(e.Events, text)
		}
	}
	return e
}

// Undelivered counts the events of these types, created between two times, that an endpoint of the account
// has not accepted yet. It reads one page: more means that there are more than it counted.
func (c *Client) Undelivered(ctx context.Context, types []string, from,
	to time.Time) (count int, more bool, err error) {
	params := &stripe.EventListParams{DeliverySuccess: stripe.Bool(false),
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThanOrEqual: to.Unix()}}
	events, more, err := c.page(ctx, "list undelivered events", "/v1/events", params)
	for _, e := range events {
		if slices.Contains(types, e.Text("type")) {
			count++
		}
	}
	return count, more, err
}
