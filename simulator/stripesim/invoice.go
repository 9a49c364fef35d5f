package stripesim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Invoice is what a customer is asked to pay, for a subscription or by hand.
type Invoice struct {
	ID                   string            `json:"id"`
	Created              time.Time         `json:"created"`
	Customer             string            `json:"customer"`
	Subscription         string            `json:"subscription"`          // "" for one made by hand
	SubscriptionMetadata map[string]string `json:"subscription_metadata"` // as it was when the invoice was made
	Reason               string            `json:"billing_reason"`
	Status               string            `json:"status"` // draft, open, paid, uncollectible, void
	Number               string            `json:"number"` // shown once finalized
	Currency             string            `json:"currency"`
	Description          string            `json:"description"`
	Footer               string            `json:"footer"`
	Metadata             map[string]string `json:"metadata"`
	CollectionMethod     string            `json:"collection_method"` // "" is charge_automatically
	DaysUntilDue         int64             `json:"days_until_due"`
	DueDate              time.Time         `json:"due_date"`
	DefaultPaymentMethod string            `json:"default_payment_method"`
	Lines                []InvoiceLine     `json:"lines"`
	Discounts            []string          `json:"discounts"`
	PaymentIntent        string            `json:"payment_intent"` // "" when nothing was to pay, or not tried yet
	PaymentID            string            `json:"payment_id"`     // the inpay_ that ties the intent to the invoice
	PaidOutOfBand        bool              `json:"paid_out_of_band"`
	AutoAdvance          bool              `json:"auto_advance"`
	Attempts             int               `json:"attempt_count"`
	NextAttempt          time.Time         `json:"next_payment_attempt"`
	FinalizesAt          time.Time         `json:"automatically_finalizes_at"`
	FinalizedAt          time.Time         `json:"finalized_at"`
	PaidAt               time.Time         `json:"paid_at"`
	UncollectibleAt      time.Time         `json:"marked_uncollectible_at"`
	VoidedAt             time.Time         `json:"voided_at"`
	PeriodStart          time.Time         `json:"period_start"`
	PeriodEnd            time.Time         `json:"period_end"`
	ProrationDate        time.Time         `json:"subscription_proration_date"`
	// invoice.created, whose delivery the finalization waits for
	CreatedEvent string `json:"created_event"`

	// What finalization fixes: the customer's balance before and after, and
	// what it left to pay.
	StartingBalance int64  `json:"starting_balance"`
	EndingBalance   int64  `json:"ending_balance"`
	Due             int64  `json:"amount_due"`
	CustomerEmail   string `json:"customer_email"`
	CustomerName    string `json:"customer_name"`
}

// InvoiceLine is one line of an invoice.
type InvoiceLine struct {
	ID          string            `json:"id"`
	Price       string            `json:"price"` // "" for an amount without a price
	Quantity    int64             `json:"quantity"`
	Amount      int64             `json:"amount"`
	Item        string            `json:"subscription_item"` // "" for a one-time price
	InvoiceItem string            `json:"invoice_item"`      // the item it was made from, "" for a subscription's own line
	Proration   bool              `json:"proration"`
	Description string            `json:"description"`
	Metadata    map[string]string `json:"metadata"`
	Discounts   []string          `json:"discounts"` // the item's own
	Taken       []lineDiscount    `json:"taken"`     // what all discounts take off
	PeriodStart time.Time         `json:"period_start"`
	PeriodEnd   time.Time         `json:"period_end"`
}

// Key is the id.
func (i *Invoice) Key() string { return i.ID }

// Owners are the customer and the subscription.
func (i *Invoice) Owners() []string {
	if i.Subscription == "" {
		return []string{i.Customer}
	}
	return []string{i.Customer, i.Subscription}
}

// Key is the id.
func (l *InvoiceLine) Key() string { return l.ID }

