package stripebilling

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// APIVersion is the version of Stripe's API that requests use.
const APIVersion = stripe.APIVersion

// Endpoint is a webhook endpoint that is registered at Stripe.
type Endpoint struct {
	ID         string // we_…
	URL        string
	Enabled    bool
	Events     []string // event types; "*" means all
	APIVersion string   // of the events; empty: the account's, which changes when someone upgrades it
}

// Endpoints returns the webhook endpoints of the account.
func (c *Client) Endpoints(ctx context.Context) (all []Endpoint, err error) {
	err = c.all(ctx, "list webhook endpoints", "/v1/webhook_endpoints", &stripe.WebhookEndpointListParams{}, "",
		func(o upstream.Object) {
			e := Endpoint{ID: o.Text("id"), URL: o.Text("url"), Enabled: o.Text("status") == "enabled",
				APIVersion: o.Text("api_version")}
			types, _ := o.Array("enabled_events")
			for _, raw := range types {
				var text string
				if json.Unmarshal(raw, &text) == nil { // ignores anything that is not a string
					e.Events = append(e.Events, text)
				}
			}
			all = append(all, e)
		})
	return all, err
}

// Undelivered counts the events of these types, created between two times, that an endpoint of the account
// has not accepted yet. It reads one page: more means that there are more than it counted.
func (c *Client) Undelivered(ctx context.Context, types []string, from, to time.Time) (count int, more bool, err error) {
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
