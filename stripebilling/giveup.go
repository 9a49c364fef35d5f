package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// GiveUp implements [lockstep.CheckoutService]. The invoice is voided before the subscription is
// canceled: a canceled subscription leaves its invoice open, and whoever has the page of an
// open invoice can still pay it. Stripe refuses to void one that was paid, so a payment that
// comes in between wins.
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
		return s, err // paid meanwhile, or ended with its invoice
	}
	if err := c.CancelSubscription(ctx, id); err != nil {
		return s, err
	}
	return c.Subscription(ctx, id)
}

// voidUnpaid voids an open invoice. It is ErrBusy while a payment of it is being processed:
// that one cannot be called back.
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
	payments := o.Object("payments")
	data, ok := payments.Array("data")
	if !ok || payments.Flag("has_more") {
		return failed(op, errors.New("the payments of the invoice are missing"))
	}
	for _, raw := range data {
		payment := upstream.Decode(raw)
		if payment.Text("status") == "canceled" {
			continue
		}
		switch payment.Object("payment").Object("payment_intent").Text("status") {
		case "requires_payment_method", "requires_confirmation", "requires_action", "canceled":
		default: // processing, succeeded, to be captured, or something that is new to us
			return lockstep.ErrBusy
		}
	}
	_, err = c.one(ctx, op, http.MethodPost, path+"/void", &stripe.InvoiceVoidInvoiceParams{})
	var refused *lockstep.UpstreamError
	if errors.As(err, &refused) && refused.Rejected() {
		return nil // it was paid or closed meanwhile; the subscription tells
	}
	return err
}
