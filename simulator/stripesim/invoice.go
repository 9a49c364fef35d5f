package stripesim

import (
	"fmt"
	"maps"
	"net/http"
	"time"
)

// Invoice is an invoice of a subscription.
type Invoice struct {
	ID                   string            `json:"id"`
	Created              time.Time         `json:"created"`
	Customer             string            `json:"customer"`
	Subscription         string            `json:"subscription"`
	SubscriptionMetadata map[string]string `json:"subscription_metadata"` // as it was when the invoice was made
	Reason               string            `json:"billing_reason"`
	Status               string            `json:"status"` // draft, open, paid, void
	Number               string            `json:"number"` // shown once finalized
	Currency             string            `json:"currency"`
	Lines                []InvoiceLine     `json:"lines"`
	PaymentIntent        string            `json:"payment_intent"` // "" when nothing was to pay, or not tried yet
	PaymentID            string            `json:"payment_id"`     // the inpay_ that ties the intent to the invoice
	AutoAdvance          bool              `json:"auto_advance"`
	Attempts             int               `json:"attempt_count"`
	NextAttempt          time.Time         `json:"next_payment_attempt"`
	FinalizesAt          time.Time         `json:"automatically_finalizes_at"`
	FinalizedAt          time.Time         `json:"finalized_at"`
	PaidAt               time.Time         `json:"paid_at"`
	VoidedAt             time.Time         `json:"voided_at"`
	PeriodStart          time.Time         `json:"period_start"`
	PeriodEnd            time.Time         `json:"period_end"`
}

// InvoiceLine is one line of an invoice.
type InvoiceLine struct {
	ID          string    `json:"id"`
	Price       string    `json:"price"`
	Quantity    int64     `json:"quantity"`
	Amount      int64     `json:"amount"`
	Item        string    `json:"subscription_item"` // "" for a one-time price
	PeriodStart time.Time `json:"period_start"`
	PeriodEnd   time.Time `json:"period_end"`
}

// Key is the id.
func (i *Invoice) Key() string { return i.ID }

// Owner is the subscription.
func (i *Invoice) Owner() string { return i.Subscription }

// Total is the sum of the lines. Neither taxes nor discounts are simulated.
func (i *Invoice) Total() int64 {
	var total int64
	for _, line := range i.Lines {
		total += line.Amount
	}
	return total
}

var invoiceRoutes = []route{
	op(http.MethodGet, "/v1/invoices", "customer subscription status created collection_method"+paging, (*Stripe).listInvoices),
	op(http.MethodGet, "/v1/invoices/{}", "", (*Stripe).retrieveInvoice),
	op(http.MethodPost, "/v1/invoices/{}/pay", "payment_method off_session", (*Stripe).payInvoice),
	op(http.MethodGet, "/v1/invoice_payments", "invoice status"+paging, (*Stripe).listInvoicePayments),
}

// draft stores a new invoice of a subscription, without an event.
func (s *Stripe) draft(sub *Subscription, reason string, lines []InvoiceLine) *Invoice {
	for i := range lines {
		lines[i].ID = s.world.NewID("il_1", 23)
	}
	customer := s.state.Customers.Get(sub.Customer)
	invoice := s.state.Invoices.Add(&Invoice{ID: s.world.NewID("in_1", 23), Created: s.now(), Customer: sub.Customer, Subscription: sub.ID,
		SubscriptionMetadata: maps.Clone(sub.Metadata), Reason: reason, Status: "draft", Currency: sub.Currency, Lines: lines, AutoAdvance: true,
		Number:      fmt.Sprintf("%s-%04d", customer.InvoicePrefix, customer.NextInvoice),
		PeriodStart: sub.Items[0].PeriodStart, PeriodEnd: sub.Items[0].PeriodEnd})
	customer.NextInvoice++
	return invoice
}

func (s *Stripe) finalize(invoice *Invoice) {
	invoice.Status, invoice.FinalizedAt, invoice.FinalizesAt = "open", s.now(), time.Time{}
	s.emit("invoice.finalized", s.showInvoice(invoice), nil)
}

// markPaid closes an invoice. intent is "" when there was nothing to pay.
func (s *Stripe) markPaid(invoice *Invoice, intent string) {
	invoice.Status, invoice.PaidAt, invoice.NextAttempt, invoice.AutoAdvance = "paid", s.now(), time.Time{}, false
	if intent != "" {
		invoice.PaymentIntent = intent
		if invoice.PaymentID == "" {
			invoice.PaymentID = s.world.NewID("inpay_1", 23)
		}
	}
	s.emit("invoice.paid", s.showInvoice(invoice), nil)
	s.emit("invoice.payment_succeeded", s.showInvoice(invoice), nil)
}

