package lockstep

import (
	"context"
	"time"
)

// Customer is a Stripe customer as Stripe describes it now.
type Customer struct {
	ID       string
	Email    string
	Name     string
	Metadata map[string]string
	Deleted  bool // Stripe answers for a deleted customer; that is positive evidence

	CreatedAt time.Time
}

// Subscription is a Stripe subscription as Stripe described it when it was last
// observed. Status is Stripe's own word: trialing, active, past_due, unpaid,
// incomplete, incomplete_expired, canceled, paused, or one that is new to us.
type Subscription struct {
	ID                string
	CustomerID        string
	Status            string
	Items             []Item // each with its own paid period, as Stripe has it since 2025-03-31
	CancelAtPeriodEnd bool
	CancelAt          time.Time // zero: not scheduled
	CanceledAt        time.Time
	EndedAt           time.Time // zero: not ended
	TrialEnd          time.Time
	CreatedAt         time.Time
	// UnpaidSince is when the payment failed that a past_due or unpaid subscription owes;
	// zero: everything is paid, or an older version stored it. See [Subscription.Owing].
	UnpaidSince time.Time
	// TriedAt is when Stripe first tried to collect the latest invoice, while that is open;
	// zero: it is paid, a draft, or was sent to the customer.
	TriedAt time.Time
	// PlanNamed is the plan that the app named in the metadata of the subscription, or of
	// the checkout session that began it; see [Catalog.PlanMetadata].
	PlanNamed  string
	ScheduleID string // that it runs under, as observed; not kept
	InvoiceID  string // the latest invoice, as observed; not kept
	// the due date of one that is open and was sent to the customer; zero for any other; not kept
	InvoiceDue time.Time
	InvoiceURL string // Stripe's page on which it can be paid while it is open; not kept
	// LatestInvoice is what e-mails say about it, as observed; not kept
	LatestInvoice Invoice
	PaidBy        string            // the user who bought it for an organization; may be empty
	Metadata      map[string]string // as observed; only PaidBy is kept of it
}

// Ending reports whether s is going to end. Stripe has two encodings: a flag,
// or, from the customer portal in flexible billing mode, a date alone.
func (s Subscription) Ending() bool { return s.CancelAtPeriodEnd || !s.CancelAt.IsZero() }

// EndsWithPeriod reports whether s ends with what is paid for. With a later date it is billed
// until then.
func (s Subscription) EndsWithPeriod() bool {
	return s.CancelAtPeriodEnd || !s.CancelAt.IsZero() && !s.CancelAt.After(s.PeriodEnd())
}

// Ended reports whether s is over for good.
func (s Subscription) Ended() bool {
	return s.Status == "canceled" || s.Status == "incomplete_expired"
}

// PeriodEnd is the latest end of a paid period among the items; zero if unknown.
func (s Subscription) PeriodEnd() time.Time {
	var end time.Time
	for _, i := range s.Items {
		if i.PeriodEnd.After(end) {
			end = i.PeriodEnd
		}
	}
	return end
}

// Owing returns the subscription with UnpaidSince, as observed at a moment. was is the
// subscription as it was known before; the zero Subscription at first sight.
//
// The time is that of the first failure: later invoices that fail too do not move it. Stripe
// does not tell it directly. A card fails when Stripe first tries, and an invoice that is sent
// is late from its due date on. A bank debit fails days after Stripe tried: if the subscription
// was in good standing after the attempt, the time is the moment of observation.
func (s Subscription) Owing(was Subscription, now time.Time) Subscription {
	s.UnpaidSince = time.Time{}
	good := was.Status == "active" || was.Status == "trialing"
	switch {
	case !s.owes():
	case was.owes() && !was.UnpaidSince.IsZero():
		s.UnpaidSince = was.UnpaidSince
	case !s.InvoiceDue.IsZero():
		s.UnpaidSince = s.InvoiceDue
	case s.TriedAt.IsZero():
		s.UnpaidSince = s.newestPeriod()
	case good && was.TriedAt.Equal(s.TriedAt):
		s.UnpaidSince = now.UTC().Truncate(time.Second)
	default:
		s.UnpaidSince = s.TriedAt
	}
	return s
}

func (s Subscription) owes() bool { return s.Status == "past_due" || s.Status == "unpaid" }

// unpaidSince is UnpaidSince, or, for what an older version stored, the start of the newest
// period: Stripe moves the period about an hour before it collects.
func (s Subscription) unpaidSince() time.Time {
	if s.UnpaidSince.IsZero() {
		return s.newestPeriod()
	}
	return s.UnpaidSince
}

