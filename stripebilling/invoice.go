package stripebilling

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

const invoices = "/v1/invoices"

// Invoice returns an invoice with the state of its payments, in one request.
func (c *Client) Invoice(ctx context.Context, id string) (lockstep.Invoice, error) {
	const op = "read invoice"
	path, err := at(op, invoices, id)
	if err != nil {
		return lockstep.Invoice{}, err
	}
	o, err := c.one(ctx, op, http.MethodGet, path, &stripe.InvoiceRetrieveParams{
		Expand: stripe.StringSlice([]string{"payments.data.payment.payment_intent"})})
	if err != nil {
		return lockstep.Invoice{}, err
	}
	invoice := invoiceOf(o)
	payments, _ := o.Object("payments").Objects("data")
	for _, payment := range payments {
		intent := payment.Object("payment").Object("payment_intent")
		if invoice.Open && intent.Text("status") == "requires_action" {
			invoice.NeedsAction = true
		}
	}
	return invoice, nil
}

// NextInvoice implements [lockstep.Invoices]. The preview stores nothing at Stripe.
func (c *Client) NextInvoice(ctx context.Context, subscriptionID string) (lockstep.Invoice, error) {
	const op = "preview the next invoice"
	if subscriptionID == "" {
		return lockstep.Invoice{}, failed(op, errors.New("there is no subscription to preview it for"))
	}
	o, err := c.call(ctx, op, http.MethodPost, invoices+"/create_preview",
		&stripe.InvoiceCreatePreviewParams{Subscription: stripe.String(subscriptionID)})
	var refused *lockstep.UpstreamError
	if errors.As(err, &refused) && refused.Code == "invoice_upcoming_none" {
		return lockstep.Invoice{}, failed(op, lockstep.ErrNotFound)
	}
	if err != nil {
		return lockstep.Invoice{}, err
	}
	preview := invoiceOf(o)
	preview.ID = "" // it stands for nothing that could be read again
	return preview, nil
}

func invoiceOf(o upstream.Object) lockstep.Invoice {
	return lockstep.Invoice{ID: o.Text("id"), URL: o.Text("hosted_invoice_url"), Amount: o.Number("amount_due"),
		Currency: o.Text("currency"), Open: o.Text("status") == "open"}
}

// Refunds returns the refunds of a payment intent that succeeded or are pending, newest first.
func (c *Client) Refunds(ctx context.Context, paymentID string) ([]lockstep.Refund, error) {
	const op = "list refunds"
	if paymentID == "" { // Stripe would list the refunds of every payment
		return nil, failed(op, errors.New("there is no payment to list them for"))
	}
	var refunds []lockstep.Refund
	err := c.all(ctx, op, "/v1/refunds", &stripe.RefundListParams{PaymentIntent: stripe.String(paymentID),
		Expand: stripe.StringSlice([]string{"data.charge"})}, "", func(o upstream.Object) {
		if status := o.Text("status"); status != "succeeded" && status != "pending" {
			return // failed, canceled, or waiting for the customer
		}
		charge := o.Object("charge")
		refunds = append(refunds, lockstep.Refund{ID: o.Text("id"), CustomerID: reference(charge, "customer"),
			Amount: o.Number("amount"), Currency: o.Text("currency"), PaymentAmount: charge.Number("amount"),
			ReceiptURL: charge.Text("receipt_url"), CreatedAt: timeOf(o, "created")})
	})
	if err != nil {
		return nil, err
	}
	return refunds, nil
}
