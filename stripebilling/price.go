package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// Price is what can be bought.
type Price struct {
	ID        string
	Recurring bool // a subscription; else a one-time payment
	Metered   bool // billed by use, so that it has no quantity
}

// Price returns a price by its id, also an inactive one.
func (c *Client) Price(ctx context.Context, id string) (Price, error) {
	const op = "read price"
	path, err := at(op, "/v1/prices", id)
	if err != nil {
		return Price{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.PriceRetrieveParams{})
	return priceOf(o), err
}

// PriceByLookupKey returns the active price that has the lookup key now, or
// ErrNotFound. Stripe sees to it that no two active prices share one.
func (c *Client) PriceByLookupKey(ctx context.Context, key string) (Price, error) {
	const op = "find price by lookup key"
	if key == "" {
		return Price{}, failed(op, errors.New("the lookup key is empty"))
	}
	data, _, err := c.page(ctx, op, "/v1/prices", &stripe.PriceListParams{
		LookupKeys: stripe.StringSlice([]string{key}),
		Active:     stripe.Bool(true),
	})
	if err != nil {
		return Price{}, err
	}
	if len(data) == 0 {
		return Price{}, failed(op, lockstep.ErrNotFound)
	}
	price := priceOf(upstream.Decode(data[0]))
	if price.ID == "" {
		return Price{}, failed(op, errors.New("the price has no id"))
	}
	return price, nil
}

func priceOf(o upstream.Object) Price {
	recurring := o.Object("recurring")
	return Price{ID: o.Text("id"), Recurring: recurring != nil, Metered: recurring.Text("usage_type") == "metered"}
}

// Product returns what names a plan where nothing nearer does.
func (c *Client) Product(ctx context.Context, id string) (lockstep.Product, error) {
	const op = "read product"
	path, err := at(op, "/v1/products", id)
	if err != nil {
		return lockstep.Product{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.ProductRetrieveParams{})
	return productOf(o), err
}

func productOf(o upstream.Object) lockstep.Product {
	return lockstep.Product{ID: o.Text("id"), Name: o.Text("name"), Plan: o.Object("metadata").Text("plan")}
}