func (s Subscription) newestPeriod() time.Time {
	var start time.Time
	for _, i := range s.Items {
		if i.PeriodStart.After(start) {
			start = i.PeriodStart
		}
	}
	return start
}

// Item is what was bought: of a subscription or of a one-time payment.
type Item struct {
	ID        string
	PriceID   string
	LookupKey string // may be empty
	ProductID string
	// the product's metadata "plan", else its name, as first read; read only where nothing nearer names
	// the plan
	ProductPlan string
	// Keys are the lookup keys that the price has or had, the one at purchase first. Empty
	// for an item that was read from Stripe and not yet given its names ([Item.Named]).
	Keys []string
	// BoughtAs is what the price was called when the item was first seen: its lookup key,
	// else ProductPlan. It names the plan where the catalog lists nothing of the item.
	BoughtAs string
	// SiblingKeys are the lookup keys of other prices of the product, for an item that
	// nothing nearer names ([Catalog.NeedsSiblings]).
	SiblingKeys []string
	Quantity    int64
	PeriodStart time.Time
	PeriodEnd   time.Time
}

// Product is what names a plan where neither catalog nor lookup key does.
type Product struct {
	ID   string
	Name string
	Plan string // metadata "plan"; may be empty
}

// Checkout is a Stripe checkout session as Stripe describes it now, with what
// became of its payment.
type Checkout struct {
	ID             string
	Mode           string // payment, subscription, setup
	Status         string // open, complete, expired
	PaymentStatus  string // paid, unpaid, no_payment_required
	CustomerID     string // empty for a guest
	Reference      string // client_reference_id
	Metadata       map[string]string
	PaymentID      string // the payment intent; empty for what is free
	SubscriptionID string // that a completed one began; empty for one-time payments
	Amount         int64  // total, in the currency's smallest unit
	Currency       string
	Items          []Item
	PaymentFailed  bool      // a delayed method was tried and has failed
	Refunded       bool      // fully
	RefundedAmount int64     // of Amount; falls again when a refund fails
	Disputed       bool      // a dispute is open or lost
	PaidAt         time.Time // when the charge was made; zero where there is none
	CreatedAt      time.Time
	URL            string // where an open one is paid
	ReceiptURL     string // Stripe's receipt of its payment, as observed; may be empty
	ExpiresAt      time.Time
}

// LicenseStatus says whether a license counts.
type LicenseStatus string

// The states of a license. None is for good: each observation says anew, so what
// took a license away gives it back when it is undone.
const (
	LicenseActive   LicenseStatus = "active"
	LicensePending  LicenseStatus = "pending"  // completed, but a delayed method has not paid yet
	LicenseFailed   LicenseStatus = "failed"   // completed, and the delayed method has failed
	LicenseRefunded LicenseStatus = "refunded" // in full; of a part, see [License.RefundedAmount]
	LicenseDisputed LicenseStatus = "disputed"
)

// License is the permanent record of a one-time payment, unique by its checkout
// session.
type License struct {
	ID        string // the checkout session's
	Account   Account
	PaymentID string
	Items     []Item
	Amount    int64
	Currency  string
	Status    LicenseStatus
	// RefundedAmount is what was given back of Amount; [Catalog.PartialRefund] says
	// what follows.
	RefundedAmount int64
	PlanNamed      string    // by the app in the session's metadata, see [Catalog.PlanMetadata]
	PaidAt         time.Time // from when on [Plan.Duration] counts; zero: CreatedAt
	CreatedAt      time.Time
}

// paidSince is when the license began to run.
func (l License) paidSince() time.Time {
	if l.PaidAt.IsZero() {
		return l.CreatedAt
	}
	return l.PaidAt
}

// LicenseOf returns the license that a one-time payment's checkout makes for
// account, and false where it makes none: it was never completed, or it is not
// a one-time payment.
func LicenseOf(c Checkout, account Account) (License, bool) {
	if c.Mode != "payment" || c.Status != "complete" {
		return License{}, false
	}
	l := License{ID: c.ID, Account: account, PaymentID: c.PaymentID, Items: c.Items,
		Amount: c.Amount, Currency: c.Currency, RefundedAmount: c.RefundedAmount, PaidAt: c.PaidAt, CreatedAt: c.CreatedAt,
		Status: LicenseActive}
	switch {
	case c.Refunded:
		l.Status = LicenseRefunded
	case c.Disputed:
		l.Status = LicenseDisputed
	case c.PaymentStatus == "unpaid":
		l.Status = LicensePending
		if c.PaymentFailed {
			l.Status = LicenseFailed
		}
	}
	return l, true
}

