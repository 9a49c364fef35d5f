package stripebilling

import (
	"context"
	"encoding/json"

	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// Endpoint is a webhook endpoint that is registered at Stripe.
type Endpoint struct {
	URL     string
	Enabled bool
	Events  []string // event types; "*" means all
}

// Endpoints returns the webhook endpoints of the account.
func (c *Client) Endpoints(ctx context.Context) (all []Endpoint, err error) {
	err = c.all(ctx, "list webhook endpoints", "/v1/webhook_endpoints", &stripe.WebhookEndpointListParams{}, "",
		func(o upstream.Object) {
			e := Endpoint{URL: o.Text("url"), Enabled: o.Text("status") == "enabled"}
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
