package stripebilling

import (
	"context"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v86"
)

// collectionOf is the path for the ids of a prefix.
var collectionOf = map[string]string{
	"sub": "/v1/subscriptions",
	"in":  "/v1/invoices",
	"ch":  "/v1/charges",
	"py":  "/v1/charges", // a charge by a delayed payment method
	"dp":  "/v1/disputes",
	"du":  "/v1/disputes",
}

// PartiesOf returns the customer and the payment intent of a subscription, invoice, charge
// or dispute. Either may be empty. For an object of another kind, it returns two empty ids
// without a request.
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