// NewCustomer is what a customer is created with. It is stored before the call,
// see [Intent]: the same key must always come with the same parameters.
type NewCustomer struct {
	Account        Account
	Email          string
	Name           string
	IdempotencyKey string
}

// Billing is Stripe: observed as it is now, and told what follows from the
// directory. Errors are [*UpstreamError]; a 404 is an ErrNotFound. Nothing here
// tries again: the queue does.
type Billing interface {
	BackfillLists
	Invoices
	CreateCustomer(ctx context.Context, c NewCustomer) (Customer, error)
	// NameCustomer has the customer's metadata name an account. ErrNotFound when it is deleted.
	NameCustomer(ctx context.Context, id string, account Account) error
	// UpdateCustomer writes the fields that are not empty, and no others.
	// ErrNotFound when it is deleted.
	UpdateCustomer(ctx context.Context, id string, change CustomerDetails) error
	// DeleteCustomer deletes a customer, which cancels its subscriptions. That it
	// was deleted before is no error; that it never was in this mode is ErrNotFound.
	DeleteCustomer(ctx context.Context, id string) error
	// Used reports whether a customer has, or has had, a subscription, a charge or a
	// payment method.
	Used(ctx context.Context, customerID string) (bool, error)
	// Customer returns a customer, also a deleted one.
	Customer(ctx context.Context, id string) (Customer, error)
	// CustomersOf returns the customers created since whose metadata names the
	// account, by listing; Stripe's search lags and is not used.
	CustomersOf(ctx context.Context, account Account, since time.Time) ([]Customer, error)
	// CustomersByEmail returns the customers that have just this address, as it is spelled.
	CustomersByEmail(ctx context.Context, email string) ([]Customer, error)
	// Subscriptions returns all subscriptions of a customer, ended ones too.
	Subscriptions(ctx context.Context, customerID string) ([]Subscription, error)
	Subscription(ctx context.Context, id string) (Subscription, error)
	// SetQuantity changes the quantity of an item of a subscription.
	SetQuantity(ctx context.Context, subscriptionID, itemID string, quantity int64, proration SeatProration) error
	// EndSubscription has a subscription end with its paid period. That it ends or has
	// ended is no error.
	EndSubscription(ctx context.Context, id string) error
	// CancelSubscription ends a subscription now. That it has ended is no error.
	CancelSubscription(ctx context.Context, id string) error
	// UnstartedSchedules returns the customer's subscription schedules that have not started:
	// each will begin a subscription.
	UnstartedSchedules(ctx context.Context, customerID string) (ids []string, err error)
	// ReleaseSchedule has a subscription go on without its schedule, which otherwise owns its
	// cancellation. That the schedule is over is no error.
	ReleaseSchedule(ctx context.Context, id string) error
	// CancelSchedule cancels a schedule and, now, the subscription that runs under it. That the
	// schedule is over is no error.
	CancelSchedule(ctx context.Context, id string) error
	// Entitlements returns the lookup keys of all features that a customer is entitled to,
	// sorted.
	Entitlements(ctx context.Context, customerID string) ([]string, error)
	// Checkout returns a session with its items and what became of its payment.
	Checkout(ctx context.Context, id string) (Checkout, error)
	// Checkouts returns a customer's sessions, without their items.
	Checkouts(ctx context.Context, customerID string) ([]Checkout, error)
	// CheckoutsSince returns a page of everybody's sessions created since a time,
	// without their items; next is empty at the end. Stripe keeps them for good.
	CheckoutsSince(ctx context.Context, since time.Time, cursor string) (page []Checkout, next string, err error)
	// CheckoutOfPayment returns the session of a payment intent, without its items,
	// or ErrNotFound.
	CheckoutOfPayment(ctx context.Context, paymentID string) (Checkout, error)
	// BuyerEmail returns the address that the buyer typed at the checkout of a session
	// ("cs_…") or of a subscription ("sub_…"); empty where there was no checkout or no address.
	BuyerEmail(ctx context.Context, objectID string) (string, error)
	Product(ctx context.Context, id string) (Product, error)
	// PricesOf returns the active prices of a product.
	PricesOf(ctx context.Context, productID string) ([]Price, error)
	// PartiesOf returns whom a subscription, invoice, charge or dispute is about: its
	// customer and its payment intent, each empty where it has none.
	PartiesOf(ctx context.Context, objectID string) (customerID, paymentID string, err error)
	// EventsSince returns a page of the events since a time, newest first; next is
	// empty at the end. Stripe keeps events for 30 days.
	EventsSince(ctx context.Context, since time.Time, cursor string) (hints []Hint, next string, err error)
}
