package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/stripe/stripe-go/v86"
)

// Used implements [lockstep.Billing]. It makes up to three requests.
func (c *Client) Used(ctx context.Context, customerID string) (bool, error) {
	const op = "check whether a customer is used"
	if customerID == "" { // Stripe would list the objects of all customers
		return false, failed(op, errors.New("the customer id is empty"))
	}
	for _, list := range []struct {
		path   string
		params stripe.ListParamsContainer
	}{
		{subscriptions, &stripe.SubscriptionListParams{Customer: stripe.String(customerID), Status: stripe.String("all")}},
		{"/v1/charges", &stripe.ChargeListParams{Customer: stripe.String(customerID)}},
		{"/v1/payment_methods", &stripe.PaymentMethodListParams{Customer: stripe.String(customerID)}},
	} {
		list.params.GetListParams().Limit = stripe.Int64(1)
		answer, err := c.call(ctx, op, http.MethodGet, list.path, list.params.(stripe.ParamsContainer))
		if err != nil {
			return false, err
		}
		data, ok := answer.Array("data")
		if !ok {
			return false, failed(op, errNoList)
		}
		if len(data) > 0 {
			return true, nil
		}
	}
	return false, nil
}
