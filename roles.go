package lockstep

import (
	"context"
	"time"
)

// Inbox keeps events.
type Inbox interface {
	// Receive stores each delivery's event if it is new and marks its key, up to 500
	// deliveries in one transaction, and returns when that is on disk. A mark on a customer that
	// is linked lands on the account it is linked to. An error means that nothing
	// was stored; except when the connection broke during the commit, or when there are more than 500
	// deliveries: then some may be stored.
	// The deliveries' bodies are not kept.
	Receive(ctx context.Context, deliveries []Delivery) ([]Receipt, error)
	// Events returns the events that match, newest first.
	Events(ctx context.Context, filter EventFilter) (EventPage, error)
	// EventTally counts the stored events by status.
	EventTally(ctx context.Context) (map[EventStatus]int64, error)
}

// Overlapping is what a store may implement beside [Store], where transactions of deliveries
// do well to overlap; otherwise it is given one after the other.
type Overlapping interface {
	// ReceiveThen is Receive. It calls next, at most once and before it returns, when another
	// one does well to begin: what is left to do for this one is to wait. It may fail
	// all the same.
	ReceiveThen(ctx context.Context, deliveries []Delivery, next func()) ([]Receipt, error)
	// Overlap is how many of them may be under way at once.
	Overlap() int
}

// Queue is the durable set of keys that may be out of step: one row a key, two
// counters and a lease.
type Queue interface {
	// Mark raises the generation of each key, adds the scopes up and keeps the more
	// urgent priority and the earlier time; except that a key in backoff keeps its
	// time, unless the mark is [Interactive]: then it waits at most five seconds. A mark
	// that adds nothing to what is pending, and that no claim has taken yet, changes nothing.
	// A mark on a customer that is linked lands on the account it is linked to. After an error some of
	// more than a thousand marks may be made.
	Mark(ctx context.Context, marks ...Mark) error
	// Claim leases due keys that nobody holds, the most urgent and oldest first; at most a thousand.
	Claim(ctx context.Context, request ClaimRequest) ([]Claim, error)
	// Finish ends a claim; a mark made meanwhile leaves the key pending. It settles
	// the key's events, a thousand in a transaction; after an error, call it again. It returns
	// ErrLeaseLost, and changes nothing more, when the claim is not the current one.
	Finish(ctx context.Context, claim Claim, outcome Outcome) error
	// NextDue is when the earliest pending key becomes claimable; false: none is
	// pending. A key that is held becomes claimable when its lease ends.
	NextDue(ctx context.Context, maxPriority Priority) (time.Time, bool, error)
	// Work returns the row of a key, or ErrNotFound.
	Work(ctx context.Context, key Key) (Work, error)
	// Backlog returns pending keys and those whose last run failed or parked, by key.
	Backlog(ctx context.Context, limit int) ([]Work, error)
	// Wake marks up to 500 keys that wait for the key that a claim of [KeyWake] names, and moves up to 500
	// open events of a customer to its account, or of a former account to its successor. It reports whether
	// there is more to do. Save, Link and Succeed mark such a key when they cannot do it in their transaction.
	Wake(ctx context.Context, claim Claim) (more bool, err error)
	// WaitingFor returns the parked keys that wait for key.
	WaitingFor(ctx context.Context, key Key) ([]Key, error)
}

