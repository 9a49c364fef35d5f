package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// Price returns a price by its id, even if it is inactive.
func (c *Client) Price(ctx context.Context, id string) (lockstep.Price, error) {
	const op = "read price"
	path, err := at(op, "/v1/prices", id)
	if err != nil {
		return lockstep.Price{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.PriceRetrieveParams{})
	return priceOf(o), err
}

// PriceByLookupKey returns the active price that currently has the lookup key, or
// ErrNotFound. Stripe allows only one active price per lookup key.
func (c *Client) PriceByLookupKey(ctx context.Context, key string) (lockstep.Price, error) {
	const op = "find price by lookup key"
	if key == "" {
		return lockstep.Price{}, failed(op, errors.New("the lookup key is empty"))
	}
	data, _, err := c.page(ctx, op, "/v1/prices", &stripe.PriceListParams{
		LookupKeys: stripe.StringSlice([]string{key}),
		Active:     stripe.Bool(true),
	})
	if err != nil {
		return lockstep.Price{}, err
	}
	if len(data) == 0 {
		return lockstep.Price{}, failed(op, lockstep.ErrNotFound)
	}
	price := priceOf(data[0])
	if price.ID == "" {
		return lockstep.Price{}, failed(op, errors.New("the price has no id"))
	}
	return price, nil
}

func priceOf(o upstream.Object) lockstep.Price {
	recurring := o.Object("recurring")
	return lockstep.Price{ID: o.Text("id"), LookupKey: o.Text("lookup_key"), ProductID: reference(o, "product"),
		Active:    o.Flag("active"),
		Recurring: recurring != nil, Metered: recurring.Text("usage_type") == "metered"}
}

// PricesOf returns the active prices of a product, newest first.
func (c *Client) PricesOf(ctx context.Context, productID string) ([]lockstep.Price, error) {
	const op = "list prices of product"
	if productID == "" { // Stripe would list all prices
		return nil, failed(op, errors.New("the product id is empty"))
	}
	var list []lockstep.Price
	err := c.all(ctx, op, "/v1/prices", &stripe.PriceListParams{Product: stripe.String(productID),
		Active: stripe.Bool(true)}, "",
		func(o upstream.Object) { list = append(list, priceOf(o)) })
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Product returns the name and plan of a product. They name a plan if neither the catalog
// nor the price does.
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
	return lockstep.Product{ID: o.Text("id"), Name: upstream.Printed(o.Text("name")),
		Plan: upstream.Printed(o.Object("metadata").Text("plan"))}
}

// ListPrices implements [lockstep.PriceLister].
func (c *Client) ListPrices(ctx context.Context, active bool, pages int) (list []lockstep.ListedPrice, more bool,
	err error) {
	params := &stripe.PriceListParams{Active: stripe.Bool(active), Expand: stripe.StringSlice([]string{"data.product"})}
	for range pages {
		var data []upstream.Object
		if data, more, err = c.page(ctx, "list prices", "/v1/prices", params); err != nil {
			return nil, false, err
		}
		for _, o := range data {
			list = append(list, listedPriceOf(o))
		}
		if !more || len(data) == 0 {
			return list, false, nil
		}
		params.StartingAfter = stripe.String(list[len(list)-1].ID)
	}
	return list, true, nil
}

func listedPriceOf(o upstream.Object) lockstep.ListedPrice {
	product, recurring := productOf(o.Object("product")), o.Object("recurring")
	p := lockstep.ListedPrice{Price: priceOf(o), Nickname: upstream.Printed(o.Text("nickname")), ProductName: product.Name,
		ProductPlan: product.Plan, Currency: o.Text("currency"), Interval: recurring.Text("interval"),
		IntervalCount: recurring.Number("interval_count")}
	if raw := o.Raw("unit_amount"); len(raw) > 0 && string(raw) != "null" {
		amount := o.Number("unit_amount")
		p.Amount = &amount
	}
	return p
}
