package stripebilling

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

const customers = "/v1/customers"

// longestIdempotencyKey is Stripe's limit, in bytes.
const longestIdempotencyKey = 255

// CreateCustomer creates the customer of an account, which its metadata names:
// lockstepAccount, and clerkUserId or clerkOrgId. The idempotency key is needed.
func (c *Client) CreateCustomer(ctx context.Context, n lockstep.NewCustomer) (lockstep.Customer, error) {
	const op = "create customer"
	if n.IdempotencyKey == "" || len(n.IdempotencyKey) > longestIdempotencyKey {
		return lockstep.Customer{}, failed(op, errors.New("the idempotency key is empty or too long"))
	}
	metadata := lockstep.NamingMetadata(n.Account, "")
	metadata[lockstep.AccountMetadata] = n.Account.String()
	o, err := c.one(ctx, op, http.MethodPost, customers, &stripe.CustomerCreateParams{
		Params:   stripe.Params{IdempotencyKey: stripe.String(n.IdempotencyKey)},
		Email:    optional(n.Email),
		Name:     optional(n.Name),
		Metadata: metadata,
	})
	return customerOf(o), err
}

// NameCustomer has the customer's metadata name an account, as CreateCustomer does.
// ErrNotFound when the customer is deleted.
func (c *Client) NameCustomer(ctx context.Context, id string, account lockstep.Account) error {
	const op = "name account of customer"
	path, err := at(op, customers, id)
	if err != nil {
		return err
	}
	metadata := lockstep.NamingMetadata(account, "")
	metadata[lockstep.AccountMetadata] = account.String()
	_, err = c.one(ctx, op, http.MethodPost, path, &stripe.CustomerUpdateParams{Metadata: metadata})
	return err
}

// UpdateCustomer sends the fields that are not empty, and no others.
// ErrNotFound when the customer is deleted.
func (c *Client) UpdateCustomer(ctx context.Context, id string, change lockstep.CustomerDetails) error {
	const op = "update customer"
	path, err := at(op, customers, id)
	if err != nil {
		return err
	}
	_, err = c.one(ctx, op, http.MethodPost, path, &stripe.CustomerUpdateParams{
		Email: optional(change.Email),
		Name:  optional(change.Name),
	})
	return err
}

// DeleteCustomer deletes a customer, which cancels its subscriptions. Stripe
// answers the second deletion and that of a customer that never was alike; asking
// for the customer tells them apart: only the deleted one is still described.
func (c *Client) DeleteCustomer(ctx context.Context, id string) error {
	const op = "delete customer"
	path, err := at(op, customers, id)
	if err != nil {
		return err
	}
	_, err = c.one(ctx, op, http.MethodDelete, path, &stripe.CustomerDeleteParams{})
	if !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	customer, err := c.Customer(ctx, id)
	if err == nil && !customer.Deleted {
		err = failed(op, errors.New("it is said that the customer is missing, and that it is there"))
	}
	return err
}

// Customer returns a customer, also a deleted one: of that Stripe tells no more
// than that.
func (c *Client) Customer(ctx context.Context, id string) (lockstep.Customer, error) {
	const op = "read customer"
	path, err := at(op, customers, id)
	if err != nil {
		return lockstep.Customer{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.CustomerRetrieveParams{})
	return customerOf(o), err
}

// CustomersOf returns the customers created since whose metadata names the
// account, newest first. It reads all customers created since: Stripe's search
// lags behind by up to an hour, and must not decide whether to create one.
func (c *Client) CustomersOf(ctx context.Context, account lockstep.Account,
	since time.Time) ([]lockstep.Customer, error) {
	var found []lockstep.Customer
	params := &stripe.CustomerListParams{CreatedRange: createdSince(since)}
	err := c.all(ctx, "list customers", customers, params, "", func(o upstream.Object) {
		customer := customerOf(o)
		if named, _ := lockstep.AccountNamedIn(customer.Metadata); named == account {
			found = append(found, customer)
		}
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// CustomersByEmail implements [lockstep.Billing].
func (c *Client) CustomersByEmail(ctx context.Context, email string) ([]lockstep.Customer, error) {
	const op = "list customers by address"
	if email == "" { // Stripe would list everybody
		return nil, failed(op, errors.New("there is no address to list them for"))
	}
	var found []lockstep.Customer
	err := c.all(ctx, op, customers, &stripe.CustomerListParams{Email: stripe.String(email)}, "", func(o upstream.Object) {
		if customer := customerOf(o); customer.Email == email {
			found = append(found, customer)
		}
	})
	return found, err
}

func customerOf(o upstream.Object) lockstep.Customer {
	return lockstep.Customer{
		ID:       o.Text("id"),
		Email:    o.Text("email"),
		Name:     o.Text("name"),
		Metadata: metadataOf(o),
		Deleted:  o.Flag("deleted"),

		CreatedAt: timeOf(o, "created"),
	}
}

// createdSince is the filter of lists; nil, which is none, for the zero time.
func createdSince(t time.Time) *stripe.RangeQueryParams {
	if t.IsZero() {
		return nil
	}
	return &stripe.RangeQueryParams{GreaterThanOrEqual: t.Unix()}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