// Ledger keeps accounts, their links to customers and what was bought.
type Ledger interface {
	Links
	// Account returns the record of an account, or ErrNotFound.
	Account(ctx context.Context, account Account) (Record, error)
	// AccountsAfter returns up to limit accounts in the order of kind and id.
	AccountsAfter(ctx context.Context, after Account, limit int) ([]Account, error)
	// Troubled returns up to limit accounts that have problems, in the order of kind and id.
	Troubled(ctx context.Context, after Account, limit int) ([]Troubled, error)
	// Save writes what a run found out about its account, and its subscriptions;
	// licenses and sponsorships of the record are not written. The primary customer is
	// only ever added, or replaced: when it is deleted, or by a further customer whose
	// link is proven; else ErrLinked. Of further customers it writes that they are
	// deleted, and that a claimed one is proven by now; it neither adds nor removes any,
	// but for the primary one that was replaced. What waits for the account, or for its
	// customer, is marked when the account is new or the link is; more than 250 keys are
	// marked by runs of [KeyWake]. A change of more than a thousand rows takes several
	// transactions: after an error, save it again. ErrLeaseLost when the claim is not the
	// current one.
	Save(ctx context.Context, claim Claim, change Change) error
	// SaveProjected records what the directory's metadata now holds under our keys.
	SaveProjected(ctx context.Context, claim Claim, account Account, projected map[string]any) error
	// SaveLicense stores or updates a license, stores its notices if new, and marks
	// its account. A license never changes its account.
	SaveLicense(ctx context.Context, claim Claim, license License, notices []Notice) error
	// AccountOfLicense returns the account of a checkout session's license, or ErrNotFound.
	AccountOfLicense(ctx context.Context, checkoutID string) (Account, error)
	// LicenseOfPayment returns the license of a payment intent, or ErrNotFound.
	LicenseOfPayment(ctx context.Context, paymentID string) (License, error)
	// Forget blanks the bodies of the events that are about a deleted account, its customers
	// and its payments, a thousand in a transaction, and returns how many this call blanked, also with an
	// error: call it again for the rest. ErrInUse when it is not deleted,
	// ErrNotFound. Address and name went when it was deleted.
	Forget(ctx context.Context, account Account) (events int64, err error)
	// Notices returns what there is to tell about an account, oldest first.
	Notices(ctx context.Context, account Account) ([]Notice, error)
	// Notice returns a notice, or ErrNotFound. One that is new when it is stored marks
	// its key ([KeyNotice]) in the same transaction.
	Notice(ctx context.Context, id string) (Notice, error)
}

// Sightings is what sweeps keep.
type Sightings interface {
	// Cursor returns where a sweep stands; empty before its first run.
	Cursor(ctx context.Context, sweep string) (string, error)
	// SaveCursor marks keys and moves the cursor, in one transaction; of more than a thousand marks the first
	// are made before it. After an error the cursor has not moved.
	SaveCursor(ctx context.Context, claim Claim, sweep, cursor string, marks []Mark) error
	// Sight notes that the directory listed these identities in the given round, and
	// returns those that we do not know, that have changed since we looked, that somebody
	// said to be gone, or whose metadata does not hold what was projected.
	Sight(ctx context.Context, claim Claim, round int64, identities []Identity) ([]Account, error)
	// Unsighted returns up to limit active accounts of a kind, in the order of their
	// ids after the given one, that were known before the round (a Unix time in
	// milliseconds) and were not listed in it.
	Unsighted(ctx context.Context, kind Kind, round int64, after string, limit int) ([]Account, error)
}

// Store is everything that Lockstep keeps.
type Store interface {
	Inbox
	Queue
	Ledger
	Outbox
	Sightings
	Archive
	Purchases
	Hooks
	Deletions
	Assignments
	Replicas
	Roster
	Changes
	PriceNames
	HeldPrices
	Instances
	Backfills
	// Ping reports whether the database can be read and written.
	Ping(ctx context.Context) error
	Close() error
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

// Directory is the identity provider. Errors are [*UpstreamError]; a 404 is an
// ErrNotFound. Nothing here tries again: the queue does.
type Directory interface {
	Identity(ctx context.Context, account Account) (Identity, error)
	// MergeMetadata merges our keys into the public metadata; nil removes a key.
	MergeMetadata(ctx context.Context, account Account, metadata map[string]any) error
	// Identities returns a page of all users or organizations, the same order on
	// every page; next is empty at the end.
	Identities(ctx context.Context, kind Kind, cursor string) (page []Identity, next string, err error)
}

// Hint is what an adapter reads from a verified body, leniently: the ids that
// the event names. Nothing else of a payload is ever used.
type Hint struct {
	Event      Event   // Source, ID, Type, ObjectID, CustomerID, APIVersion, OccurredAt, Body
	Account    Account // Clerk: whom it is about; zero for other things
	CheckoutID string  // Stripe: the checkout session, for events of one
	Mode       string  // of that session
	PaymentID  string  // Stripe: the payment intent
	Ours       bool    // Stripe: the object carries metadata that names an account
	Thin       bool    // Stripe: the event gives the object's id and nothing else of it
	Foreign    string  // why it is not for this installation (mode, connected account, instance); empty: it is
}
