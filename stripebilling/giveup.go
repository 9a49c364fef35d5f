package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// GiveUp implements [lockstep.CheckoutService]. It voids the invoice before it cancels the
// subscription, because canceling leaves the invoice open, and the buyer could still pay it
// on its page. Stripe refuses to void a paid invoice, so a payment in between wins.
func (c *Client) GiveUp(ctx context.Context, id string) (lockstep.Subscription, error) {
	s, err := c.Subscription(ctx, id)
	if err != nil || s.Status != "incomplete" {
		return s, err
	}
	if s.InvoiceID != "" {
		if err := c.voidUnpaid(ctx, s.InvoiceID); err != nil {
			return s, err
		}
	}
	if s, err = c.Subscription(ctx, id); err != nil || s.Status != "incomplete" {
		return s, err // paid since, or ended together with its invoice
	}
	if err := c.CancelSubscription(ctx, id); err != nil {
		return s, err
	}
	return c.Subscription(ctx, id)
}

// voidUnpaid voids an open invoice. It returns ErrBusy while a payment for the invoice is
// processing, because nobody can stop that payment.
func (c *Client) voidUnpaid(ctx context.Context, id string) error {
	const op = "void invoice"
	path, err := at(op, "/v1/invoices", id)
	if err != nil {
		return err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.InvoiceRetrieveParams{
		Expand: stripe.StringSlice([]string{"payments.data.payment.payment_intent"})})
	if err != nil {
		return err
	}
	if o.Text("status") != "open" {
		return nil
	}
	if err := checkPayments(op, o.Object("payments")); err != nil {
		return err
	}
	_, err = c.one(ctx, op, http.MethodPost, path+"/void", &stripe.InvoiceVoidInvoiceParams{})
	var refused *lockstep.UpstreamError
	if errors.As(err, &refused) && refused.Rejected() {
		return nil // paid or closed since; the subscription will tell which
	}
	return err
}

// checkPayments returns ErrBusy if a payment of an invoice may still succeed by itself.
func checkPayments(op string, payments upstream.Object) error {
	data, ok := payments.Objects("data")
	if !ok || payments.Flag("has_more") {
		return failed(op, errors.New("the answer lacks payments of the invoice"))
	}
	for _, payment := range data {
		if payment.Text("status") == "canceled" {
			continue
		}
		switch payment.Object("payment").Object("payment_intent").Text("status") {
		case "requires_payment_method", "requires_confirmation", "requires_action", "canceled":
		default: // processing, succeeded, requires_capture, or a status that we do not know
			return lockstep.ErrBusy
		}
	}
	return nil
}
