package lockstep

import (
	"context"
	"time"
)

// Customer is the current state of a Stripe customer.
type Customer struct {
	ID       string
	Email    string
	Name     string
	Metadata map[string]string
	Deleted  bool // Stripe says that the customer is deleted

	CreatedAt time.Time
}

// Subscription is a Stripe subscription as last observed. Status is Stripe's value: trialing,
// active, past_due, unpaid, incomplete, incomplete_expired, canceled, paused, or one that this
// version does not know.
type Subscription struct {
	ID                string
	CustomerID        string
	Status            string
	Items             []Item // each has its own paid period, since API version 2025-03-31
	CancelAtPeriodEnd bool
	CancelAt          time.Time // zero: not scheduled
	CanceledAt        time.Time
	EndedAt           time.Time // zero: not ended
	TrialEnd          time.Time
	CreatedAt         time.Time
	// UnpaidSince is when the overdue payment of a past_due or unpaid subscription failed. Zero:
	// nothing is overdue, or an older version stored the subscription. See [Subscription.Owing].
	UnpaidSince time.Time
	// TriedAt is when Stripe first tried to collect the open latest invoice. Zero: the invoice is
	// paid, a draft, or was sent to the customer.
	TriedAt time.Time
	// PlanNamed is the plan in the app's metadata on the subscription or on its checkout session;
	// see [Catalog.PlanMetadata].
	PlanNamed  string
	ScheduleID string // the schedule that controls it; not stored
	InvoiceID  string // the latest invoice; not stored
	// InvoiceDue is the due date of an open invoice that was sent to the customer; otherwise zero. Not
	// stored.
	InvoiceDue time.Time
	InvoiceURL string            // Stripe's page where an open invoice can be paid; not stored
	PaidBy     string            // the user who bought it for an organization; may be empty
	Metadata   map[string]string // only PaidBy is stored
}

// Ending reports whether s is scheduled to end. Stripe has two encodings: a flag or, from the
// customer portal in flexible billing mode, a date alone.
func (s Subscription) Ending() bool { return s.CancelAtPeriodEnd || !s.CancelAt.IsZero() }

// EndsWithPeriod reports whether s ends with its paid period. If it ends later, Stripe bills it
// until then.
func (s Subscription) EndsWithPeriod() bool {
	return s.CancelAtPeriodEnd || !s.CancelAt.IsZero() && !s.CancelAt.After(s.PeriodEnd())
}

// Ended reports whether s has ended and cannot be resumed.
func (s Subscription) Ended() bool {
	return s.Status == "canceled" || s.Status == "incomplete_expired"
}

// PeriodEnd returns the latest end of a paid period among the items; zero if unknown.
func (s Subscription) PeriodEnd() time.Time {
	var end time.Time
	for _, i := range s.Items {
		if i.PeriodEnd.After(end) {
			end = i.PeriodEnd
		}
	}
	return end
}

// Owing returns the subscription with UnpaidSince set, as observed at now. was is its earlier
// state, or the zero Subscription if it is new.
//
// UnpaidSince is the time of the first failure; later failed invoices do not move it. Stripe does
// not report it directly. A card fails when Stripe first tries. A sent invoice is overdue from its
// due date. A bank debit fails days after the attempt: if the subscription was in good standing
// after the attempt, the failure counts from now.
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

// unpaidSince returns UnpaidSince. For a subscription that an older version stored, it returns the
// start of the newest period, which Stripe moves about an hour before it collects.
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

// Item is one line of a subscription or of a one-time payment.
type Item struct {
	ID        string
	PriceID   string
	LookupKey string // may be empty
	ProductID string
	// ProductPlan is the product's metadata "plan", else its name, as first read. It is read only if
	// nothing else names the plan.
	ProductPlan string
	// Keys are the lookup keys that the price has or had, the key at purchase first. Empty until
	// [Item.Named] fills it.
	Keys []string
	// BoughtAs is the price's name when the item was first seen: its lookup key, else ProductPlan.
	// It is the plan's name if the catalog does not list the item.
	BoughtAs string
	// SiblingKeys are the lookup keys of the product's other prices. They are read only if nothing
	// else names the plan ([Catalog.NeedsSiblings]).
	SiblingKeys []string
	Quantity    int64
	PeriodStart time.Time
	PeriodEnd   time.Time
}

// Product is a Stripe product. It names a plan if neither the catalog nor a lookup key does.
type Product struct {
	ID   string
	Name string
	Plan string // metadata "plan"; may be empty
}

// Checkout is the current state of a Stripe checkout session and its payment.
type Checkout struct {
	ID             string
	Mode           string // payment, subscription, setup
	Status         string // open, complete, expired
	PaymentStatus  string // paid, unpaid, no_payment_required
	CustomerID     string // empty for a guest
	Reference      string // client_reference_id
	Metadata       map[string]string
	PaymentID      string // the payment intent; empty if nothing had to be paid
	SubscriptionID string // the subscription that a completed session created; empty for one-time payments
	Amount         int64  // total, in the currency's smallest unit
	Currency       string
	Items          []Item
	PaymentFailed  bool      // a delayed payment method failed
	Refunded       bool      // fully
	RefundedAmount int64     // part of Amount; decreases if a refund fails
	Disputed       bool      // a dispute is open or lost
	PaidAt         time.Time // when the charge was made; zero without a charge
	CreatedAt      time.Time
	URL            string // Stripe's page where an open session can be paid
	ExpiresAt      time.Time
}

// LicenseStatus is the state of a license. Only an active license grants access.
type LicenseStatus string

