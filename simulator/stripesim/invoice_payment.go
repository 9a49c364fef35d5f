package stripesim

import (
	"net/http"
	"time"
)

// InvoicePayment ties a payment intent to the invoice it is to pay.
type InvoicePayment struct {
	ID            string    `json:"id"`
	Created       time.Time `json:"created"`
	Invoice       string    `json:"invoice"`
	PaymentIntent string    `json:"payment_intent"`
	CanceledAt    time.Time `json:"canceled_at"`
}

// Key is the id.
func (p *InvoicePayment) Key() string { return p.ID }

// Owners are the invoice and the intent.
func (p *InvoicePayment) Owners() []string { return []string{p.Invoice, p.PaymentIntent} }

func (s *Stripe) invoicePaymentRoutes() []route {
	return []route{
		op(http.MethodGet, "/v1/invoice_payments", "invoice status payment created"+paging, s.listInvoicePayments),
		op(http.MethodGet, "/v1/invoice_payments/{}", "", s.retrieveInvoicePayment),
	}
}

// tie makes an intent the one that pays an invoice.
func (s *Stripe) tie(invoice *Invoice, intent string) {
	if invoice.PaymentIntent == intent && invoice.PaymentID != "" {
		return
	}
	payment := s.state.InvoicePayments.Add(&InvoicePayment{ID: s.world.NewID("inpay_1", 23), Created: s.now(),
		Invoice: invoice.ID, PaymentIntent: intent})
	invoice.PaymentIntent, invoice.PaymentID = intent, payment.ID
	s.state.PaymentIntents.Get(intent).Invoice = invoice.ID
}

// openPayment makes the intent of an invoice that has something to pay, as
// finalization does, unless it has one.
func (s *Stripe) openPayment(invoice *Invoice) *PaymentIntent {
	if intent := s.state.PaymentIntents.Get(invoice.PaymentIntent); intent != nil || invoice.Due == 0 {
		return intent
	}
	description := "Payment for Invoice"
	if invoice.Subscription != "" {
		description = map[bool]string{true: "Subscription creation",
			false: "Subscription update"}[invoice.Reason == "subscription_create"]
	}
	intent := s.newPaymentIntent(PaymentIntent{Amount: invoice.Due, Currency: invoice.Currency,
		Customer: invoice.Customer, Description: description,
		SetupFutureUsage: map[bool]string{true: "off_session"}[invoice.Subscription != ""]})
	s.tie(invoice, intent.ID)
	s.emit("payment_intent.created", s.showPaymentIntent(intent), nil)
	return intent
}

// cancelPayment cancels the intent of an invoice that will not be paid by it.
func (s *Stripe) cancelPayment(invoice *Invoice) {
	intent, payment := s.state.PaymentIntents.Get(invoice.PaymentIntent), s.state.InvoicePayments.Get(invoice.PaymentID)
	if intent == nil || payment == nil || intent.Status == "succeeded" || intent.Status == "canceled" ||
		intent.Status == "processing" {
		return
	}
	payment.CanceledAt = s.now()
	intent.Status = "canceled"
	s.emit("payment_intent.canceled", s.showPaymentIntent(intent), nil)
}

// emitInvoicePayment writes invoice_payment.paid, which real listeners see a
// second or more after everything else.
func (s *Stripe) emitInvoicePayment(invoice *Invoice) {
	payment := s.state.InvoicePayments.Get(invoice.PaymentID)
	if payment == nil {
		return
	}
	late := time.Second + time.Duration(s.world.Rand("invoice_payment"+invoice.ID, 1).Int64N(int64(time.Second)))
	s.write("invoice_payment.paid", s.showInvoicePayment(payment), nil, origin{}, late)
}

func (s *Stripe) retrieveInvoicePayment(c *call) (object, error) {
	if payment := s.state.InvoicePayments.Get(c.path[0]); payment != nil {
		return s.showInvoicePayment(payment), nil
	}
	return nil, noSuch("invoice_payment", c.path[0], "id")
}

func (s *Stripe) listInvoicePayments(c *call) (object, error) {
	of, within := c.text("invoice"), createdFilter(c)
	status := c.enum("status", "", "open", "paid", "canceled")
	by := c.sub("payment").only("type", "payment_intent")
	intent := by.text("payment_intent")
	if c.has("payment") {
		by.required("type")
		by.enum("type", "", "payment_intent") // payment records are not simulated
	}
	candidates := s.state.InvoicePayments.Newest()
	switch {
	case of != "":
		candidates = newestOf(s.state.InvoicePayments.Of(of))
	case intent != "":
		candidates = newestOf(s.state.InvoicePayments.Of(intent))
	}
	return paginate(c, candidates, func(p *InvoicePayment) bool {
		return (of == "" || p.Invoice == of) && (intent == "" || p.PaymentIntent == intent) && within(p.Created) &&
			(status == "" || s.paymentStatus(p) == status)
	}, s.showInvoicePayment)
}

func (s *Stripe) paymentStatus(p *InvoicePayment) string {
	invoice := s.state.Invoices.Get(p.Invoice)
	switch {
	case !p.CanceledAt.IsZero():
		return "canceled"
	case invoice.Status == "paid" && !invoice.PaidOutOfBand && invoice.PaymentID == p.ID:
		return "paid"
	}
	return "open"
}

func (s *Stripe) showInvoicePayment(p *InvoicePayment) object {
	invoice := s.state.Invoices.Get(p.Invoice)
	var amount, paidAt any
	status := s.paymentStatus(p)
	if status == "paid" {
		amount, paidAt = invoice.Due, unix(invoice.PaidAt)
	}
	return object{"id": p.ID, "object": "invoice_payment", "amount_paid": amount, "amount_requested": invoice.Due,
		"created":  p.Created.Unix(),
		"currency": invoice.Currency, "invoice": p.Invoice, "is_default": invoice.PaymentID == p.ID, "livemode": false,
		"payment": object{"payment_intent": p.PaymentIntent, "type": "payment_intent"}, "status": status,
		"status_transitions": object{"canceled_at": unix(p.CanceledAt), "paid_at": paidAt}}
}

// invoicePayments is what invoice.payments holds when it is expanded.
func (s *Stripe) invoicePayments(id string) any {
	var data []any
	for _, payment := range s.state.InvoicePayments.Of(id) {
		data = append(data, s.showInvoicePayment(payment))
	}
	return list("/v1/invoice_payments?invoice="+id, data, false)
}

// confirmationSecret is what a browser confirms an invoice's payment with.
func (s *Stripe) confirmationSecret(id string) any {
	invoice := s.state.Invoices.Get(id)
	if invoice == nil || s.state.PaymentIntents.Get(invoice.PaymentIntent) == nil {
		return nil
	}
	return object{"client_secret": s.state.PaymentIntents.Get(invoice.PaymentIntent).secret(), "type": "payment_intent"}
}