// emitInvoicePayment writes invoice_payment.paid, which real listeners see a
// second or more after everything else.
func (s *Stripe) emitInvoicePayment(invoice *Invoice) {
	if invoice.PaymentIntent == "" {
		return
	}
	late := time.Second + time.Duration(s.world.Rand("invoice_payment"+invoice.ID, 1).Int64N(int64(time.Second)))
	s.write("invoice_payment.paid", s.showInvoicePayment(invoice), nil, origin{}, late)
}

func (s *Stripe) retrieveInvoice(c *call) (object, error) {
	if invoice := s.state.Invoices.Get(c.path[0]); invoice != nil {
		return s.showInvoice(invoice), nil
	}
	return nil, noSuch("invoice", c.path[0], "id")
}

func (s *Stripe) listInvoices(c *call) (object, error) {
	customer, subscription, within := c.text("customer"), c.text("subscription"), createdFilter(c)
	status := c.enum("status", "", "draft", "open", "paid", "uncollectible", "void")
	return paginate(c, s.state.Invoices.Newest(), func(i *Invoice) bool {
		return (customer == "" || i.Customer == customer) && s.listed(c, i.Customer, "") && (subscription == "" || i.Subscription == subscription) &&
			(status == "" || i.Status == status) && within(i.Created)
	}, s.showInvoice)
}

func (s *Stripe) listInvoicePayments(c *call) (object, error) {
	of, status := c.text("invoice"), c.text("status")
	return paginate(c, s.state.Invoices.Newest(), func(i *Invoice) bool {
		return i.PaymentIntent != "" && (of == "" || i.ID == of) && (status == "" || i.paymentStatus() == status)
	}, s.showInvoicePayment)
}

func (s *Stripe) payInvoice(c *call) (object, error) {
	invoice := s.state.Invoices.Get(c.path[0])
	if invoice == nil {
		return nil, noSuch("invoice", c.path[0], "id")
	}
	method := s.readPaymentMethod(c.params, "payment_method")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.payNow(invoice, method, c.boolean("off_session", true)); failure != nil {
		return nil, failure
	}
	return s.showInvoice(invoice), nil
}

// payNow tries an open or draft invoice at once.
func (s *Stripe) payNow(invoice *Invoice, method *PaymentMethod, offSession bool) error {
	switch invoice.Status {
	case "paid":
		return invalid("", "Invoice is already paid")
	case "void":
		return invalid("", "Invoice is void")
	case "draft":
		s.finalize(invoice)
	}
	if intent := s.state.PaymentIntents.Get(invoice.PaymentIntent); intent != nil && intent.Status == "processing" {
		return invalid("", "This invoice has a payment that is still processing.")
	}
	if method == nil {
		method = s.methodFor(s.state.Subscriptions.Get(invoice.Subscription))
	}
	if method == nil {
		return invalidCode("resource_missing", "", "There is no default payment method set on this Customer or Invoice.")
	}
	// An attempt by hand does not use up one of the automatic retries.
	declined := func(invoice *Invoice) { s.emit("invoice.payment_failed", s.showInvoice(invoice), nil) }
	if failure := s.attempt(invoice, method, offSession, declined); failure != nil {
		return failure
	}
	return nil
}

// PayInvoice tries an open invoice at once with the customer's default payment
// method, as the hosted invoice page does.
func (s *Stripe) PayInvoice(id string) error {
	var err error
	s.change(id, func() {
		invoice := s.state.Invoices.Get(id)
		if invoice == nil {
			err = noSuch("invoice", id, "id")
			return
		}
		err = s.payNow(invoice, nil, !offSession)
	})
	return err
}