// Subtotal is the sum of the lines. It can be negative.
func (i *Invoice) Subtotal() int64 {
	var subtotal int64
	for _, line := range i.Lines {
		subtotal += line.Amount
	}
	return subtotal
}

// Total is what is left of the subtotal after discounts.
func (i *Invoice) Total() int64 {
	total := i.Subtotal()
	for _, line := range i.Lines {
		total -= line.off()
	}
	return total
}

func (i *Invoice) finalized() bool { return !i.FinalizedAt.IsZero() }

// sent says whether the customer is asked to pay instead of being charged.
func (i *Invoice) sent() bool { return i.CollectionMethod == "send_invoice" }

func (i *Invoice) clone() Invoice {
	copied := *i
	copied.Lines, copied.Discounts = slices.Clone(i.Lines), slices.Clone(i.Discounts)
	copied.Metadata, copied.SubscriptionMetadata = maps.Clone(i.Metadata), maps.Clone(i.SubscriptionMetadata)
	return copied
}

// draft stores a new invoice of a subscription, without an event. It takes up
// the pending invoice items: all of the customer's, except that a change of the
// subscription bills only what belongs to it.
func (s *Stripe) draft(sub *Subscription, reason string, lines []InvoiceLine) *Invoice {
	invoice := s.plan(sub, reason, lines)
	s.takeUp(invoice, s.pendingItems(sub.Customer, func(item *InvoiceItem) bool {
		return item.Subscription == sub.ID || item.Subscription == "" && reason != "subscription_update"
	}))
	return s.addInvoice(invoice)
}

// plan makes a subscription's invoice without storing it.
func (s *Stripe) plan(sub *Subscription, reason string, lines []InvoiceLine) *Invoice {
	return &Invoice{Customer: sub.Customer, Subscription: sub.ID, SubscriptionMetadata: sub.Metadata, Reason: reason,
		Currency: sub.Currency, Lines: lines, AutoAdvance: true, CollectionMethod: sub.CollectionMethod,
		DaysUntilDue: sub.DaysUntilDue,
		Discounts:    s.inherited(sub.Customer, sub),
		PeriodStart:  s.now(), PeriodEnd: s.now()}
}

// addInvoice gives an invoice its identity and stores it as a draft. The items
// on it are no longer pending.
func (s *Stripe) addInvoice(invoice *Invoice) *Invoice {
	invoice.ID, invoice.Created, invoice.Status = s.world.NewID("in_1", 23), s.now(), "draft"
	for n := range invoice.Lines {
		invoice.Lines[n].ID = s.world.NewID("il_1", 23)
	}
	s.claim(invoice)
	s.applyDiscounts(invoice)
	s.useUp(invoice)
	customer := s.state.Customers.Get(invoice.Customer)
	invoice.Number = fmt.Sprintf("%s-%04d", customer.InvoicePrefix, customer.NextInvoice)
	customer.NextInvoice++
	return s.state.Invoices.Add(invoice)
}

// preview gives an invoice that is never stored the look of a draft made at a time.
func (s *Stripe) preview(invoice *Invoice, at time.Time) *Invoice {
	invoice.ID, invoice.Created, invoice.Status = s.world.NewID("upcoming_in_1", 23), at, "draft"
	for n := range invoice.Lines {
		invoice.Lines[n].ID = s.world.NewID("il_tmp_1", 23)
	}
	s.applyDiscounts(invoice)
	return invoice
}

// emitCreated writes invoice.created and remembers it: its delivery is what
// automatic finalization waits for.
func (s *Stripe) emitCreated(invoice *Invoice) {
	invoice.CreatedEvent = s.emit("invoice.created", s.showInvoice(invoice), nil).ID
}

// finalize closes a draft's content and settles it with the customer's balance.
func (s *Stripe) finalize(invoice *Invoice) {
	s.finalizeWith(invoice, s.state.Customers.Get(invoice.Customer).Balance)
}

