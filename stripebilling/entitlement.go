package stripebilling

import (
	"context"
	"errors"
	"slices"

	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// Entitlements returns the lookup keys of all features that a customer is currently
// entitled to, sorted. We never read them from the event, which has at most ten.
func (c *Client) Entitlements(ctx context.Context, customerID string) ([]string, error) {
	const op = "list entitlements"
	if customerID == "" {
		return nil, failed(op, errors.New("the customer id is empty"))
	}
	features, nameless := []string{}, false
	err := c.all(ctx, op, "/v1/entitlements/active_entitlements",
		&stripe.EntitlementsActiveEntitlementListParams{Customer: stripe.String(customerID)}, "",
		func(o upstream.Object) {
			key := o.Text("lookup_key")
			nameless = nameless || key == ""
			features = append(features, key)
		})
	if err != nil {
		return nil, err
	}
	if nameless {
		return nil, failed(op, errors.New("an entitlement has no lookup key"))
	}
	slices.Sort(features)
	return slices.Compact(features), nil
}
