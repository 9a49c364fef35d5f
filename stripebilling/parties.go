package stripebilling

import (
	"context"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v86"
)

// collectionOf is where the objects of an id's prefix are.
var collectionOf = map[string]string{
	"sub": "/v1/subscriptions",
	"in":  "/v1/invoices",
	"ch":  "/v1/charges",
	"py":  "/v1/charges", // a charge of a delayed method
	"dp":  "/v1/disputes",
	"du":  "/v1/disputes",
}

// PartiesOf returns whom a subscription, invoice, charge or dispute is about: its
// customer and its payment intent, each empty where it has none. An object of
// another kind is about nobody that we could know of, and is not asked for.
func (c *Client) PartiesOf(ctx context.Context, objectID string) (customerID, paymentID string, err error) {
	const op = "read the object of an event"
	prefix, _, _ := strings.Cut(objectID, "_")
	collection, known := collectionOf[prefix]
	if !known {
		return "", "", nil
	}
	path, err := at(op, collection, objectID)
	if err != nil {
		return "", "", err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.Params{})
	if err != nil {
		return "", "", err
	}
	return reference(o, "customer"), reference(o, "payment_intent"), nil
}