// finalizeWith closes a draft using so much of the customer's balance: all of
// it, or nothing for an invoice whose money a checkout has taken already.
func (s *Stripe) finalizeWith(invoice *Invoice, balance int64) {
	customer := s.state.Customers.Get(invoice.Customer)
	before := s.showCustomer(customer)
	invoice.Status, invoice.FinalizedAt, invoice.FinalizesAt = "open", s.now(), time.Time{}
	invoice.CustomerEmail, invoice.CustomerName = customer.Email, customer.Name
	invoice.StartingBalance = balance
	invoice.Due, invoice.EndingBalance = settleBalance(invoice.Total(), balance)
	s.moveBalance(customer, BalanceTransaction{Amount: invoice.EndingBalance - balance, Currency: invoice.Currency,
		Type: "applied_to_invoice", Invoice: invoice.ID})
	if invoice.sent() && invoice.DueDate.IsZero() {
		invoice.DueDate = s.now().AddDate(0, 0, int(invoice.DaysUntilDue))
	}
	if invoice.sent() {
		s.at(invoice.DueDate, timerOverdue, invoice.ID)
	}
	s.emitUpdate("customer.updated", before, s.showCustomer(customer))
	s.emit("invoice.finalized", s.showInvoice(invoice), nil)
}

// settleBalance returns what is left to pay of a total, and the balance after.
// A negative balance is credit, a positive one is owed on top of the total.
func settleBalance(total, balance int64) (due, after int64) {
	sum := total + balance
	if sum >= 0 {
		return sum, 0
	}
	return 0, sum
}

// markPaid closes an invoice. intent is "" when there was nothing to pay.
func (s *Stripe) markPaid(invoice *Invoice, intent string) {
	invoice.Status, invoice.PaidAt, invoice.NextAttempt, invoice.AutoAdvance = "paid", s.now(), time.Time{}, false
	if intent != "" {
		s.tie(invoice, intent)
	}
	s.emit("invoice.paid", s.showInvoice(invoice), nil)
	s.emit("invoice.payment_succeeded", s.showInvoice(invoice), nil)
}

// void makes an invoice one that was never owed; what was taken of the
// customer's balance goes back.
func (s *Stripe) void(invoice *Invoice) {
	invoice.Status, invoice.VoidedAt, invoice.AutoAdvance, invoice.NextAttempt = "void", s.now(), false, time.Time{}
	if used := invoice.EndingBalance - invoice.StartingBalance; used != 0 {
		customer := s.state.Customers.Get(invoice.Customer)
		s.changeCustomer(customer, func() {
			s.moveBalance(customer, BalanceTransaction{Amount: -used, Currency: invoice.Currency,
				Type: "unapplied_from_invoice", Invoice: invoice.ID})
		})
	}
	s.emit("invoice.voided", s.showInvoice(invoice), nil)
	s.cancelPayment(invoice)
}

func (s *Stripe) markUncollectible(invoice *Invoice) {
	invoice.Status, invoice.UncollectibleAt, invoice.AutoAdvance, invoice.NextAttempt = "uncollectible", s.now(), false,
		time.Time{}
	s.emit("invoice.marked_uncollectible", s.showInvoice(invoice), nil)
}

// overdue runs when a sent invoice's due date has come.
func (s *Stripe) overdue(id string) {
	invoice := s.state.Invoices.Get(id)
	if invoice == nil || invoice.Status != "open" || invoice.DueDate.After(s.now()) {
		return
	}
	s.emit("invoice.overdue", s.showInvoice(invoice), nil)
	if sub := s.subscriptionOf(invoice); sub != nil && sub.Status == "active" {
		s.changeSubscription(sub, func() { sub.Status = "past_due" })
		s.refreshEntitlements(sub.Customer)
	}
}

// subscriptionOf returns an invoice's subscription, nil for one made by hand.
func (s *Stripe) subscriptionOf(invoice *Invoice) *Subscription {
	return s.state.Subscriptions.Get(invoice.Subscription)
}
