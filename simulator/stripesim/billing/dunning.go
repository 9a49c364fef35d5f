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

// Dunning is what failed payments of invoices lead to. A real account chooses
// it in its settings; the zero value is retries on days 3, 5 and 7 and then the
// end of the subscription.
type Dunning struct {
	// RetryAfter is how long after the nth failed attempt the next one follows;
	// nil is the default, empty is no retry.
	RetryAfter []time.Duration
	// End is what becomes of the subscription after the last failed attempt:
	// cancel (the default), unpaid (later invoices stay drafts), or past_due.
	End string
}

// Validate reports what is wrong with it.
func (d Dunning) Validate() error {
	if !slices.Contains([]string{"", "cancel", "unpaid", "past_due"}, d.End) {
		return fmt.Errorf("dunning end %q is none of cancel, unpaid, past_due", d.End)
	}
	if slices.ContainsFunc(d.RetryAfter, func(wait time.Duration) bool { return wait <= 0 }) {
		return fmt.Errorf("dunning retries must lie ahead: %v", d.RetryAfter)
	}
	return nil
}

func (d Dunning) retries() []time.Duration {
	if d.RetryAfter == nil {
		return []time.Duration{3 * 24 * time.Hour, 2 * 24 * time.Hour, 2 * 24 * time.Hour}
	}
	return d.RetryAfter
}

// webhookPatience is how long invoice.created may stay unanswered before the
// invoice is finalized all the same.
const webhookPatience = 72 * time.Hour

// draftEnds finalizes a draft that advances by itself. While the endpoints that
// were tried do not answer invoice.created, it waits, an hour at a time; a
// webhook that nobody tried to deliver yet (the clock was advanced) is no reason.
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
		switch sub.PauseBehavior { // of the collection, which is looked at only now
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

// unanswered says whether an endpoint refused invoice.created and did not take it since.
func (s *Billing) unanswered(invoice *state.Invoice) bool {
	event := s.State.Log.Records.Get(invoice.CreatedEvent)
	return event != nil && !event.Delivery.Delivered() && s.Outbox.Failing(event.ID)
}

// advance does with a finalized invoice what its way of collection says.
func (s *Billing) advance(invoice *state.Invoice) {
	if !invoice.Sent() || invoice.Due == 0 {
		s.try(invoice)
		return
	}
	s.openPayment(invoice)
	s.Events.Emit("invoice.sent", s.ShowInvoice(invoice), nil)
}

func (s *Billing) retryComes(id string) {
	invoice := s.State.Invoices.Get(id)
	if invoice.Status == "open" && invoice.AutoAdvance && !invoice.NextAttempt.IsZero() &&
		!invoice.NextAttempt.After(s.Now()) {
		s.try(invoice)
	}
}

// retryAt sets when an open invoice is tried next.
func (s *Billing) retryAt(invoice *state.Invoice, at time.Time) {
	invoice.NextAttempt = at
	s.At(at, account.TimerRetry, invoice.ID)
}

// try attempts an invoice with the payment method that is the default now.
func (s *Billing) try(invoice *state.Invoice) {
	switch method := s.methodOf(invoice); {
	case invoice.Due == 0:
		invoice.Attempts++
		s.invoicePaid(invoice)
	case method == nil:
		s.attemptFailed(invoice)
	default:
		_ = s.attempt(invoice, method, OffSession, s.attemptFailed) // the outcome is in the events
	}
}

// methodOf returns what an invoice is paid with: its own default, the
// subscription's, else the customer's; nil when there is none.
func (s *Billing) methodOf(invoice *state.Invoice) *state.PaymentMethod {
	if method := s.State.PaymentMethods.Get(invoice.DefaultPaymentMethod); method != nil {
		return method
	}
	if sub := s.subscriptionOf(invoice); sub != nil {
		return s.MethodFor(sub)
	}
	return s.State.PaymentMethods.Get(s.State.Customers.Get(invoice.Customer).DefaultPaymentMethod)
}

// MethodFor returns what a subscription is paid with: its own default, else the
// customer's; nil when there is none.
func (s *Billing) MethodFor(sub *state.Subscription) *state.PaymentMethod {
	if method := s.State.PaymentMethods.Get(sub.DefaultPaymentMethod); method != nil {
		return method
	}
	return s.State.PaymentMethods.Get(s.State.Customers.Get(sub.Customer).DefaultPaymentMethod)
}

// OffSession is who is there when an attempt begins by itself: nobody.
const OffSession = true

// attempt charges an open invoice and does everything that follows. failed is
// what follows from a decline, and from a challenge that nobody is there to
// pass. The error of a challenge is of the code invoice_payment_intent_requires_action.
func (s *Billing) attempt(invoice *state.Invoice, method *state.PaymentMethod, offSession bool, failed func(*state.Invoice)) *api.Error {
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
		return &api.Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: "invoice_payment_intent_requires_action",
			Message: "This payment requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with the invoice."}
	default:
		failed(invoice)
	}
	return failure
}

