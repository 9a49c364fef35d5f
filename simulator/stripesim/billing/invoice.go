package billing

import (
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// draft stores a new invoice of a subscription without an event. It includes
// the customer's pending invoice items; for a change of the subscription, only
// those that belong to the subscription.
func (s *Billing) draft(sub *state.Subscription, reason string, lines []state.InvoiceLine) *state.Invoice {
	invoice := s.Plan(sub, reason, lines)
	s.includeItems(invoice, s.pendingItems(sub.Customer, func(item *state.InvoiceItem) bool {
		return item.Subscription == sub.ID || item.Subscription == "" && reason != "subscription_update"
	}))
	return s.AddInvoice(invoice)
}

// Plan makes a subscription's invoice without storing it.
func (s *Billing) Plan(sub *state.Subscription, reason string, lines []state.InvoiceLine) *state.Invoice {
	return &state.Invoice{Customer: sub.Customer, Subscription: sub.ID, SubscriptionMetadata: sub.Metadata,
		Reason: reason, Currency: sub.Currency, Lines: lines, AutoAdvance: true, CollectionMethod: sub.CollectionMethod,
		DaysUntilDue: sub.DaysUntilDue, Discounts: s.Discounts.Inherited(sub.Customer, sub), PeriodStart: s.Now(),
		PeriodEnd: s.Now()}
}

// AddInvoice gives an invoice its id and stores it as a draft. Its items are no
// longer pending.
func (s *Billing) AddInvoice(invoice *state.Invoice) *state.Invoice {
	invoice.ID, invoice.Created, invoice.Status = s.World.NewID("in_1", 23), s.Now(), "draft"
	for n := range invoice.Lines {
		invoice.Lines[n].ID = s.World.NewID("il_1", 23)
	}
	s.markBilled(invoice)
	s.Discounts.ApplyDiscounts(invoice)
	s.Discounts.ConsumeOneTime(invoice)
	customer := s.State.Customers.Get(invoice.Customer)
	invoice.Number = fmt.Sprintf("%s-%04d", customer.InvoicePrefix, customer.NextInvoice)
	customer.NextInvoice++
	return s.State.Invoices.Add(invoice)
}

// preview makes an invoice that is never stored look like a draft made at a
// time.
func (s *Billing) preview(invoice *state.Invoice, at time.Time) *state.Invoice {
	invoice.ID, invoice.Created, invoice.Status = s.World.NewID("upcoming_in_1", 23), at, "draft"
	for n := range invoice.Lines {
		invoice.Lines[n].ID = s.World.NewID("il_tmp_1", 23)
	}
	s.Discounts.ApplyDiscounts(invoice)
	return invoice
}

// EmitCreated emits invoice.created and remembers it: automatic finalization
// waits for its delivery.
func (s *Billing) EmitCreated(invoice *state.Invoice) {
	invoice.CreatedEvent = s.Events.Emit("invoice.created", s.ShowInvoice(invoice), nil).ID
}

// finalize fixes the content of a draft and settles it with the customer's
// balance.
func (s *Billing) finalize(invoice *state.Invoice) {
	s.FinalizeWith(invoice, s.State.Customers.Get(invoice.Customer).Balance)
}

// FinalizeWith fixes the content of a draft and uses a given part of the
// customer's balance: all of it, or none for an invoice whose money a checkout
// has already collected.
func (s *Billing) FinalizeWith(invoice *state.Invoice, balance int64) {
	customer := s.State.Customers.Get(invoice.Customer)
	before := s.ShowCustomer(customer)
	invoice.Status, invoice.FinalizedAt, invoice.FinalizesAt = "open", s.Now(), time.Time{}
	invoice.CustomerEmail, invoice.CustomerName = customer.Email, customer.Name
	invoice.StartingBalance = balance
	invoice.Due, invoice.EndingBalance = state.SettleBalance(invoice.Total(), balance)
	s.Customers.MoveBalance(customer, state.BalanceTransaction{Amount: invoice.EndingBalance - balance,
		Currency: invoice.Currency, Type: "applied_to_invoice", Invoice: invoice.ID})
	if invoice.Sent() && invoice.DueDate.IsZero() {
		invoice.DueDate = s.Now().AddDate(0, 0, int(invoice.DaysUntilDue))
	}
	if invoice.Sent() {
		s.At(invoice.DueDate, account.TimerOverdue, invoice.ID)
	}
	s.Events.EmitUpdate("customer.updated", before, s.ShowCustomer(customer))
	s.Events.Emit("invoice.finalized", s.ShowInvoice(invoice), nil)
}

// MarkPaid closes an invoice. intent is "" if nothing was due.
func (s *Billing) MarkPaid(invoice *state.Invoice, intent string) {
	invoice.Status, invoice.PaidAt, invoice.NextAttempt, invoice.AutoAdvance = "paid", s.Now(), time.Time{}, false
	if intent != "" {
		s.LinkPayment(invoice, intent)
	}
	s.Events.Emit("invoice.paid", s.ShowInvoice(invoice), nil)
	s.Events.Emit("invoice.payment_succeeded", s.ShowInvoice(invoice), nil)
}

// void cancels an open invoice and returns what it took from the customer's
// balance.
func (s *Billing) void(invoice *state.Invoice) {
	invoice.Status, invoice.VoidedAt, invoice.AutoAdvance, invoice.NextAttempt = "void", s.Now(), false, time.Time{}
	if used := invoice.EndingBalance - invoice.StartingBalance; used != 0 {
		customer := s.State.Customers.Get(invoice.Customer)
		s.Customers.ChangeCustomer(customer, func() {
			s.Customers.MoveBalance(customer, state.BalanceTransaction{Amount: -used, Currency: invoice.Currency,
				Type: "unapplied_from_invoice", Invoice: invoice.ID})
		})
	}
	s.Events.Emit("invoice.voided", s.ShowInvoice(invoice), nil)
	s.cancelPayment(invoice)
}

func (s *Billing) markUncollectible(invoice *state.Invoice) {
	invoice.Status, invoice.UncollectibleAt, invoice.AutoAdvance, invoice.NextAttempt = "uncollectible", s.Now(), false,
		time.Time{}
	s.Events.Emit("invoice.marked_uncollectible", s.ShowInvoice(invoice), nil)
}

// overdue runs on the due date of an invoice that was sent.
func (s *Billing) overdue(id string) {
	invoice := s.State.Invoices.Get(id)
	if invoice == nil || invoice.Status != "open" || invoice.DueDate.After(s.Now()) {
		return
	}
	s.Events.Emit("invoice.overdue", s.ShowInvoice(invoice), nil)
	if sub := s.subscriptionOf(invoice); sub != nil && sub.Status == "active" {
		s.ChangeSubscription(sub, func() { sub.Status = "past_due" })
		s.Catalog.RefreshEntitlements(sub.Customer)
	}
}

// subscriptionOf returns an invoice's subscription, or nil.
func (s *Billing) subscriptionOf(invoice *state.Invoice) *state.Subscription {
	return s.State.Subscriptions.Get(invoice.Subscription)
}
