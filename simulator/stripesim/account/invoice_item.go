package account

import (
	"fmt"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ShowInvoiceItem shows an invoice item.
func (s *Account) ShowInvoiceItem(item *state.InvoiceItem) api.Object {
	var parent any
	if item.Subscription != "" {
		parent = api.Object{"type": "subscription_details",
			"subscription_details": api.Object{"subscription": item.Subscription,
				"subscription_item": api.OrNull(item.Item)}}
		if item.Item == "" {
			delete(parent.(api.Object)["subscription_details"].(api.Object), "subscription_item")
		}
	}
	shown := api.Object{"id": item.ID, "object": "invoiceitem", "amount": item.Amount, "currency": item.Currency,
		"customer": item.Customer, "customer_account": nil, "date": item.Created.Unix(),
		"description": api.OrNull(item.Description), "discountable": item.Discountable && !item.Proration,
		"discounts": api.IDs(item.Discounts), "invoice": api.OrNull(item.Invoice), "livemode": false,
		"metadata": api.Shown(item.Metadata), "net_amount": s.netAmount(item), "parent": parent,
		"period":  api.Object{"start": item.PeriodStart.Unix(), "end": item.PeriodEnd.Unix()},
		"pricing": s.showPricing(item.Price), "proration": item.Proration, "quantity": item.Quantity,
		"quantity_decimal": fmt.Sprint(item.Quantity), "tax_rates": []any{}, "test_clock": s.clockName(item.Customer)}
	return shown
}

// showPricing shows the price of a line; null for an amount without a price.
func (s *Account) showPricing(id string) any {
	price := s.State.Prices.Get(id)
	if price == nil {
		return nil
	}
	return api.Object{"type": "price_details", "price_details": api.Object{"price": price.ID, "product": price.Product},
		"unit_amount_decimal": fmt.Sprint(price.Amount)}
}

// PaymentStatus returns the status of an invoice payment: open, paid or
// canceled.
func (s *Account) PaymentStatus(p *state.InvoicePayment) string {
	invoice := s.State.Invoices.Get(p.Invoice)
	switch {
	case !p.CanceledAt.IsZero():
		return "canceled"
	case invoice.Status == "paid" && !invoice.PaidOutOfBand && invoice.PaymentID == p.ID:
		return "paid"
	}
	return "open"
}

// ShowInvoicePayment shows an invoice payment.
func (s *Account) ShowInvoicePayment(p *state.InvoicePayment) api.Object {
	invoice := s.State.Invoices.Get(p.Invoice)
	var amount, paidAt any
	status := s.PaymentStatus(p)
	if status == "paid" {
		amount, paidAt = invoice.Due, api.Unix(invoice.PaidAt)
	}
	return api.Object{"id": p.ID, "object": "invoice_payment", "amount_paid": amount, "amount_requested": invoice.Due,
		"created": p.Created.Unix(), "currency": invoice.Currency, "invoice": p.Invoice,
		"is_default": invoice.PaymentID == p.ID, "livemode": false,
		"payment": api.Object{"payment_intent": p.PaymentIntent, "type": "payment_intent"}, "status": status,
		"status_transitions": api.Object{"canceled_at": api.Unix(p.CanceledAt), "paid_at": paidAt}}
}

// InvoicePayments shows the payments of an invoice when they are expanded.
func (s *Account) InvoicePayments(id string) any {
	var data []any
	for _, payment := range s.State.InvoicePayments.Of(id) {
		data = append(data, s.ShowInvoicePayment(payment))
	}
	return api.List("/v1/invoice_payments?invoice="+id, data, false)
}