func (s *Stripe) showInvoice(i *Invoice) object {
	total := i.Total()
	due, paid := total, int64(0)
	if i.Status == "paid" {
		paid = total
	}
	lines := make([]any, len(i.Lines))
	for n := range i.Lines {
		lines[n] = s.showLine(i, &i.Lines[n])
	}
	var number any
	if i.Status != "draft" {
		number = i.Number
	}
	customer := s.state.Customers.Get(i.Customer)
	return object{"id": i.ID, "object": "invoice", "account_country": "US", "account_name": "Lockstep Simulator", "account_tax_ids": nil,
		"amount_due": due, "amount_overpaid": 0, "amount_paid": paid, "amount_paid_off_stripe": 0, "amount_remaining": due - paid,
		"amount_shipping": 0, "application": nil, "attempt_count": i.Attempts, "attempted": i.Attempts > 0 || i.Status == "paid",
		"auto_advance": i.AutoAdvance, "automatic_tax": object{"disabled_reason": nil, "enabled": false, "liability": nil, "provider": nil, "status": nil},
		"automatically_finalizes_at": unix(i.FinalizesAt), "billing_reason": i.Reason, "collection_method": "charge_automatically",
		"created": i.Created.Unix(), "currency": i.Currency, "custom_fields": nil, "customer": i.Customer, "customer_account": nil,
		"customer_address": nil, "customer_email": orNull(customer.Email), "customer_name": orNull(customer.Name), "customer_phone": nil,
		"customer_shipping": nil, "customer_tax_exempt": "none", "customer_tax_ids": []any{}, "default_payment_method": nil, "default_source": nil,
		"default_tax_rates": []any{}, "description": nil, "discounts": []any{}, "due_date": nil, "effective_at": unix(i.FinalizedAt),
		"ending_balance": 0, "footer": nil, "from_invoice": nil, "hosted_invoice_url": nil, "invoice_pdf": nil, "issuer": object{"type": "self"},
		"last_finalization_error": nil, "latest_revision": nil, "lines": list("/v1/invoices/"+i.ID+"/lines", lines, false), "livemode": false,
		"metadata": object{}, "next_payment_attempt": unix(i.NextAttempt), "number": number, "on_behalf_of": nil,
		"parent": object{"quote_details": nil, "subscription_details": object{"metadata": shown(i.SubscriptionMetadata), "subscription": i.Subscription},
			"type": "subscription_details"},
		"payment_settings": object{"default_mandate": nil, "payment_method_options": nil, "payment_method_types": nil},
		"period_end":       i.PeriodEnd.Unix(), "period_start": i.PeriodStart.Unix(), "post_payment_credit_notes_amount": 0,
		"pre_payment_credit_notes_amount": 0, "receipt_number": nil, "rendering": nil, "shipping_cost": nil, "shipping_details": nil,
		"starting_balance": 0, "statement_descriptor": nil, "status": i.Status,
		"status_transitions": object{"finalized_at": unix(i.FinalizedAt), "marked_uncollectible_at": nil, "paid_at": unix(i.PaidAt), "voided_at": unix(i.VoidedAt)},
		"subtotal":           total, "subtotal_excluding_tax": total, "test_clock": s.clockName(i.Customer), "total": total, "total_discount_amounts": []any{},
		"total_excluding_tax": total, "total_pretax_credit_amounts": []any{}, "total_taxes": []any{}, "webhooks_delivered_at": i.Created.Unix()}
}

func (s *Stripe) showLine(i *Invoice, line *InvoiceLine) object {
	price := s.state.Prices.Get(line.Price)
	parent := object{"invoice_item_details": nil, "type": "subscription_item_details", "subscription_item_details": object{"invoice_item": nil,
		"proration": false, "proration_details": nil, "subscription": i.Subscription, "subscription_item": orNull(line.Item)}}
	return object{"id": line.ID, "object": "line_item", "amount": line.Amount, "currency": i.Currency,
		"description": fmt.Sprintf("%d × %s", line.Quantity, s.state.Products.Get(price.Product).Name), "discount_amounts": []any{}, "discountable": true, "discounts": []any{},
		"invoice": i.ID, "livemode": false, "metadata": object{}, "parent": parent, "period": object{"start": line.PeriodStart.Unix(), "end": line.PeriodEnd.Unix()},
		"pretax_credit_amounts": []any{}, "pricing": object{"type": "price_details", "price_details": object{"price": price.ID, "product": price.Product},
			"unit_amount_decimal": fmt.Sprint(price.Amount)}, "quantity": line.Quantity, "subtotal": line.Amount, "subscription": i.Subscription, "taxes": []any{}}
}

func (i *Invoice) paymentStatus() string {
	if i.Status == "paid" {
		return "paid"
	}
	return "open"
}

func (s *Stripe) showInvoicePayment(i *Invoice) object {
	paid := any(nil)
	if i.Status == "paid" {
		paid = i.Total()
	}
	return object{"id": i.PaymentID, "object": "invoice_payment", "amount_paid": paid, "amount_requested": i.Total(), "created": i.Created.Unix(),
		"currency": i.Currency, "invoice": i.ID, "is_default": true, "livemode": false,
		"payment": object{"payment_intent": i.PaymentIntent, "type": "payment_intent"}, "status": i.paymentStatus(),
		"status_transitions": object{"canceled_at": nil, "paid_at": unix(i.PaidAt)}}
}

func (s *Stripe) invoicePayments(id string) any {
	var data []any
	if invoice := s.state.Invoices.Get(id); invoice.PaymentIntent != "" {
		data = append(data, s.showInvoicePayment(invoice))
	}
	return list("/v1/invoice_payments?invoice="+id, data, false)
}
