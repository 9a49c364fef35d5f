package stripebilling

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/stripe/stripe-go/v86"
)

// validate reports what is wrong with a request before Stripe is asked anything.
func validate(r lockstep.CheckoutRequest) error {
	switch {
	case r.Account.IsZero() || r.CustomerID == "" || r.SuccessURL == "":
		return fmt.Errorf("%w: a checkout needs an account, its customer and a success URL", lockstep.ErrInvalid)
	case (r.PriceID == "") == (r.LookupKey == ""):
		return fmt.Errorf("%w: a checkout needs either a price or a lookup key", lockstep.ErrInvalid)
	case r.Quantity < 0 || r.TrialDays < 0:
		return fmt.Errorf("%w: a quantity or a trial is never negative", lockstep.ErrInvalid)
	case len(r.IdempotencyKey) > longestIdempotencyKey:
		return fmt.Errorf("%w: the idempotency key is longer than %d characters", lockstep.ErrInvalid, longestIdempotencyKey)
	}
	return nil
}

// StartCheckout creates a session: of mode subscription where the price recurs,
// else of mode payment. The session names the account by client_reference_id and
// metadata; since Stripe does not copy a session's metadata, so does what comes
// of it, the subscription or the payment. For an organization the metadata holds
// clerkOrgId, and clerkUserId is who pays.
//
// Payment methods are left to the settings of the Stripe account: the parameter
// that names them is gone from newer API versions.
//
// The error is a [lockstep.ErrInvalid], or a [*lockstep.UpstreamError]: of
// the operations "read price" and "find price by lookup key", ErrNotFound is the
// price's; of "create checkout session", it is the customer's.
func (c *Client) StartCheckout(ctx context.Context, r lockstep.CheckoutRequest) (lockstep.CheckoutSession, error) {
	const op = "create checkout session"
	if err := validate(r); err != nil {
		return lockstep.CheckoutSession{}, err
	}
	price, err := c.priceToBuy(ctx, r)
	if err != nil {
		return lockstep.CheckoutSession{}, err
	}
	if !price.Recurring && r.TrialDays > 0 {
		return lockstep.CheckoutSession{}, fmt.Errorf("%w: a one-time payment has no trial", lockstep.ErrInvalid)
	}
	o, err := c.one(ctx, op, http.MethodPost, checkoutSessions, checkoutParams(r, price))
	if err != nil {
		return lockstep.CheckoutSession{}, err
	}
	session := lockstep.CheckoutSession{ID: o.Text("id"), URL: o.Text("url"), ExpiresAt: timeOf(o, "expires_at")}
	if session.URL == "" {
		return lockstep.CheckoutSession{}, failed(op, errors.New("the session has no URL"))
	}
	return session, nil
}

func (c *Client) priceToBuy(ctx context.Context, r lockstep.CheckoutRequest) (Price, error) {
	if r.PriceID != "" {
		return c.Price(ctx, r.PriceID)
	}
	return c.PriceByLookupKey(ctx, r.LookupKey)
}

func checkoutParams(r lockstep.CheckoutRequest, price Price) *stripe.CheckoutSessionCreateParams {
	metadata := lockstep.NamingMetadata(r.Account, r.PaidBy)
	item := &stripe.CheckoutSessionCreateLineItemParams{Price: stripe.String(price.ID)}
	if !price.Metered {
		item.Quantity = stripe.Int64(max(r.Quantity, 1))
	}
	params := &stripe.CheckoutSessionCreateParams{
		Params:            stripe.Params{IdempotencyKey: optional(r.IdempotencyKey)},
		Mode:              stripe.String("payment"),
		Customer:          stripe.String(r.CustomerID),
		ClientReferenceID: stripe.String(r.Account.Reference()),
		LineItems:         []*stripe.CheckoutSessionCreateLineItemParams{item},
		SuccessURL:        stripe.String(r.SuccessURL),
		CancelURL:         optional(r.CancelURL),
		Metadata:          metadata,
	}
	if !price.Recurring {
		params.PaymentIntentData = &stripe.CheckoutSessionCreatePaymentIntentDataParams{Metadata: metadata}
		return params
	}
	params.Mode = stripe.String("subscription")
	params.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{Metadata: metadata}
	if r.TrialDays > 0 {
		params.SubscriptionData.TrialPeriodDays = stripe.Int64(r.TrialDays)
	}
	return params
}

// StartPortal creates a page of Stripe's on which a customer can change and
// cancel what it pays for. It is valid for a short time only.
func (c *Client) StartPortal(ctx context.Context, customerID, returnURL string) (string, error) {
	const op = "create portal session"
	if customerID == "" {
		return "", failed(op, errors.New("there is no customer to create it for"))
	}
	o, err := c.one(ctx, op, http.MethodPost, "/v1/billing_portal/sessions", &stripe.BillingPortalSessionCreateParams{
		Customer:  stripe.String(customerID),
		ReturnURL: optional(returnURL),
	})
	if err != nil {
		return "", err
	}
	if o.Text("url") == "" {
		return "", failed(op, errors.New("the session has no URL"))
	}
	return o.Text("url"), nil
}
