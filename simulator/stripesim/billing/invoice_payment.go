package billing

import (
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Billing) invoicePaymentRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodGet, "/v1/invoice_payments", "invoice status payment created"+api.Paging, s.listInvoicePayments),
		api.Op(http.MethodGet, "/v1/invoice_payments/{}", "", s.retrieveInvoicePayment),
	}
}

// LinkPayment makes an intent the payment of an invoice.
func (s *Billing) LinkPayment(invoice *state.Invoice, intent string) {
	if invoice.PaymentIntent == intent && invoice.PaymentID != "" {
		return
	}
	payment := s.State.InvoicePayments.Add(&state.InvoicePayment{ID: s.World.NewID("inpay_1", 23), Created: s.Now(),
		Invoice: invoice.ID, PaymentIntent: intent})
	invoice.PaymentIntent, invoice.PaymentID = intent, payment.ID
	s.State.PaymentIntents.Get(intent).Invoice = invoice.ID
}

// openPayment makes the intent of an invoice that has an amount due, unless
// there is one. Stripe does this on finalization.
func (s *Billing) openPayment(invoice *state.Invoice) *state.PaymentIntent {
	if intent := s.State.PaymentIntents.Get(invoice.PaymentIntent); intent != nil || invoice.Due == 0 {
		return intent
	}
	description := "Payment for Invoice"
	if invoice.Subscription != "" {
		description = map[bool]string{true: "Subscription creation",
			false: "Subscription update"}[invoice.Reason == "subscription_create"]
	}
	intent := s.Payments.NewPaymentIntent(state.PaymentIntent{Amount: invoice.Due, Currency: invoice.Currency,
		Customer: invoice.Customer, Description: description,
		SetupFutureUsage: map[bool]string{true: "off_session"}[invoice.Subscription != ""]})
	s.LinkPayment(invoice, intent.ID)
	s.Events.Emit("payment_intent.created", s.ShowPaymentIntent(intent), nil)
	return intent
}

// cancelPayment cancels the intent of an invoice that it will not pay.
func (s *Billing) cancelPayment(invoice *state.Invoice) {
	intent, payment := s.State.PaymentIntents.Get(invoice.PaymentIntent), s.State.InvoicePayments.Get(invoice.PaymentID)
	if intent == nil || payment == nil || intent.Status == "succeeded" || intent.Status == "canceled" ||
		intent.Status == "processing" {
		return
	}
	payment.CanceledAt = s.Now()
	intent.Status = "canceled"
	s.Events.Emit("payment_intent.canceled", s.ShowPaymentIntent(intent), nil)
}

// EmitInvoicePayment emits invoice_payment.paid. Real listeners see it a second
// or more after everything else.
func (s *Billing) EmitInvoicePayment(invoice *state.Invoice) {
	payment := s.State.InvoicePayments.Get(invoice.PaymentID)
	if payment == nil {
		return
	}
	late := time.Second + time.Duration(s.World.Rand("invoice_payment"+invoice.ID, 1).Int64N(int64(time.Second)))
	s.Events.Write("invoice_payment.paid", s.ShowInvoicePayment(payment), nil, account.Origin{}, late)
}

func (s *Billing) retrieveInvoicePayment(c *api.Call) (api.Object, error) {
	if payment := s.State.InvoicePayments.Get(c.Path[0]); payment != nil {
		return s.ShowInvoicePayment(payment), nil
	}
	return nil, api.NoSuch("invoice_payment", c.Path[0], "id")
}

func (s *Billing) listInvoicePayments(c *api.Call) (api.Object, error) {
	of, within := c.Text("invoice"), api.CreatedFilter(c)
	status := c.Enum("status", "", "open", "paid", "canceled")
	by := c.Sub("payment").Only("type", "payment_intent")
	intent := by.Text("payment_intent")
	if c.Has("payment") {
		by.Required("type")
		by.Enum("type", "", "payment_intent") // payment records are not simulated
	}
	candidates := s.State.InvoicePayments.Newest()
	switch {
	case of != "":
		candidates = api.NewestOf(s.State.InvoicePayments.Of(of))
	case intent != "":
		candidates = api.NewestOf(s.State.InvoicePayments.Of(intent))
	}
	return api.Paginate(c, candidates, func(p *state.InvoicePayment) bool {
		return (of == "" || p.Invoice == of) && (intent == "" || p.PaymentIntent == intent) && within(p.Created) &&
			(status == "" || s.PaymentStatus(p) == status)
	}, s.ShowInvoicePayment)
}

// ConfirmationSecret shows the client secret with which a browser confirms an
// invoice's payment.
func (s *Billing) ConfirmationSecret(id string) any {
	invoice := s.State.Invoices.Get(id)
	if invoice == nil || s.State.PaymentIntents.Get(invoice.PaymentIntent) == nil {
		return nil
	}
	return api.Object{"client_secret": s.State.PaymentIntents.Get(invoice.PaymentIntent).Secret(), "type": "payment_intent"}
}
