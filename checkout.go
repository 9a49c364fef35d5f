package lockstep

import (
	"context"
	"errors"
	"time"
)

// CheckoutMetadata is on the checkout sessions that we began, and tells which
// request began it: the same again is answered with the same session.
const CheckoutMetadata = "lockstepCheckout"

// CheckoutRequest is what a checkout is begun with. Whether it is a subscription
// or a one-time payment follows from the price.
type CheckoutRequest struct {
	Account          Account
	CustomerID       string
	Price            Price
	Quantity         int64  // 0 means 1
	SuccessURL       string // may hold {CHECKOUT_SESSION_ID}
	CancelURL        string
	PaidBy           string // the user who pays for an organization; may be empty
	TrialDays        int64  // 0: none
	TrialWithoutCard bool   // no card is asked for; the trial then ends the subscription
	Fingerprint      string // of the request, see CheckoutMetadata
	IdempotencyKey   string // empty: every request begins a checkout of its own
}

// Price is what can be bought.
type Price struct {
	ID        string
	LookupKey string // may be empty
	ProductID string
	Active    bool     // an inactive one is only for those who have it
	Recurring bool     // a subscription; else a one-time payment
	Metered   bool     // billed by use, so that it has no quantity
	Keys      []string // every lookup key that it has or had, see [Item.Keys]; set by who remembers them
}

// Item is what a price is as a part of a subscription or payment.
func (p Price) Item() Item {
	return Item{PriceID: p.ID, LookupKey: p.LookupKey, ProductID: p.ProductID, Keys: p.Keys}
}

// PortalFlow leads straight to one action of the portal; empty: its front page.
type PortalFlow string

// The flows, by Stripe's names for flow_data[type].
const (
	PortalCancel        PortalFlow = "subscription_cancel"
	PortalUpdate        PortalFlow = "subscription_update"
	PortalPaymentMethod PortalFlow = "payment_method_update"
)

// PortalRequest is what a portal session is begun with.
type PortalRequest struct {
	CustomerID     string
	ReturnURL      string
	Configuration  string // bpc_…; empty: the account's default
	Flow           PortalFlow
	SubscriptionID string // of a flow of a subscription
}

// CheckoutService is Stripe as the place where one buys: what a buyer can do on its pages, and
// what there is that must not be bought twice. Errors are as those of [Billing];
// ErrNotFound when the customer or the price is not there.
type CheckoutService interface {
	// Price returns a price by its id, also an inactive one.
	Price(ctx context.Context, id string) (Price, error)
	// PriceByLookupKey returns the active price that has the lookup key now.
	PriceByLookupKey(ctx context.Context, key string) (Price, error)
	Checkouts(ctx context.Context, customerID string) ([]Checkout, error)
	Subscriptions(ctx context.Context, customerID string) ([]Subscription, error)
	StartCheckout(ctx context.Context, request CheckoutRequest) (Checkout, error)
	// CloseCheckout expires an open session, so that nobody can pay it any more. One
	// that is not open is refused ([UpstreamError.Rejected]).
	CloseCheckout(ctx context.Context, id string) error
	// GiveUp ends a subscription whose first payment is open (incomplete), so that nobody can
	// pay it any more, and returns its new state. It changes no subscription of another status.
	// ErrBusy while Stripe is processing a payment of it.
	GiveUp(ctx context.Context, subscriptionID string) (Subscription, error)
	StartPortal(ctx context.Context, request PortalRequest) (url string, err error)
}

// Purchases lets one checkout of an account begin at a time, whichever replica is
// asked: only then what was looked at still holds when the session is created.
type Purchases interface {
	// BeginPurchase takes the account's turn, for at most lease; ErrBusy while
	// somebody has it. Its number is a new one, except after a turn for the same
	// request that was not settled within the last 23 hours: then it is that one's,
	// and an idempotency key made of it gives the session that may have been created.
	BeginPurchase(ctx context.Context, account Account, fingerprint string, lease time.Duration) (PurchaseLock, error)
	// EndPurchase gives the turn back. It is settled when Stripe answered: whatever
	// it created is known. ErrLeaseLost when somebody else has the turn by now.
	EndPurchase(ctx context.Context, lock PurchaseLock, settled bool) error
	// HadTrial reports whether an address has had a trial, by [AccountUpdate.TrialAddresses].
	HadTrial(ctx context.Context, email string) (bool, error)
}

// PurchaseLock is the right to begin a checkout for an account.
type PurchaseLock struct {
	Account Account
	Token   string
	Number  int64
}

// Session is who a verified session token speaks for.
type Session struct {
	UserID           string
	SessionID        string
	OrganizationID   string // the active organization; may be empty
	OrganizationRole string // of the user in it, without the prefix "org:"
	Impersonated     bool   // somebody else acts as the user: may read, but not spend
	Claims           map[string]any
}

// ErrSessionTime means that a session token is genuine, but not valid at this time: nobody tried
// to guess one.
var ErrSessionTime = errors.New("not valid at this time")

// Sessions verifies session tokens. Any error means: not signed in.
type Sessions interface {
	Verify(ctx context.Context, token string) (Session, error)
}
