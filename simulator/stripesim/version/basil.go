package version

import (
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Basil is 2025-03-31: docs.stripe.com/changelog/basil/2025-03-31. Periods
// moved from subscriptions to their items
// ("deprecate-subscription-current-period-start-and-end"). The source of an
// invoice or a line moved into parent
// ("adds-new-parent-field-to-invoicing-objects"). The payments of an invoice
// became objects ("add-support-for-multiple-partial-payments-on-invoices"). A
// line's price moved into pricing, and taxes into total_taxes. The fields
// charge.invoice and payment_intent.invoice are gone.
var Basil = release{Since: "2025-03-31", undo: changes{
	"subscription": func(_ *Versions, sub api.Object) {
		items := sub.Inner("items").Elements()
		for _, each := range items {
			item, _ := each.(api.Object)
			if _, known := sub["current_period_start"]; !known {
				sub["current_period_start"], sub["current_period_end"] = item["current_period_start"], item["current_period_end"]
			}
			delete(item, "current_period_start")
			delete(item, "current_period_end")
		}
		sub["discount"] = first(sub["discounts"])
	},
	"invoice":          (*Versions).invoiceBeforeBasil,
	"line_item":        (*Versions).lineBeforeBasil,
	"invoiceitem":      (*Versions).invoiceItemBeforeBasil,
	"charge":           func(s *Versions, charge api.Object) { charge["invoice"] = s.invoiceOf(charge["payment_intent"]) },
	"payment_intent":   func(s *Versions, intent api.Object) { intent["invoice"] = s.invoiceOf(intent["id"]) },
	"checkout.session": func(_ *Versions, session api.Object) { session["shipping_details"] = nil },
}}

func (s *Versions) invoiceBeforeBasil(invoice api.Object) {
	details := invoice.Inner("parent", "subscription_details")
	quote := invoice.Inner("parent", "quote_details")
	delete(invoice, "parent")
	invoice["subscription"], invoice["quote"] = details["subscription"], quote["quote"]
	invoice["subscription_details"] = api.Object{"metadata": details["metadata"]}
	if at := details["subscription_proration_date"]; at != nil {
		invoice["subscription_proration_date"] = at
	}
	invoice["paid"] = invoice["status"] == "paid"
	invoice["paid_out_of_band"] = false
	invoice["payment_intent"], invoice["charge"] = s.paymentOf(invoice)
	invoice["discount"] = first(invoice["discounts"])
	invoice["tax"] = sumOf(invoice["total_taxes"])
	invoice["total_tax_amounts"] = beforeTaxes(invoice["total_taxes"])
	invoice["application_fee_amount"], invoice["transfer_data"] = nil, nil
	delete(invoice, "total_taxes")
	delete(invoice, "amount_overpaid")
	delete(invoice, "payments")
}

func (s *Versions) lineBeforeBasil(line api.Object) {
	details, kind := line.Inner("parent", "subscription_item_details"), "subscription"
	if line.Inner("parent").Text("type") == "invoice_item_details" {
		details, kind = line.Inner("parent", "invoice_item_details"), "invoiceitem"
	}
	delete(line, "parent")
	line["type"], line["proration"] = kind, details["proration"] == true
	line["proration_details"] = api.Object{"credited_items": details.Inner("proration_details")["credited_items"]}
	line["subscription"], line["subscription_item"] = details["subscription"], details["subscription_item"]
	if item := details.Text("invoice_item"); item != "" {
		line["invoice_item"] = item
	}
	s.priceBeforeBasil(line)
	line["tax_amounts"], line["tax_rates"] = beforeTaxes(line["taxes"]), []any{}
	delete(line, "taxes")
}

func (s *Versions) invoiceItemBeforeBasil(item api.Object) {
	details := item.Inner("parent", "subscription_details")
	delete(item, "parent")
	item["subscription"], item["subscription_item"] = details["subscription"], details["subscription_item"]
	s.priceBeforeBasil(item)
}

// priceBeforeBasil replaces pricing with the whole price, and adds the plan
// that older integrations read.
func (s *Versions) priceBeforeBasil(line api.Object) {
	pricing := line.Inner("pricing")
	delete(line, "pricing")
	price := pricing.Inner("price_details")["price"]
	if id, ok := price.(string); ok {
		price = any(s.Named("price", id))
	}
	whole, _ := price.(api.Object)
	line["price"], line["plan"], line["unit_amount_excluding_tax"] = price, nil, pricing["unit_amount_decimal"]
	if found := s.State.Prices.Get(whole.Text("id")); found != nil && whole["recurring"] != nil {
		line["plan"] = s.ShowPlan(found)
	}
}

// paymentOf returns the payment intent of an invoice and its latest charge.
func (s *Versions) paymentOf(invoice api.Object) (intent, charge any) {
	payments, _ := s.InvoicePayments(invoice.Text("id")).(api.Object)
	for _, each := range payments.Elements() {
		payment, _ := each.(api.Object)
		if id := payment.Inner("payment").Text("payment_intent"); id != "" {
			return id, s.Lookup(id)["latest_charge"]
		}
	}
	return nil, nil
}

// invoiceOf returns the invoice that a payment intent pays, or nil.
func (s *Versions) invoiceOf(intent any) any {
	id, _ := intent.(string)
	if expanded, whole := intent.(api.Object); whole {
		id = expanded.Text("id")
	}
	if id == "" {
		return nil
	}
	if invoice := s.State.Invoices.Find(func(i *state.Invoice) bool { return i.PaymentIntent == id }); invoice != nil {
		return invoice.ID
	}
	return nil
}

// first returns the first element of an array, or nil.
func first(list any) any {
	if elements, _ := list.([]any); len(elements) > 0 {
		return elements[0]
	}
	return nil
}

// sumOf adds up the amounts of taxes. It returns nil if there are none.
func sumOf(taxes any) any {
	elements, _ := taxes.([]any)
	if len(elements) == 0 {
		return nil
	}
	var sum int64
	for _, each := range elements {
		tax, _ := each.(api.Object)
		amount, _ := tax["amount"].(int64)
		sum += amount
	}
	return sum
}

// beforeTaxes converts taxes to tax amounts.
func beforeTaxes(taxes any) []any {
	elements, _ := taxes.([]any)
	amounts := make([]any, 0, len(elements))
	for _, each := range elements {
		tax, _ := each.(api.Object)
		amounts = append(amounts, api.Object{"amount": tax["amount"], "inclusive": tax["tax_behavior"] == "inclusive",
			"tax_rate": tax.Inner("tax_rate_details")["tax_rate"], "taxable_amount": tax["taxable_amount"],
			"taxability_reason": tax["taxability_reason"]})
	}
	return amounts
}
