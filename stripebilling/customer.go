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

// maxIdempotencyKey is Stripe's limit, in bytes.
const maxIdempotencyKey = 255

// CreateCustomer creates the customer of an account. The customer's metadata names the
// account in lockstepAccount, and in clerkUserId or clerkOrgId. The idempotency key is
// required.
func (c *Client) CreateCustomer(ctx context.Context, n lockstep.NewCustomer) (lockstep.Customer, error) {
	const op = "create customer"
	if n.IdempotencyKey == "" || len(n.IdempotencyKey) > maxIdempotencyKey {
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

// NameCustomer writes the account into a customer's metadata, as CreateCustomer does. It
// returns ErrNotFound if the customer is deleted.
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

// UpdateCustomer changes only the fields that are not empty. It returns ErrNotFound if the
// customer is deleted.
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

// DeleteCustomer deletes a customer, which cancels its subscriptions. Deleting it again
// succeeds; deleting an unknown customer returns ErrNotFound. Stripe answers both with a
// 404, so we read the customer to tell them apart: Stripe still describes a deleted one.
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
		err = failed(op, errors.New("the answers contradict each other: the customer is missing, and it exists"))
	}
	return err
}

// Customer returns a customer. For a deleted customer, Stripe returns only the id and
// Deleted.
func (c *Client) Customer(ctx context.Context, id string) (lockstep.Customer, error) {
	const op = "read customer"
	path, err := at(op, customers, id)
	if err != nil {
		return lockstep.Customer{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.CustomerRetrieveParams{})
	return customerOf(o), err
}

// CustomersOf returns the customers created since a time whose metadata names the account,
// newest first. It reads all customers since then instead of searching. Stripe's search
// lags by up to an hour, so it must not decide whether we create a customer.
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
	if email == "" { // Stripe would list all customers
		return nil, failed(op, errors.New("the e-mail address is empty"))
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

// createdSince returns the filter by creation time; nil, which means no filter, for the
// zero time.
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
