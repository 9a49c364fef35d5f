package stripebilling

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

const checkoutSessions = "/v1/checkout/sessions"

// Checkout returns a session with its items and the state of its payment. It makes one
// request, and another one if the charge was disputed.
func (c *Client) Checkout(ctx context.Context, id string) (lockstep.Checkout, error) {
	const op = "read checkout session"
	path, err := at(op, checkoutSessions, id)
	if err != nil {
		return lockstep.Checkout{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.CheckoutSessionRetrieveParams{
		Expand: stripe.StringSlice([]string{"line_items", "payment_intent.latest_charge"}),
	})
	if err != nil {
		return lockstep.Checkout{}, err
	}
	checkout := checkoutOf(o)
	checkout.Items, err = c.items(ctx, op, o.Object("line_items"), func() (string, stripe.ListParamsContainer) {
		return path + "/line_items", &stripe.CheckoutSessionListLineItemsParams{}
	})
	if err != nil {
		return lockstep.Checkout{}, err
	}
	if checkout.PaymentID == "" {
		return checkout, nil
	}
	return c.withPayment(ctx, op, checkout, o.Object("payment_intent"))
}

// withPayment returns the checkout with the state of its payment.
func (c *Client) withPayment(ctx context.Context, op string, checkout lockstep.Checkout,
	payment upstream.Object) (lockstep.Checkout, error) {
	charge := payment.Object("latest_charge")
	if payment == nil || charge == nil && payment.Text("latest_charge") != "" {
		// Without the charge, we would miss a refund.
		return lockstep.Checkout{}, failed(op, errors.New("the answer lacks the payment or its charge"))
	}
	status := payment.Text("status")
	checkout.PaymentFailed = status == "requires_payment_method" || status == "canceled"
	checkout.Refunded, checkout.RefundedAmount = charge.Flag("refunded"), charge.Number("amount_refunded")
	checkout.PaidAt, checkout.ReceiptURL = timeOf(charge, "created"), charge.Text("receipt_url")
	var err error
	if charge.Flag("disputed") {
		checkout.Disputed, err = c.disputed(ctx, charge.Text("id"))
	}
	return checkout, err
}

// disputed reports whether a dispute of a charge is open or lost. The charge alone cannot
// tell, because Stripe keeps it marked as disputed even after a won dispute. An inquiry
// (warning_…) takes no money and does not count. An unknown status counts as open, and so
// does a missing dispute.
func (c *Client) disputed(ctx context.Context, chargeID string) (bool, error) {
	const op = "list disputes"
	if chargeID == "" {
		return false, failed(op, errors.New("the charge has no id"))
	}
	open, settled := false, false
	err := c.all(ctx, op, "/v1/disputes", &stripe.DisputeListParams{Charge: stripe.String(chargeID)}, "",
		func(o upstream.Object) {
			switch o.Text("status") {
			case "won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed":
				settled = true
			default:
				open = true
			}
		})
	return open || !settled, err
}

// Checkouts returns a customer's sessions, newest first, without their items and without
// the state of their payments.
func (c *Client) Checkouts(ctx context.Context, customerID string) ([]lockstep.Checkout, error) {
	const op = "list checkout sessions"
	if customerID == "" { // Stripe would list the sessions of all customers
		return nil, failed(op, errors.New("the customer id is empty"))
	}
	var list []lockstep.Checkout
	err := c.all(ctx, op, checkoutSessions, &stripe.CheckoutSessionListParams{Customer: stripe.String(customerID)}, "",
		func(o upstream.Object) { list = append(list, checkoutOf(o)) })
	if err != nil {
		return nil, err
	}
	return list, nil
}

// CheckoutsSince returns a page of up to 100 sessions of all customers and guests, created
// since a time, newest first, without their items. next is the cursor of the next page,
// and empty at the end.
func (c *Client) CheckoutsSince(ctx context.Context, since time.Time,
	cursor string) (list []lockstep.Checkout, next string, err error) {
	const op = "list checkout sessions"
	params := &stripe.CheckoutSessionListParams{CreatedRange: createdSince(since)}
	params.StartingAfter = optional(cursor)
	data, more, err := c.page(ctx, op, checkoutSessions, params)
	if err != nil {
		return nil, "", err
	}
	for _, o := range data {
		list = append(list, checkoutOf(o))
	}
	if !more {
		return list, "", nil
	}
	if len(list) == 0 || list[len(list)-1].ID == cursor {
		return nil, "", failed(op, errors.New("the list has more objects, but no cursor"))
	}
	return list, list[len(list)-1].ID, nil
}

// CheckoutOfPayment returns the session of a payment intent, without its items and without
// the state of its payment. It returns ErrNotFound if no session made the payment.
func (c *Client) CheckoutOfPayment(ctx context.Context, paymentID string) (lockstep.Checkout, error) {
	const op = "find checkout session of payment"
	if paymentID == "" {
		return lockstep.Checkout{}, failed(op, errors.New("the payment id is empty"))
	}
	data, _, err := c.page(ctx, op, checkoutSessions,
		&stripe.CheckoutSessionListParams{PaymentIntent: stripe.String(paymentID)})
	if err != nil {
		return lockstep.Checkout{}, err
	}
	if len(data) == 0 {
		return lockstep.Checkout{}, failed(op, lockstep.ErrNotFound)
	}
	return checkoutOf(data[0]), nil
}

func checkoutOf(o upstream.Object) lockstep.Checkout {
	return lockstep.Checkout{
		ID:             o.Text("id"),
		Mode:           o.Text("mode"),
		Status:         o.Text("status"),
		PaymentStatus:  o.Text("payment_status"),
		CustomerID:     reference(o, "customer"),
		Reference:      o.Text("client_reference_id"),
		Metadata:       metadataOf(o),
		PaymentID:      reference(o, "payment_intent"),
		SubscriptionID: reference(o, "subscription"),
		Amount:         o.Number("amount_total"),
		Currency:       o.Text("currency"),
		CreatedAt:      timeOf(o, "created"),
		URL:            o.Text("url"),
		ExpiresAt:      timeOf(o, "expires_at"),
	}
}

// BuyerEmail returns the e-mail address that the buyer entered at the checkout of a session
// or a subscription; "" if there was no checkout or no address. It makes one request.
func (c *Client) BuyerEmail(ctx context.Context, objectID string) (string, error) {
	const op = "read the buyer's address"
	if !strings.HasPrefix(objectID, "sub_") {
		path, err := at(op, checkoutSessions, objectID)
		if err != nil {
			return "", err
		}
		o, err := c.one(ctx, op, http.MethodGet, path, &stripe.CheckoutSessionRetrieveParams{})
		if err != nil {
			return "", err
		}
		return o.Object("customer_details").Text("email"), nil
	}
	data, _, err := c.page(ctx, op, checkoutSessions,
		&stripe.CheckoutSessionListParams{Subscription: stripe.String(objectID)})
	if err != nil || len(data) == 0 {
		return "", err
	}
	return data[0].Object("customer_details").Text("email"), nil
}
