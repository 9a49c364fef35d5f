package stripesim

import (
	"cmp"
	"fmt"
)

func (s *Stripe) showInvoice(i *Invoice) object {
	customer := s.state.Customers.Get(i.Customer)
	total, starting, due, paid := i.Total(), i.StartingBalance, i.Due, int64(0)
	email, name := i.CustomerEmail, i.CustomerName
	var number, ending any = nil, nil
	if i.finalized() {
		number, ending = i.Number, i.EndingBalance
	} else { // a draft follows its customer
		starting, email, name = customer.Balance, customer.Email, customer.Name
		due, _ = settleBalance(total, starting)
	}
	outside := int64(0)
	if i.Status == "paid" {
		paid = due
	}
	if i.PaidOutOfBand {
		outside = due
	}
	lines := make([]any, len(i.Lines))
	for n := range i.Lines {
		lines[n] = s.showLine(i, &i.Lines[n])
	}
	var dueDate any
	if i.sent() {
		dueDate = unix(i.DueDate)
	}
	return object{"id": i.ID, "object": "invoice", "account_country": "US", "account_name": "Lockstep Simulator",
		"account_tax_ids": nil,
		"amount_due":      due, "amount_overpaid": 0, "amount_paid": paid, "amount_paid_off_stripe": outside,
		"amount_remaining": due - paid,
		"amount_shipping":  0, "application": nil, "attempt_count": i.Attempts, "attempted": i.Attempts > 0 ||
			i.Status == "paid",
		"auto_advance": i.AutoAdvance, "automatic_tax": object{"disabled_reason": nil, "enabled": false, "liability": nil,
			"provider": nil, "status": nil},
		"automatically_finalizes_at": unix(i.FinalizesAt), "billing_reason": i.Reason,
		"collection_method": cmp.Or(i.CollectionMethod, "charge_automatically"),
		"created":           i.Created.Unix(), "currency": i.Currency, "custom_fields": nil, "customer": i.Customer,
		"customer_account": nil,
		"customer_address": nil, "customer_email": orNull(email), "customer_name": orNull(name),
		"customer_phone":    orNull(customer.Phone),
		"customer_shipping": nil, "customer_tax_exempt": "none", "customer_tax_ids": []any{},
		"default_payment_method": orNull(i.DefaultPaymentMethod),
		"default_source":         nil, "default_tax_rates": []any{}, "description": orNull(i.Description),
		"discounts": ids(i.Discounts), "due_date": dueDate,
		"effective_at": unix(i.FinalizedAt), "ending_balance": ending, "footer": orNull(i.Footer), "from_invoice": nil,
		"hosted_invoice_url": orNull(s.hostedInvoiceURL(i)), "invoice_pdf": nil, "issuer": object{"type": "self"},
		"last_finalization_error": nil, "latest_revision": nil,
		"lines": list("/v1/invoices/"+i.ID+"/lines", lines[:min(10, len(lines))], len(lines) > 10), "livemode": false,
		"metadata": shown(i.Metadata), "next_payment_attempt": unix(i.NextAttempt), "number": number, "on_behalf_of": nil,
		"parent":           i.showParent(),
		"payment_settings": object{"default_mandate": nil, "payment_method_options": nil, "payment_method_types": nil},
		"period_end":       i.PeriodEnd.Unix(), "period_start": i.PeriodStart.Unix(), "post_payment_credit_notes_amount": 0,
		"pre_payment_credit_notes_amount": 0, "receipt_number": nil, "rendering": nil, "shipping_cost": nil,
		"shipping_details": nil,
		"starting_balance": starting, "statement_descriptor": nil, "status": i.Status,
		"status_transitions": object{"finalized_at": unix(i.FinalizedAt), "marked_uncollectible_at": unix(i.UncollectibleAt),
			"paid_at": unix(i.PaidAt), "voided_at": unix(i.VoidedAt)},
		"subtotal": i.Subtotal(), "subtotal_excluding_tax": i.Subtotal(), "test_clock": s.clockName(i.Customer),
		"total": total, "total_discount_amounts": showTaken(i.Lines...),
		"total_excluding_tax": total, "total_pretax_credit_amounts": []any{}, "total_taxes": []any{},
		"webhooks_delivered_at": i.Created.Unix()}
}

// showParent is null for an invoice made by hand.
func (i *Invoice) showParent() any {
	if i.Subscription == "" {
		return nil
	}
	details := object{"metadata": shown(i.SubscriptionMetadata), "subscription": i.Subscription}
	if !i.ProrationDate.IsZero() {
		details["subscription_proration_date"] = i.ProrationDate.Unix()
	}
	return object{"quote_details": nil, "subscription_details": details, "type": "subscription_details"}
}

func (s *Stripe) showLine(i *Invoice, line *InvoiceLine) object {
	var subscription, proration any
	if line.Proration {
		proration = object{"credited_items": nil}
	}
	parent := object{"invoice_item_details": object{"invoice_item": line.InvoiceItem, "proration": line.Proration,
		"proration_details": proration,
		"subscription":      nil}, "subscription_item_details": nil, "type": "invoice_item_details"}
	if line.Item != "" {
		subscription = orNull(i.Subscription)
		parent = object{"invoice_item_details": nil, "type": "subscription_item_details", "subscription_item_details": object{
			"invoice_item": orNull(line.InvoiceItem), "proration": line.Proration, "proration_details": proration,
			"subscription": subscription, "subscription_item": line.Item}}
	}
	return object{"id": line.ID, "object": "line_item", "amount": line.Amount, "currency": i.Currency,
		"description":      s.describeLine(line),
		"discount_amounts": showTaken(*line), "discountable": s.discountable(line), "discounts": ids(line.Discounts),
		"invoice": i.ID, "livemode": false,
		"metadata": shown(line.Metadata), "parent": parent, "period": object{"start": line.PeriodStart.Unix(),
			"end": line.PeriodEnd.Unix()},
		"pretax_credit_amounts": []any{}, "pricing": s.showPricing(line.Price), "quantity": line.Quantity,
		"quantity_decimal": fmt.Sprint(line.Quantity),
		"subtotal":         line.Amount, "subscription": subscription, "taxes": []any{}}
}

func (s *Stripe) describeLine(line *InvoiceLine) any {
	price := s.state.Prices.Get(line.Price)
	if line.Description != "" || price == nil {
		return orNull(line.Description)
	}
	return fmt.Sprintf("%d × %s", line.Quantity, s.state.Products.Get(price.Product).Name)
}