// invoicePaid closes an invoice that was charged, or had nothing to pay, and
// lets the subscription recover.
func (s *Billing) invoicePaid(invoice *state.Invoice) {
	before := s.ShowInvoice(invoice)
	s.MarkPaid(invoice, invoice.PaymentIntent)
	s.Events.EmitUpdate("invoice.updated", before, s.ShowInvoice(invoice))
	if sub := s.subscriptionOf(invoice); sub != nil {
		s.saveMethod(sub, invoice)
		s.resumeAfter(sub, invoice)
	}
	if customer := s.State.Customers.Get(invoice.Customer); customer.Delinquent && !s.owes(customer.ID) {
		s.Customers.ChangeCustomer(customer, func() { customer.Delinquent = false })
	}
	if !invoice.PaidOutOfBand {
		s.EmitInvoicePayment(invoice)
	}
}

// saveMethod makes what paid a subscription's invoice the subscription's default,
// if it is to be saved.
func (s *Billing) saveMethod(sub *state.Subscription, invoice *state.Invoice) {
	intent := s.State.PaymentIntents.Get(invoice.PaymentIntent)
	if !sub.SaveDefaultMethod || intent == nil || intent.PaymentMethod == "" || invoice.PaidOutOfBand {
		return
	}
	s.Customers.Attach(s.State.PaymentMethods.Get(intent.PaymentMethod), sub.Customer)
	s.ChangeSubscription(sub, func() { sub.DefaultPaymentMethod = intent.PaymentMethod })
}

// resumeAfter is what a paid invoice does to its subscription.
func (s *Billing) resumeAfter(sub *state.Subscription, invoice *state.Invoice) {
	if sub.PendingUpdate != nil && sub.PendingUpdate.Invoice == invoice.ID {
		s.applyPending(sub)
	}
	if sub.Status == "paused" && sub.LatestInvoice == invoice.ID {
		s.resumed(sub)
		return
	}
	switch sub.Status {
	case "incomplete":
		if sub.LatestInvoice != invoice.ID {
			return
		}
	case "past_due", "unpaid":
		if sub.LatestInvoice != invoice.ID && s.owes(sub.ID) {
			return
		}
	default:
		return
	}
	s.ChangeSubscription(sub, func() { sub.Status = "active" })
	s.Catalog.RefreshEntitlements(sub.Customer)
}

// owes says whether a subscription or a customer has an open invoice that was tried.
func (s *Billing) owes(owner string) bool {
	return slices.ContainsFunc(s.State.Invoices.Of(owner), func(invoice *state.Invoice) bool {
		return invoice.Status == "open" && invoice.Attempts > 0
	})
}

// attemptFailed books a failed attempt: past_due, the next retry, or the end.
func (s *Billing) attemptFailed(invoice *state.Invoice) {
	before := s.ShowInvoice(invoice)
	invoice.Attempts++
	sub := s.subscriptionOf(invoice)
	retries := s.Dunning.retries()
	payable := s.methodOf(invoice) != nil // without a method there is nothing to try again with
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

// exhausted ends the retries as the account's settings say.
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
