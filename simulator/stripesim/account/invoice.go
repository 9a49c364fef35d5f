package account

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// hostedInvoiceURL returns the page on which a finalized invoice is read and
// paid; "" for a draft.
func (s *Account) hostedInvoiceURL(invoice *state.Invoice) string {
	if invoice.Status == "draft" {
		return ""
	}
	return s.Link("/i/" + invoice.ID)
}

// ShowInvoice shows an invoice.
func (s *Account) ShowInvoice(i *state.Invoice) api.Object {
	customer, fixed := s.State.Customers.Get(i.Customer), s.figuresOf(i)
	var dueDate any
	if i.Sent() {
		dueDate = api.Unix(i.DueDate)
	}
	shown := api.Object{"id": i.ID, "object": "invoice", "account_country": "US", "account_name": "Lockstep Simulator",
		"account_tax_ids": nil, "amount_due": fixed.due, "amount_overpaid": 0, "amount_paid": fixed.paid,
		"amount_paid_off_stripe": fixed.outside, "amount_remaining": fixed.due - fixed.paid, "amount_shipping": 0,
		"application": nil, "attempt_count": i.Attempts, "attempted": i.Attempts > 0 || i.Status == "paid",
		"auto_advance": i.AutoAdvance,
		"automatic_tax": api.Object{"disabled_reason": nil, "enabled": false, "liability": nil,
			"provider": nil, "status": nil},
		"automatically_finalizes_at": api.Unix(i.FinalizesAt), "billing_reason": i.Reason,
		"collection_method": cmp.Or(i.CollectionMethod, "charge_automatically"), "created": i.Created.Unix(),
		"currency": i.Currency, "custom_fields": nil, "customer": i.Customer, "customer_account": nil,
		"customer_address": nil, "customer_email": api.OrNull(fixed.email), "customer_name": api.OrNull(fixed.name),
		"customer_phone": api.OrNull(customer.Phone), "customer_shipping": nil, "customer_tax_exempt": "none",
		"customer_tax_ids": []any{}, "default_payment_method": api.OrNull(i.DefaultPaymentMethod), "default_source": nil,
		"default_tax_rates": []any{}, "description": api.OrNull(i.Description), "discounts": api.IDs(i.Discounts),
		"due_date": dueDate, "effective_at": api.Unix(i.FinalizedAt), "ending_balance": fixed.ending,
		"footer": api.OrNull(i.Footer), "from_invoice": nil}
	maps.Copy(shown, api.Object{
		"hosted_invoice_url": api.OrNull(s.hostedInvoiceURL(i)), "invoice_pdf": nil, "issuer": api.Object{"type": "self"},
		"last_finalization_error": nil, "latest_revision": nil, "lines": s.firstLines(i), "livemode": false,
		"metadata": api.Shown(i.Metadata), "next_payment_attempt": api.Unix(i.NextAttempt), "number": fixed.number,
		"on_behalf_of": nil, "parent": i.ShowParent(),
		"payment_settings": api.Object{"default_mandate": nil, "payment_method_options": nil, "payment_method_types": nil},
		"period_end":       i.PeriodEnd.Unix(), "period_start": i.PeriodStart.Unix(), "post_payment_credit_notes_amount": 0,
		"pre_payment_credit_notes_amount": 0, "receipt_number": nil, "rendering": nil, "shipping_cost": nil,
		"shipping_details": nil, "starting_balance": fixed.starting, "statement_descriptor": nil, "status": i.Status,
		"status_transitions": api.Object{"finalized_at": api.Unix(i.FinalizedAt),
			"marked_uncollectible_at": api.Unix(i.UncollectibleAt), "paid_at": api.Unix(i.PaidAt),
			"voided_at": api.Unix(i.VoidedAt)},
		"subtotal": i.Subtotal(), "subtotal_excluding_tax": i.Subtotal(), "test_clock": s.clockName(i.Customer),
		"total": fixed.total, "total_discount_amounts": showTaken(i.Lines...), "total_excluding_tax": fixed.total,
		"total_pretax_credit_amounts": []any{}, "total_taxes": []any{}, "webhooks_delivered_at": i.Created.Unix()})
	return shown
}

// invoiceFigures are what finalization fixes on an invoice. A draft follows its
// customer instead.
type invoiceFigures struct {
	number, ending       any // null for a draft
	total, starting, due int64
	paid, outside        int64
	email, name          string
}

func (s *Account) figuresOf(i *state.Invoice) invoiceFigures {
	figures := invoiceFigures{number: i.Number, ending: i.EndingBalance, total: i.Total(), starting: i.StartingBalance,
		due: i.Due, email: i.CustomerEmail, name: i.CustomerName}
	if !i.Finalized() {
		customer := s.State.Customers.Get(i.Customer)
		figures.number, figures.ending = nil, nil
		figures.starting, figures.email, figures.name = customer.Balance, customer.Email, customer.Name
		figures.due, _ = state.SettleBalance(figures.total, figures.starting)
	}
	if i.Status == "paid" {
		figures.paid = figures.due
	}
	if i.PaidOutOfBand {
		figures.outside = figures.due
	}
	return figures
}

// firstLines lists the first ten lines of an invoice.
func (s *Account) firstLines(i *state.Invoice) api.Object {
	lines := make([]any, 0, 10)
	for n := range min(10, len(i.Lines)) {
		lines = append(lines, s.ShowLine(i, &i.Lines[n]))
	}
	return api.List("/v1/invoices/"+i.ID+"/lines", lines, len(i.Lines) > 10)
}

// ShowLine shows a line of an invoice.
func (s *Account) ShowLine(i *state.Invoice, line *state.InvoiceLine) api.Object {
	var subscription, proration any
	if line.Proration {
		proration = api.Object{"credited_items": nil}
	}
	parent := api.Object{"invoice_item_details": api.Object{"invoice_item": line.InvoiceItem,
		"proration": line.Proration, "proration_details": proration, "subscription": nil},
		"subscription_item_details": nil, "type": "invoice_item_details"}
	if line.Item != "" {
		subscription = api.OrNull(i.Subscription)
		parent = api.Object{"invoice_item_details": nil, "type": "subscription_item_details",
			"subscription_item_details": api.Object{"invoice_item": api.OrNull(line.InvoiceItem), "proration": line.Proration,
				"proration_details": proration, "subscription": subscription, "subscription_item": line.Item}}
	}
	return api.Object{"id": line.ID, "object": "line_item", "amount": line.Amount, "currency": i.Currency,
		"description": s.describeLine(line), "discount_amounts": showTaken(*line), "discountable": s.Discountable(line),
		"discounts": api.IDs(line.Discounts), "invoice": i.ID, "livemode": false, "metadata": api.Shown(line.Metadata),
		"parent": parent, "period": api.Object{"start": line.PeriodStart.Unix(), "end": line.PeriodEnd.Unix()},
		"pretax_credit_amounts": []any{}, "pricing": s.showPricing(line.Price), "quantity": line.Quantity,
		"quantity_decimal": fmt.Sprint(line.Quantity), "subtotal": line.Amount, "subscription": subscription,
		"taxes": []any{}}
}

func (s *Account) describeLine(line *state.InvoiceLine) any {
	price := s.State.Prices.Get(line.Price)
	if line.Description != "" || price == nil {
		return api.OrNull(line.Description)
	}
	return fmt.Sprintf("%d × %s", line.Quantity, s.State.Products.Get(price.Product).Name)
}
