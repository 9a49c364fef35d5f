package lockstep

import (
	"context"
	"time"
)

// CheckoutRequest is what a checkout is begun with. Whether it is a subscription
// or a one-time payment follows from the price.
type CheckoutRequest struct {
	Account        Account
	CustomerID     string
	PriceID        string // or
	LookupKey      string // of an active price
	Quantity       int64  // 0 means 1
	SuccessURL     string // may hold {CHECKOUT_SESSION_ID}
	CancelURL      string
	PaidBy         string // the user who pays for an organization; may be empty
	TrialDays      int64  // 0: none
	IdempotencyKey string // empty: every request begins a checkout of its own
}

// CheckoutSession is where the buyer goes on.
type CheckoutSession struct {
	ID        string
	URL       string
	ExpiresAt time.Time
}

// Till begins what a buyer does on Stripe's own pages. Errors are as those of
// [Billing]; ErrNotFound when the customer or the price is not there.
type Till interface {
	StartCheckout(ctx context.Context, request CheckoutRequest) (CheckoutSession, error)
	StartPortal(ctx context.Context, customerID, returnURL string) (url string, err error)
}

// Session is who a verified session token speaks for.
type Session struct {
	UserID           string
	SessionID        string
	OrganizationID   string // the active organization; may be empty
	OrganizationRole string // of the user in it, without the prefix "org:"
	Claims           map[string]any
}

// Sessions verifies session tokens. Any error means: not signed in.
type Sessions interface {
	Verify(ctx context.Context, token string) (Session, error)
}
