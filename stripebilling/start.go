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

// validate checks a request before any call to Stripe.
func validate(r lockstep.CheckoutRequest) error {
	switch {
	case r.Account.IsZero() || r.CustomerID == "" || r.SuccessURL == "" || r.Price.ID == "":
		return fmt.Errorf("%w: a checkout needs an account, its customer, a price and a success URL", lockstep.ErrInvalid)
	case r.Quantity < 0 || r.TrialDays < 0:
		return fmt.Errorf("%w: quantity and trial_days must not be negative", lockstep.ErrInvalid)
	case !r.Price.Recurring && r.TrialDays > 0:
		return fmt.Errorf("%w: a one-time payment has no trial", lockstep.ErrInvalid)
	case len(r.IdempotencyKey) > maxIdempotencyKey:
		return fmt.Errorf("%w: the idempotency key is longer than %d characters", lockstep.ErrInvalid, maxIdempotencyKey)
	}
	return nil
}

// StartCheckout creates a session, of mode subscription for a recurring price and of mode
// payment otherwise. The session names the account in client_reference_id and metadata.
// Stripe does not copy a session's metadata, so we also set it on the subscription or the
// payment. For an organization, clerkOrgId names the organization and clerkUserId the user
// who pays.
//
// The settings of the Stripe account choose the payment methods. Newer API versions no
// longer have the parameter for them.
//
// It returns a [lockstep.ErrInvalid] or a [*lockstep.UpstreamError]. ErrNotFound means that
// the customer does not exist.
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
	addTrial(params, r)
	return params
}

// addTrial adds the trial of the request, if it has one. A trial without a card ends the
// subscription, unless the customer adds a card.
func addTrial(params *stripe.CheckoutSessionCreateParams, r lockstep.CheckoutRequest) {
	if r.TrialDays <= 0 {
		return
	}
	params.SubscriptionData.TrialPeriodDays = stripe.Int64(r.TrialDays)
	if r.TrialWithoutCard {
		params.PaymentMethodCollection = stripe.String("if_required")
		params.SubscriptionData.TrialSettings = &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsParams{
			EndBehavior: &stripe.CheckoutSessionCreateSubscriptionDataTrialSettingsEndBehaviorParams{
				MissingPaymentMethod: stripe.String("cancel")}}
	}
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

// StartPortal creates a session of Stripe's customer portal and returns its URL, which
// expires soon. A flow opens one action and returns to the app when it is done.
func (c *Client) StartPortal(ctx context.Context, r lockstep.PortalRequest) (string, error) {
	const op = "create portal session"
	if r.CustomerID == "" {
		return "", failed(op, errors.New("the customer id is empty"))
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