// The states of a license. No state is final: a dispute that is won, for example, makes the
// license active again.
const (
	LicenseActive   LicenseStatus = "active"
	LicensePending  LicenseStatus = "pending"  // completed, but a delayed payment method has not paid yet
	LicenseFailed   LicenseStatus = "failed"   // completed, but the delayed payment method failed
	LicenseRefunded LicenseStatus = "refunded" // in full; for partial refunds see [License.RefundedAmount]
	LicenseDisputed LicenseStatus = "disputed"
)

// License is the permanent record of a one-time payment, unique by checkout session.
type License struct {
	ID        string // the id of the checkout session
	Account   Account
	PaymentID string
	Items     []Item
	Amount    int64
	Currency  string
	Status    LicenseStatus
	// RefundedAmount is the refunded part of Amount. [Catalog.PartialRefund] decides what a partial
	// refund does.
	RefundedAmount int64
	PlanNamed      string    // the plan in the session's metadata, see [Catalog.PlanMetadata]
	PaidAt         time.Time // the start of [Plan.Duration]; zero: CreatedAt
	CreatedAt      time.Time
}

// paidSince returns when the license started.
func (l License) paidSince() time.Time {
	if l.PaidAt.IsZero() {
		return l.CreatedAt
	}
	return l.PaidAt
}

// LicenseOf returns the license that a completed one-time checkout gives to account. It returns
// false for any other checkout.
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

// NewCustomer holds the parameters of a customer's creation. They are stored before the call (see
// [Intent]), because Stripe requires the same parameters with the same idempotency key.
type NewCustomer struct {
	Account        Account
	Email          string
	Name           string
	IdempotencyKey string
}

// Billing reads Stripe's current state and writes what the directory decides. Errors are
// [*UpstreamError]; a 404 is an ErrNotFound. Methods do not retry; the queue does.
type Billing interface {
	BackfillLists
	CreateCustomer(ctx context.Context, c NewCustomer) (Customer, error)
	// NameCustomer writes the account into the customer's metadata. ErrNotFound if the customer is
	// deleted.
	NameCustomer(ctx context.Context, id string, account Account) error
	// UpdateCustomer writes the non-empty fields. ErrNotFound if the customer is deleted.
	UpdateCustomer(ctx context.Context, id string, change CustomerDetails) error
	// DeleteCustomer deletes a customer, which cancels its subscriptions. Deleting it again is no
	// error. ErrNotFound if it never existed in this mode.
	DeleteCustomer(ctx context.Context, id string) error
	// Used reports whether a customer has or had a subscription, a charge or a payment method.
	Used(ctx context.Context, customerID string) (bool, error)
	// Customer returns a customer, including a deleted one.
	Customer(ctx context.Context, id string) (Customer, error)
	// CustomersOf lists the customers created since a time whose metadata names the account. It does
	// not use Stripe's search, which lags.
	CustomersOf(ctx context.Context, account Account, since time.Time) ([]Customer, error)
	// CustomersByEmail returns the customers with exactly this address; case matters.
	CustomersByEmail(ctx context.Context, email string) ([]Customer, error)
	// Subscriptions returns all subscriptions of a customer, including ended ones.
	Subscriptions(ctx context.Context, customerID string) ([]Subscription, error)
	Subscription(ctx context.Context, id string) (Subscription, error)
	// SetQuantity changes the quantity of a subscription item.
	SetQuantity(ctx context.Context, subscriptionID, itemID string, quantity int64, proration SeatProration) error
	// EndSubscription schedules a subscription to end with its paid period. It is no error if the
	// subscription is ending or has ended.
	EndSubscription(ctx context.Context, id string) error
	// CancelSubscription ends a subscription now. It is no error if it has ended.
	CancelSubscription(ctx context.Context, id string) error
	// UnstartedSchedules returns the customer's subscription schedules that have not started. Each
	// will create a subscription.
	UnstartedSchedules(ctx context.Context, customerID string) (ids []string, err error)
	// ReleaseSchedule detaches a subscription from its schedule, which otherwise controls its
	// cancellation. It is no error if the schedule has ended.
	ReleaseSchedule(ctx context.Context, id string) error
	// CancelSchedule cancels a schedule and its subscription now. It is no error if the schedule has
	// ended.
	CancelSchedule(ctx context.Context, id string) error
	// Entitlements returns the lookup keys of the customer's active entitlements, sorted.
	Entitlements(ctx context.Context, customerID string) ([]string, error)
	// Checkout returns a session with its items and the state of its payment.
	Checkout(ctx context.Context, id string) (Checkout, error)
	// Checkouts returns a customer's sessions, without their items.
	Checkouts(ctx context.Context, customerID string) ([]Checkout, error)
	// CheckoutsSince returns a page of all sessions created since a time, without their items; next is
	// empty at the end. Stripe keeps sessions permanently.
	CheckoutsSince(ctx context.Context, since time.Time, cursor string) (page []Checkout, next string, err error)
	// CheckoutOfPayment returns the session of a payment intent, without its items,
	// or ErrNotFound.
	CheckoutOfPayment(ctx context.Context, paymentID string) (Checkout, error)
	// BuyerEmail returns the address that the buyer entered at the checkout of a session ("cs_…") or
	// of a subscription ("sub_…"). It is empty without a checkout or an address.
	BuyerEmail(ctx context.Context, objectID string) (string, error)
	Product(ctx context.Context, id string) (Product, error)
	// PricesOf returns the active prices of a product.
	PricesOf(ctx context.Context, productID string) ([]Price, error)
	// PartiesOf returns the customer and the payment intent of a subscription, invoice, charge or
	// dispute. Either may be empty.
	PartiesOf(ctx context.Context, objectID string) (customerID, paymentID string, err error)
	// EventsSince returns a page of the events since a time, newest first; next is
	// empty at the end. Stripe keeps events for 30 days.
	EventsSince(ctx context.Context, since time.Time, cursor string) (hints []Hint, next string, err error)
}
