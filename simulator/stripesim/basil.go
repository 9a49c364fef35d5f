package stripesim

// basil is 2025-03-31: docs.stripe.com/changelog/basil/2025-03-31. Periods moved
// from a subscription to its items ("deprecate-subscription-current-period-start-and-end"),
// what an invoice or a line was made from into parent ("adds-new-parent-field-to-invoicing-objects"),
// its payments into objects of their own ("add-support-for-multiple-partial-payments-on-invoices"),
// a line's price into pricing, taxes into total_taxes. The fields charge.invoice
// and payment_intent.invoice are gone since.
var basil = release{since: "2025-03-31", undo: changes{
	"subscription": func(_ *Stripe, sub object) {
		items := sub.inner("items").elements()
		for _, each := range items {
			item, _ := each.(object)
			if _, known := sub["current_period_start"]; !known {
				sub["current_period_start"], sub["current_period_end"] = item["current_period_start"], item["current_period_end"]
			}
			delete(item, "current_period_start")
			delete(item, "current_period_end")
		}
		sub["discount"] = first(sub["discounts"])
	},
	"invoice":          (*Stripe).invoiceBeforeBasil,
	"line_item":        (*Stripe).lineBeforeBasil,
	"invoiceitem":      (*Stripe).invoiceItemBeforeBasil,
	"charge":           func(s *Stripe, charge object) { charge["invoice"] = s.invoiceOf(charge["payment_intent"]) },
	"payment_intent":   func(s *Stripe, intent object) { intent["invoice"] = s.invoiceOf(intent["id"]) },
	"checkout.session": func(_ *Stripe, session object) { session["shipping_details"] = nil },
}}

func (s *Stripe) invoiceBeforeBasil(invoice object) {
	details := invoice.inner("parent", "subscription_details")
	quote := invoice.inner("parent", "quote_details")
	delete(invoice, "parent")
	invoice["subscription"], invoice["quote"] = details["subscription"], quote["quote"]
	invoice["subscription_details"] = object{"metadata": details["metadata"]}
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

func (s *Stripe) lineBeforeBasil(line object) {
	details, kind := line.inner("parent", "subscription_item_details"), "subscription"
	if line.inner("parent").text("type") == "invoice_item_details" {
		details, kind = line.inner("parent", "invoice_item_details"), "invoiceitem"
	}
	delete(line, "parent")
	line["type"], line["proration"] = kind, details["proration"] == true
	line["proration_details"] = object{"credited_items": details.inner("proration_details")["credited_items"]}
	line["subscription"], line["subscription_item"] = details["subscription"], details["subscription_item"]
	if item := details.text("invoice_item"); item != "" {
		line["invoice_item"] = item
	}
	s.priceBeforeBasil(line)
	line["tax_amounts"], line["tax_rates"] = beforeTaxes(line["taxes"]), []any{}
	delete(line, "taxes")
}

func (s *Stripe) invoiceItemBeforeBasil(item object) {
	details := item.inner("parent", "subscription_details")
	delete(item, "parent")
	item["subscription"], item["subscription_item"] = details["subscription"], details["subscription_item"]
	s.priceBeforeBasil(item)
}

// priceBeforeBasil puts the whole price back where pricing names it, and the
// plan that older integrations read beside it.
func (s *Stripe) priceBeforeBasil(line object) {
	pricing := line.inner("pricing")
	delete(line, "pricing")
	price := pricing.inner("price_details")["price"]
	if id, ok := price.(string); ok {
		price = any(s.named("price", id))
	}
	whole, _ := price.(object)
	line["price"], line["plan"], line["unit_amount_excluding_tax"] = price, nil, pricing["unit_amount_decimal"]
	if found := s.state.Prices.Get(whole.text("id")); found != nil && whole["recurring"] != nil {
		line["plan"] = s.showPlan(found)
	}
}

// paymentOf returns the payment intent of an invoice and its latest charge.
func (s *Stripe) paymentOf(invoice object) (intent, charge any) {
	payments, _ := s.invoicePayments(invoice.text("id")).(object)
	for _, each := range payments.elements() {
		payment, _ := each.(object)
		if id := payment.inner("payment").text("payment_intent"); id != "" {
			return id, s.lookup(id)["latest_charge"]
		}
	}
	return nil, nil
}

// invoiceOf returns the invoice that a payment intent pays, or nil.
func (s *Stripe) invoiceOf(intent any) any {
	id, _ := intent.(string)
	if expanded, whole := intent.(object); whole {
		id = expanded.text("id")
	}
	if id == "" {
		return nil
	}
	if invoice := s.state.Invoices.Find(func(i *Invoice) bool { return i.PaymentIntent == id }); invoice != nil {
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

// sumOf adds up the amounts of taxes, nil when there are none.
func sumOf(taxes any) any {
	elements, _ := taxes.([]any)
	if len(elements) == 0 {
		return nil
	}
	var sum int64
	for _, each := range elements {
		tax, _ := each.(object)
		amount, _ := tax["amount"].(int64)
		sum += amount
	}
	return sum
}

// beforeTaxes shows taxes as tax amounts.
func beforeTaxes(taxes any) []any {
	elements, _ := taxes.([]any)
	amounts := make([]any, 0, len(elements))
	for _, each := range elements {
		tax, _ := each.(object)
		amounts = append(amounts, object{"amount": tax["amount"], "inclusive": tax["tax_behavior"] == "inclusive",
			"tax_rate": tax.inner("tax_rate_details")["tax_rate"], "taxable_amount": tax["taxable_amount"],
			"taxability_reason": tax["taxability_reason"]})
	}
	return amounts
}
