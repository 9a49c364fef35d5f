package checkout

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// SuccessURL returns where a buyer goes after paying. A payment link without a
// URL shows Stripe's confirmation page.
func (s *Checkout) SuccessURL(session *state.CheckoutSession) string {
	if session.PaymentLink != "" && session.SuccessURL == LinkAddress {
		return s.Link("/c/pay/" + session.ID)
	}
	return strings.ReplaceAll(session.SuccessURL, "{CHECKOUT_SESSION_ID}", session.ID)
}

// errNotOpen returns the error for paying a session that is not open.
func errNotOpen(session *state.CheckoutSession) *api.Error {
	return api.Invalid("", "This Checkout Session is %s and can no longer be paid.", session.Status)
}

// WaitingIntent returns the intent that pays or sets up a session.
func (s *Checkout) WaitingIntent(session *state.CheckoutSession) string {
	return cmp.Or(session.SetupIntent, session.Tried)
}

// EnteredMethod creates the payment method that a buyer enters. It returns nil
// if none was entered and none is needed.
func (s *Checkout) EnteredMethod(session *state.CheckoutSession, card string) (*state.PaymentMethod, *api.Error) {
	if card == "" && !s.NeedsMethod(session) {
		return nil, nil
	}
	method, failure := s.Customers.NewPaymentMethod(card, session.Buyer())
	if failure == nil && !Takes(session, method) {
		return nil, api.Invalid("payment_method", "This checkout does not take %s.", method.Kind())
	}
	return method, failure
}

// Takes reports whether a session accepts a payment method.
func Takes(session *state.CheckoutSession, method *state.PaymentMethod) bool {
	return session.Types == nil || slices.Contains(session.Types, method.Kind())
}

// Payable returns a session that can be paid.
func (s *Checkout) Payable(id string) (*state.CheckoutSession, *api.Error) {
	session := s.State.Sessions.Get(id)
	switch {
	case session == nil:
		return nil, api.NoSuch("checkout.session", id, "id")
	case session.Status != "open":
		return nil, errNotOpen(session)
	}
	if customer := s.State.Customers.Get(session.Customer); customer != nil && customer.Deleted {
		return nil, api.NoSuch("customer", session.Customer, "customer")
	}
	return session, nil
}

// ConcludeFree completes a session with nothing due.
func (s *Checkout) ConcludeFree(session *state.CheckoutSession, method *state.PaymentMethod) (completed string) {
	s.Payments.EnsureCustomer(session)
	session.PaymentStatus = "no_payment_required"
	if session.Mode == "subscription" {
		if method != nil {
			s.Customers.Attach(method, session.Customer)
		}
		s.createFromSession(session, method, nil)
	}
	return s.Complete(session)
}

// Conclude completes a session whose payment succeeded or is on its way. It
// stores, changes and shows objects step by step, so every event carries its
// object as of that step.
func (s *Checkout) Conclude(session *state.CheckoutSession, intent *state.PaymentIntent) (completed string) {
	session.PaymentStatus = "unpaid"
	if intent.Status == "succeeded" {
		session.PaymentStatus = "paid"
	}
	if session.Mode == "payment" {
		session.PaymentIntent = intent.ID
		return s.Complete(session)
	}
	method := s.State.PaymentMethods.Get(intent.PaymentMethod)
	s.Customers.Attach(method, session.Customer)
	s.createFromSession(session, method, intent)
	return s.Complete(session)
}

// createFromSession creates the subscription and its first invoice. intent is
// nil if nothing is due now.
func (s *Checkout) createFromSession(session *state.CheckoutSession, method *state.PaymentMethod,
	intent *state.PaymentIntent) {
	var recurring []billing.Chosen
	for _, line := range session.Lines {
		if price := s.State.Prices.Get(line.Price); price.Recurring() {
			recurring = append(recurring, billing.Chosen{Price: price, Quantity: line.Quantity})
		}
	}
	customer := s.State.Customers.Get(session.Customer)
	sub := s.Billing.Begin(billing.Start{Customer: customer, Items: recurring, Metadata: session.ChildMetadata,
		Description: session.ChildDescription, Method: method, TrialEnd: s.TrialEndOf(session),
		TrialEndBehavior: session.TrialEndBehavior, BillingMode: session.BillingMode})
	session.Subscription = sub.ID
	s.Discounts.DiscountSubscription(sub, session.Grants())
	before := s.ShowCustomer(customer)
	lines := s.Billing.LinesOf(sub)
	for _, line := range session.Lines {
		if price := s.State.Prices.Get(line.Price); !price.Recurring() {
			lines = append(lines, state.InvoiceLine{Price: price.ID, Quantity: line.Quantity,
				Amount: price.Amount * line.Quantity, PeriodStart: s.Now(), PeriodEnd: s.Now()})
		}
	}
	// Pending items stay pending: the session charged its own total.
	invoice := s.Billing.AddInvoice(s.Billing.Plan(sub, "subscription_create", lines))
	session.Invoice, sub.LatestInvoice = invoice.ID, invoice.ID
	customer.Currency = session.Currency
	s.Events.EmitUpdate("customer.updated", before, s.ShowCustomer(customer))
	s.Billing.EmitCreated(invoice)
	s.Billing.FinalizeWith(invoice, 0)
	s.settleFirst(invoice, intent)
	s.Events.Emit("customer.subscription.created", s.ShowSubscription(sub), nil)
	s.Catalog.RefreshEntitlements(customer.ID)
}

// settleFirst applies the session's payment to the first invoice.
func (s *Checkout) settleFirst(invoice *state.Invoice, intent *state.PaymentIntent) {
	if intent == nil {
		s.Billing.MarkPaid(invoice, "")
		return
	}
	invoice.Attempts = 1
	if intent.Status == "succeeded" {
		s.Billing.MarkPaid(invoice, intent.ID)
		return
	}
	// At Stripe the subscription is active while a delayed first payment is on its
	// way.
	s.Billing.LinkPayment(invoice, intent.ID)
}

// Complete closes a session and emits its event, then the events that real
// listeners see after it.
func (s *Checkout) Complete(session *state.CheckoutSession) (event string) {
	session.Status = "complete"
	s.redeemSession(session)
	event = s.Events.Emit("checkout.session.completed", s.ShowSession(session), nil).ID
	if invoice := s.State.Invoices.Get(session.Invoice); invoice != nil && invoice.Status == "paid" {
		s.Billing.EmitInvoicePayment(invoice)
	}
	return event
}

// ShowPage shows what Stripe's page script reads about a session.
func (s *Checkout) ShowPage(session *state.CheckoutSession) api.Object {
	shown := s.ShowSession(session)
	shown["session_id"] = session.ID
	shown["line_items"] = s.SessionLines(session.ID)
	if intent := s.State.PaymentIntents.Get(session.Tried); intent != nil {
		shown["payment_intent"] = s.ShowPaymentIntent(intent)
	}
	if intent := s.State.SetupIntents.Get(session.SetupIntent); intent != nil {
		shown["setup_intent"] = s.ShowSetupIntent(intent)
	}
	return shown
}
