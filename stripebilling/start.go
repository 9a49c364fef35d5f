package stripebilling

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/stripe/stripe-go/v86"
)

// validate reports what is wrong with a request before Stripe is asked anything.
func validate(r lockstep.CheckoutRequest) error {
	switch {
	case r.Account.IsZero() || r.CustomerID == "" || r.SuccessURL == "" || r.Price.ID == "":
		return fmt.Errorf("%w: a checkout needs an account, its customer, a price and a success URL", lockstep.ErrInvalid)
	case r.Quantity < 0 || r.TrialDays < 0:
		return fmt.Errorf("%w: a quantity or a trial is never negative", lockstep.ErrInvalid)
	case !r.Price.Recurring && r.TrialDays > 0:
		return fmt.Errorf("%w: a one-time payment has no trial", lockstep.ErrInvalid)
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
// The error is a [lockstep.ErrInvalid], or a [*lockstep.UpstreamError], whose
// ErrNotFound is the customer's.
func (c *Client) StartCheckout(ctx context.Context, r lockstep.CheckoutRequest) (lockstep.Checkout, error) {
	const op = "create checkout session"
	if err := validate(r); err != nil {
		return lockstep.Checkout{}, err
	}
	o, err := c.one(ctx, op, http.MethodPost, checkoutSessions, checkoutParams(r))
	if err != nil {
		return lockstep.Checkout{}, err
	}
	session := checkoutOf(o)
	if session.URL == "" {
		return lockstep.Checkout{}, failed(op, errors.New("the session has no URL"))
	}
	return session, nil
}

func checkoutParams(r lockstep.CheckoutRequest) *stripe.CheckoutSessionCreateParams {
	naming := lockstep.NamingMetadata(r.Account, r.PaidBy)
	metadata := maps.Clone(naming)
	if r.Fingerprint != "" {
		metadata[lockstep.CheckoutMetadata] = r.Fingerprint
	}
	item := &stripe.CheckoutSessionCreateLineItemParams{Price: stripe.String(r.Price.ID)}
	if !r.Price.Metered {
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
	if !r.Price.Recurring {
		params.PaymentIntentData = &stripe.CheckoutSessionCreatePaymentIntentDataParams{Metadata: naming}
		return params
	}
	params.Mode = stripe.String("subscription")
	params.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{Metadata: naming}
	if r.TrialDays > 0 {
		params.SubscriptionData.TrialPeriodDays = stripe.Int64(r.TrialDays)
		if r.TrialWithoutCard {
			params.PaymentMethodCollection = stripe.String("if_required")
			params.SubscriptionData.TrialSettings = &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsParams{
				EndBehavior: &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsEndBehaviorParams{
					MissingPaymentMethod: stripe.String("cancel")}}
		}
	}
	return params
}

// CloseCheckout implements [lockstep.CheckoutService].
func (c *Client) CloseCheckout(ctx context.Context, id string) error {
	const op = "expire checkout session"
	path, err := at(op, checkoutSessions, id)
	if err != nil {
		return err
	}
	_, err = c.one(ctx, op, http.MethodPost, path+"/expire", &stripe.CheckoutSessionExpireParams{})
	return err
}

// StartPortal creates a page of Stripe's on which a customer can change and
// cancel what it pays for. It is valid for a short time only. A flow leads straight
// to its action, and back when it is done.
func (c *Client) StartPortal(ctx context.Context, r lockstep.PortalRequest) (string, error) {
	const op = "create portal session"
	if r.CustomerID == "" {
		return "", failed(op, errors.New("there is no customer to create it for"))
	}
	params := &stripe.BillingPortalSessionCreateParams{
		Customer:      stripe.String(r.CustomerID),
		ReturnURL:     optional(r.ReturnURL),
		Configuration: optional(r.Configuration),
		FlowData:      flowOf(r),
	}
	o, err := c.one(ctx, op, http.MethodPost, "/v1/billing_portal/sessions", params)
	if err != nil {
		return "", err
	}
	if o.Text("url") == "" {
		return "", failed(op, errors.New("the session has no URL"))
	}
	return o.Text("url"), nil
}

func flowOf(r lockstep.PortalRequest) *stripe.BillingPortalSessionCreateFlowDataParams {
	if r.Flow == "" {
		return nil
	}
	flow := &stripe.BillingPortalSessionCreateFlowDataParams{Type: stripe.String(string(r.Flow))}
	if r.ReturnURL != "" {
		flow.AfterCompletion = &stripe.BillingPortalSessionCreateFlowDataAfterCompletionParams{
			Type: stripe.String("redirect"),
			Redirect: &stripe.BillingPortalSessionCreateFlowDataAfterCompletionRedirectParams{
				ReturnURL: stripe.String(r.ReturnURL)},
		}
	}
	switch r.Flow {
	case lockstep.PortalCancel:
		flow.SubscriptionCancel = &stripe.BillingPortalSessionCreateFlowDataSubscriptionCancelParams{
			Subscription: stripe.String(r.SubscriptionID)}
	case lockstep.PortalUpdate:
		flow.SubscriptionUpdate = &stripe.BillingPortalSessionCreateFlowDataSubscriptionUpdateParams{
			Subscription: stripe.String(r.SubscriptionID)}
	case lockstep.PortalPaymentMethod:
	}
	return flow
}
