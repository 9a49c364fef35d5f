package lockstep

import (
	"context"
	"errors"
	"time"
)

// CheckoutMetadata is the metadata key of checkout sessions that Lockstep created. Its value identifies
// the request, so that a repeated request gets the same session.
const CheckoutMetadata = "lockstepCheckout"

// CheckoutRequest holds the parameters of a new checkout session. The price decides whether it is a
// subscription or a one-time payment.
type CheckoutRequest struct {
	Account          Account
	CustomerID       string
	Price            Price
	Quantity         int64  // 0 means 1
	SuccessURL       string // may contain {CHECKOUT_SESSION_ID}
	CancelURL        string
	PaidBy           string // the user who pays for an organization; may be empty
	TrialDays        int64  // 0: no trial
	TrialWithoutCard bool   // skip the card; without one the subscription ends with the trial
	Fingerprint      string // identifies the request, see CheckoutMetadata
	IdempotencyKey   string // empty: each call creates a new session
}

// Price is a Stripe price.
type Price struct {
	ID        string
	LookupKey string // may be empty
	ProductID string
	Active    bool     // only existing subscribers keep an inactive price
	Recurring bool     // true: a subscription; false: a one-time payment
	Metered   bool     // billed by usage, so it has no quantity
	Keys      []string // every lookup key that it has or had, see [Item.Keys]; Stripe does not return it
}

// Item returns the price as an item of a subscription or payment.
func (p Price) Item() Item {
	return Item{PriceID: p.ID, LookupKey: p.LookupKey, ProductID: p.ProductID, Keys: p.Keys}
}

// PortalFlow opens one action of the portal directly; empty opens its home page.
type PortalFlow string

// The flows, by Stripe's names for flow_data[type].
const (
	PortalCancel        PortalFlow = "subscription_cancel"
	PortalUpdate        PortalFlow = "subscription_update"
	PortalPaymentMethod PortalFlow = "payment_method_update"
)

// PortalRequest holds the parameters of a portal session.
type PortalRequest struct {
	CustomerID     string
	ReturnURL      string
	Configuration  string // bpc_…; empty: the account's default
	Flow           PortalFlow
	SubscriptionID string // for flows that concern one subscription
}

// CheckoutService starts checkouts and portal sessions at Stripe, and reads what must not be bought
// twice. Errors are those of [Billing]; ErrNotFound if the customer or the price does not exist.
type CheckoutService interface {
	// Price returns a price by its id, even if it is inactive.
	Price(ctx context.Context, id string) (Price, error)
	// PriceByLookupKey returns the active price with this lookup key.
	PriceByLookupKey(ctx context.Context, key string) (Price, error)
	Checkouts(ctx context.Context, customerID string) ([]Checkout, error)
	Subscriptions(ctx context.Context, customerID string) ([]Subscription, error)
	StartCheckout(ctx context.Context, request CheckoutRequest) (Checkout, error)
	// CloseCheckout expires an open session, so it can no longer be paid. Stripe refuses it for a session
	// that is not open ([UpstreamError.Rejected]).
	CloseCheckout(ctx context.Context, id string) error
	// GiveUp cancels an incomplete subscription, so its first payment can no longer be made, and returns
	// its new state. It leaves subscriptions in other states alone. ErrBusy while Stripe is processing
	// a payment.
	GiveUp(ctx context.Context, subscriptionID string) (Subscription, error)
	StartPortal(ctx context.Context, request PortalRequest) (url string, err error)
}

// Purchases serializes the checkouts of an account across replicas. Otherwise two requests could both
// see no obstacle and create two sessions.
type Purchases interface {
	// BeginPurchase takes the account's lock for at most lease. ErrBusy while another request holds it.
	// The lock's number is new, unless a request with the same fingerprint was left unsettled within
	// the last 23 hours. Then the number is the same, so that an idempotency key derived from it
	// returns the session that Stripe may have created. Numbers grow, also over a restored backup.
	BeginPurchase(ctx context.Context, account Account, fingerprint string, lease time.Duration) (PurchaseLock, error)
	// EndPurchase releases the lock. settled means that Stripe answered, so the result is known.
	// ErrLeaseLost if another request holds the lock by now.
	EndPurchase(ctx context.Context, lock PurchaseLock, settled bool) error
	// HadTrial reports whether an address has used a trial, see [AccountUpdate.TrialAddresses].
	HadTrial(ctx context.Context, email string) (bool, error)
}

// PurchaseLock is the exclusive right to start a checkout for an account.
type PurchaseLock struct {
	Account Account
	Token   string
	Number  int64 // part of the idempotency key, see [Purchases.BeginPurchase]
}

// Session is a verified session token.
type Session struct {
	UserID           string
	SessionID        string
	OrganizationID   string // the active organization; may be empty
	OrganizationRole string // the user's role in it, without the prefix "org:"
	Impersonated     bool   // someone else acts as the user, and may read but not spend
	Claims           map[string]any
}

// ErrSessionTime means that the session token is genuine but expired or not valid yet. It is not a guessing
// attempt.
var ErrSessionTime = errors.New("not valid at this time")

// ErrSessionKeys means that the keys which session tokens are signed with cannot be fetched. Whether the
// token is genuine is unknown, so the caller should retry.
var ErrSessionKeys = errors.New("signing keys unavailable")

// Sessions verifies session tokens. Any error means that the caller is not signed in.
type Sessions interface {
	Verify(ctx context.Context, token string) (Session, error)
}
