package billing

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Dunning says what happens when payments of invoices fail. In a real account
// it is a setting. The zero value retries on days 3, 5 and 7 and then cancels
// the subscription.
type Dunning struct {
	// RetryAfter holds the time from the nth failed attempt to the next one. nil
	// is the default; an empty slice makes no retries.
	RetryAfter []time.Duration
	// End is what the last failed attempt does to the subscription: cancel (the
	// default), unpaid (its later invoices stay drafts) or past_due.
	End string
}

// Validate returns an error if a value is not allowed.
func (d Dunning) Validate() error {
	if !slices.Contains([]string{"", "cancel", "unpaid", "past_due"}, d.End) {
		return fmt.Errorf("dunning.end: %q is not cancel, unpaid or past_due", d.End)
	}
	if slices.ContainsFunc(d.RetryAfter, func(wait time.Duration) bool { return wait <= 0 }) {
		return fmt.Errorf("dunning.retry_after: %v must be positive durations", d.RetryAfter)
	}
	return nil
}

func (d Dunning) retries() []time.Duration {
	if d.RetryAfter == nil {
		return []time.Duration{3 * 24 * time.Hour, 2 * 24 * time.Hour, 2 * 24 * time.Hour}
	}
	return d.RetryAfter
}

// webhookPatience is how long the finalization of an invoice waits for an
// endpoint to accept invoice.created.
const webhookPatience = 72 * time.Hour

// draftEnds finalizes a draft that advances on its own. While endpoints refuse
// invoice.created, it waits another hour. A webhook that was not attempted yet,
// because the clock was advanced, does not delay it.
func (s *Billing) draftEnds(id string) {
	invoice := s.State.Invoices.Get(id)
	if invoice == nil || invoice.Status != "draft" || !invoice.AutoAdvance || invoice.FinalizesAt.IsZero() ||
		invoice.FinalizesAt.After(s.Now()) {
		return
	}
	if s.unanswered(invoice) && s.Now().Before(invoice.Created.Add(webhookPatience)) {
		invoice.FinalizesAt = s.Now().Add(draftTime)
		s.At(invoice.FinalizesAt, account.TimerFinalize, invoice.ID)
		return
	}
	s.finalize(invoice)
	if sub := s.subscriptionOf(invoice); sub != nil && invoice.Due > 0 {
		switch sub.PauseBehavior { // pause_collection counts only now
		case "void":
			s.void(invoice)
			return
		case "mark_uncollectible":
			s.markUncollectible(invoice)
			return
		}
	}
	s.advance(invoice)
}

// unanswered reports whether an endpoint refused invoice.created and has not
// accepted it since.
func (s *Billing) unanswered(invoice *state.Invoice) bool {
	event := s.State.Log.Records.Get(invoice.CreatedEvent)
	return event != nil && !event.Delivery.Delivered() && s.Outbox.Failing(event.ID)
}

// advance charges or sends a finalized invoice, as its collection method says.
func (s *Billing) advance(invoice *state.Invoice) {
	if !invoice.Sent() || invoice.Due == 0 {
		s.try(invoice)
		return
	}
	s.openPayment(invoice)
	s.Events.Emit("invoice.sent", s.ShowInvoice(invoice), nil)
}

func (s *Billing) retryDue(id string) {
	invoice := s.State.Invoices.Get(id)
	if invoice.Status == "open" && invoice.AutoAdvance && !invoice.NextAttempt.IsZero() &&
		!invoice.NextAttempt.After(s.Now()) {
		s.try(invoice)
	}
}

// retryAt schedules the next attempt for an open invoice.
func (s *Billing) retryAt(invoice *state.Invoice, at time.Time) {
	invoice.NextAttempt = at
	s.At(at, account.TimerRetry, invoice.ID)
}

// try attempts an invoice with the current default payment method.
func (s *Billing) try(invoice *state.Invoice) {
	switch method := s.methodOf(invoice); {
	case invoice.Due == 0:
		invoice.Attempts++
		s.invoicePaid(invoice)
	case method == nil:
		s.attemptFailed(invoice)
	default:
		_ = s.attempt(invoice, method, OffSession, s.attemptFailed) // the events report the outcome
	}
}

// methodOf returns the payment method of an invoice: its own default, the
// subscription's or the customer's. It returns nil if there is none.
func (s *Billing) methodOf(invoice *state.Invoice) *state.PaymentMethod {
	if method := s.State.PaymentMethods.Get(invoice.DefaultPaymentMethod); method != nil {
		return method
	}
	if sub := s.subscriptionOf(invoice); sub != nil {
		return s.MethodFor(sub)
	}
	return s.State.PaymentMethods.Get(s.State.Customers.Get(invoice.Customer).DefaultPaymentMethod)
}

// MethodFor returns the payment method of a subscription: its own default or
// the customer's. It returns nil if there is none.
func (s *Billing) MethodFor(sub *state.Subscription) *state.PaymentMethod {
	if method := s.State.PaymentMethods.Get(sub.DefaultPaymentMethod); method != nil {
		return method
	}
	return s.State.PaymentMethods.Get(s.State.Customers.Get(sub.Customer).DefaultPaymentMethod)
}

// OffSession marks an attempt that starts on its own: the customer is not there
// to authenticate.
const OffSession = true

