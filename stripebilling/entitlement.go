package stripebilling

import (
	"context"
	"errors"
	"slices"

	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// Entitlements returns the lookup keys of all features that a customer is entitled to
// now, sorted. The event that says that they changed holds a page of ten at most, so it
// is never read.
func (c *Client) Entitlements(ctx context.Context, customerID string) ([]string, error) {
	const op = "list entitlements"
	if customerID == "" {
		return nil, failed(op, errors.New("there is no customer to list them for"))
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
