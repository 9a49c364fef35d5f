package lockstep

import (
	"context"
	"slices"
	"strings"
)

// Trust says how certain a link is, which decides what it may do.
type Trust string

// The levels of trust.
const (
	// Proven links rest on our own record, on metadata that only the secret key can write, on a
	// verified e-mail address, or on an operator's decision.
	Proven Trust = "proven"
	// Claimed links rest only on a client_reference_id, which anyone can put into the URL of a payment
	// link. The customer's purchases grant the account access. The customer never becomes primary,
	// never appears in the account's metadata or portal, and is never changed or deleted for it.
	Claimed Trust = "claimed"
)

// Link connects a customer to an account. An account has at most one primary customer, which is
// always proven, and any number of further ones.
type Link struct {
	CustomerID string
	Account    Account
	Trust      Trust
	Primary    bool
	Deleted    bool // Stripe says that the customer is deleted
}

// Links stores which customer belongs to which account.
type Links interface {
	// AccountOfCustomer returns the account of a customer, proven or claimed, or ErrNotFound.
	AccountOfCustomer(ctx context.Context, customerID string) (Account, error)
	// LinkOf returns the link of a customer, or ErrNotFound.
	LinkOf(ctx context.Context, customerID string) (Link, error)
	// Link links a customer to an account, creates the account if necessary, and marks it with
	// [ScopeAll]. A proven customer becomes primary if the account has no primary customer or only a
	// deleted one. Any other customer becomes a further one. Linking again can raise the trust from
	// claimed to proven, but never lowers it.
	//
	// ErrLinked if the customer belongs to another account. ErrCrowded if the account has
	// [MostClaimed] claimed customers and none can make room; one whose subscriptions have all ended
	// makes room. ErrBusy while a primary customer is being created.
	Link(ctx context.Context, claim Claim, identity Identity, customerID string, trust Trust) error
	// Release unlinks a customer that is proven to belong to another account. It removes the customer's
	// subscriptions from the record and marks the customer, whose next run links it to that account.
	// It only releases claimed customers of the claim's account, or any customer if that account is
	// deleted; it leaves other links alone. ErrLeaseLost if the claim is stale.
	Release(ctx context.Context, claim Claim, customerID string) error
	// Unlink removes a customer from its account by an operator's decision, and returns the account. It
	// removes the customer's subscriptions from the record and marks the account with [ScopeAll]. From
	// then on only [Assignments.Assign] can link the customer; metadata cannot. Licenses stay with the
	// account. ErrNotFound if the customer is not linked, ErrBusy while the account is being synced.
	Unlink(ctx context.Context, customerID string) (Account, error)
	// ChoosePrimary makes one of the account's customers the primary one by an operator's decision, and
	// its link proven. The former primary becomes a further customer. ErrNotFound if the customer is
	// not linked to the account, ErrInvalid if it is deleted at Stripe, ErrBusy while the account is
	// being synced.
	ChoosePrimary(ctx context.Context, account Account, customerID string) error
}

// MostClaimed is the most claimed customers of an account. Anyone can create claims, and each claimed
// customer costs calls to Stripe in every sync of the account.
const MostClaimed = 20

// Customers returns the account's customers that are not deleted, the primary one first.
func (r Record) Customers() []Link {
	var live []Link
	if r.Live() {
		live = append(live, Link{CustomerID: r.CustomerID, Account: r.Account, Trust: Proven, Primary: true})
	}
	for _, l := range r.Further {
		if !l.Deleted {
			live = append(live, l)
		}
	}
	return live
}

// Claims reports whether the customer's link to the account is only claimed.
func (r Record) Claims(customerID string) bool {
	for _, l := range r.Further {
		if l.CustomerID == customerID {
			return l.Trust == Claimed
		}
	}
	return false
}

// Own returns the record without the subscriptions of claimed customers, that is, with only those that
// the account pays for itself.
func (r Record) Own() Record {
	if !slices.ContainsFunc(r.Further, func(l Link) bool { return l.Trust == Claimed }) {
		return r // almost every account: avoid the clone, because access is decided often
	}
	r.Subscriptions = slices.DeleteFunc(slices.Clone(r.Subscriptions),
		func(s Subscription) bool { return r.Claims(s.CustomerID) })
	return r
}

// Assignments stores operators' decisions about which account a customer or a guest's payment belongs
// to. A decision is evidence that ranks right after our own link.
type Assignments interface {
	// Assign records that the object of a key belongs to an account, and marks the key. It makes the
	// customer's claimed link to that account proven. ErrLinked if the customer, or the payment's
	// license, belongs to another account.
	Assign(ctx context.Context, key Key, account Account) error
	// AssignmentOf returns the account that an operator assigned to the object, or the zero account if
	// the operator unlinked it ([Links.Unlink]). ErrNotFound if no operator has decided.
	AssignmentOf(ctx context.Context, key Key) (Account, error)
}

// AssignableKey returns the key of an object that an operator can assign: a customer, or the checkout
// session of a one-time payment.
func AssignableKey(objectID string) (Key, bool) {
	switch {
	case strings.HasPrefix(objectID, "cus_"):
		return Key{KeyCustomer, objectID}, true
	case strings.HasPrefix(objectID, "cs_"):
		return Key{KeyCheckout, objectID}, true
	}
	return Key{}, false
}