// attempt charges an open invoice and does everything that follows. failed runs
// after a decline, and after a challenge that nobody is there to pass. The
// error of a challenge has the code invoice_payment_intent_requires_action.
func (s *Billing) attempt(invoice *state.Invoice, method *state.PaymentMethod, offSession bool,
	failed func(*state.Invoice)) *api.Error {
	intent := s.openPayment(invoice)
	failure := s.Payments.Confirm(intent, method, offSession)
	switch intent.Status {
	case "processing":
		invoice.Attempts++
		invoice.NextAttempt = time.Time{}
	case "succeeded":
		invoice.Attempts++
		s.invoicePaid(invoice)
	case "requires_action":
		s.Events.Emit("invoice.payment_action_required", s.ShowInvoice(invoice), nil)
		if offSession {
			failed(invoice)
		}
		return &api.Error{Status: http.StatusPaymentRequired, Type: "card_error",
			Code:    "invoice_payment_intent_requires_action",
			Message: "This payment requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with the invoice."}
	default:
		failed(invoice)
	}
	return failure
}

// invoicePaid closes an invoice that was charged, or had nothing due, and lets
// its subscription recover.
func (s *Billing) invoicePaid(invoice *state.Invoice) {
	before := s.ShowInvoice(invoice)
	s.MarkPaid(invoice, invoice.PaymentIntent)
	s.Events.EmitUpdate("invoice.updated", before, s.ShowInvoice(invoice))
	if sub := s.subscriptionOf(invoice); sub != nil {
		s.saveMethod(sub, invoice)
		s.resumeAfter(sub, invoice)
	}
	if customer := s.State.Customers.Get(invoice.Customer); customer.Delinquent && !s.hasUnpaid(customer.ID) {
		s.Customers.ChangeCustomer(customer, func() { customer.Delinquent = false })
	}
	if !invoice.PaidOutOfBand {
		s.EmitInvoicePayment(invoice)
	}
}

// saveMethod makes the payment method of a paid invoice the default of its
// subscription, if the subscription saves it.
func (s *Billing) saveMethod(sub *state.Subscription, invoice *state.Invoice) {
	intent := s.State.PaymentIntents.Get(invoice.PaymentIntent)
	if !sub.SaveDefaultMethod || intent == nil || intent.PaymentMethod == "" || invoice.PaidOutOfBand {
		return
	}
	s.Customers.Attach(s.State.PaymentMethods.Get(intent.PaymentMethod), sub.Customer)
	s.ChangeSubscription(sub, func() { sub.DefaultPaymentMethod = intent.PaymentMethod })
}

// resumeAfter updates a subscription whose invoice was paid.
func (s *Billing) resumeAfter(sub *state.Subscription, invoice *state.Invoice) {
	if sub.PendingUpdate != nil && sub.PendingUpdate.Invoice == invoice.ID {
		s.applyPending(sub)
	}
	if sub.Status == "paused" && sub.LatestInvoice == invoice.ID {
		s.activate(sub)
		return
	}
	switch sub.Status {
	case "incomplete":
		if sub.LatestInvoice != invoice.ID {
			return
		}
	case "past_due", "unpaid":
		if sub.LatestInvoice != invoice.ID && s.hasUnpaid(sub.ID) {
			return
		}
	default:
		return
	}
	s.ChangeSubscription(sub, func() { sub.Status = "active" })
	s.Catalog.RefreshEntitlements(sub.Customer)
}

// hasUnpaid reports whether a subscription or a customer has an open invoice that
// was tried.
func (s *Billing) hasUnpaid(owner string) bool {
	return slices.ContainsFunc(s.State.Invoices.Of(owner), func(invoice *state.Invoice) bool {
		return invoice.Status == "open" && invoice.Attempts > 0
	})
}

// attemptFailed records a failed attempt: the subscription is past due, and a
// retry or its end follows.
func (s *Billing) attemptFailed(invoice *state.Invoice) {
	before := s.ShowInvoice(invoice)
	invoice.Attempts++
	sub := s.subscriptionOf(invoice)
	retries := s.Dunning.retries()
	payable := s.methodOf(invoice) != nil // without a payment method a retry is pointless
	exhausted := payable && invoice.Attempts > len(retries)
	first := sub != nil && sub.Status == "incomplete"
	switch {
	case first:
		invoice.AutoAdvance = false // the customer must act
	case exhausted:
		invoice.AutoAdvance, invoice.NextAttempt = false, time.Time{}
	case !payable:
		invoice.NextAttempt = time.Time{}
	case invoice.AutoAdvance:
		s.retryAt(invoice, s.Now().Add(retries[invoice.Attempts-1]))
	}
	s.Events.Emit("invoice.payment_failed", s.ShowInvoice(invoice), nil)
	s.Events.EmitUpdate("invoice.updated", before, s.ShowInvoice(invoice))
	if first || sub != nil && !sub.Live() {
		return
	}
	if customer := s.State.Customers.Get(invoice.Customer); !customer.Delinquent {
		s.Customers.ChangeCustomer(customer, func() { customer.Delinquent = true })
	}
	if sub == nil {
		return
	}
	if sub.Status == "active" || sub.Status == "trialing" {
		s.ChangeSubscription(sub, func() { sub.Status = "past_due" })
		s.Catalog.RefreshEntitlements(sub.Customer)
	}
	if exhausted {
		s.exhausted(sub)
	}
}

// exhausted applies Dunning.End after the last failed attempt.
func (s *Billing) exhausted(sub *state.Subscription) {
	switch s.Dunning.End {
	case "past_due":
	case "unpaid":
		s.ChangeSubscription(sub, func() { sub.Status = "unpaid" })
		s.Catalog.RefreshEntitlements(sub.Customer)
	default:
		s.CancelNow(sub, "payment_failed")
	}
}
