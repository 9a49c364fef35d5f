package lockstep

import (
	"context"
	"slices"
	"strings"
)

// Trust says why a customer belongs to its account, and so what the link may do.
type Trust string

// The levels of trust.
const (
	// Proven links rest on our own record, on metadata that only the secret key can
	// write, on a verified e-mail address, or on an operator's decision.
	Proven Trust = "proven"
	// Claimed links rest on a client_reference_id alone, which anyone can put into the
	// URL of a payment link. What the customer pays for gives access to the account;
	// but the customer never becomes its primary one, never appears in its metadata or
	// its portal, and is neither changed nor deleted on its behalf.
	Claimed Trust = "claimed"
)

// Link is a customer's link to its account. An account has at most one primary
// customer, which is always proven, and any number of further ones.
type Link struct {
	CustomerID string
	Account    Account
	Trust      Trust
	Primary    bool
	Deleted    bool // Stripe says that the customer is deleted
}

// Links keeps which customer belongs to which account.
type Links interface {
	// AccountOfCustomer returns the account of a customer, whatever the link's trust,
	// or ErrNotFound.
	AccountOfCustomer(ctx context.Context, customerID string) (Account, error)
	// LinkOf returns the link of a customer, or ErrNotFound.
	LinkOf(ctx context.Context, customerID string) (Link, error)
	// Link links a customer to an account, which it creates if it is not there, and
	// marks the account wholly. A proven customer becomes the primary one where the
	// account has none, or only a deleted one; every other customer becomes a further
	// one. Linking again raises the trust of a claimed link to proven, and never lowers
	// it. ErrLinked when the customer belongs to another account, ErrCrowded when the
	// account has [MostClaimed] claimed customers already and none of them has only
	// subscriptions that have ended (which gives way), ErrBusy while a customer is being
	// created that a proven one would replace.
	Link(ctx context.Context, claim Claim, identity Identity, customerID string, trust Trust) error
	// Release gives up a claimed customer of the account that the claim is on, or any
	// customer if that account is deleted, since something proves that it is another
	// account's. It drops the customer's subscriptions
	// from the record and marks the customer, which then goes to that account. Another
	// link is left as it is. ErrLeaseLost when the claim is not the current one.
	Release(ctx context.Context, claim Claim, customerID string) error
	// Unlink takes a customer from its account, drops its subscriptions from the record,
	// marks the account wholly, and keeps that an operator decided so: no metadata links
	// the customer again, only [Assignments.Assign] does. Licenses stay with the account.
	// It returns the account. ErrNotFound when the customer is not linked, ErrBusy while
	// the account is being worked on.
	Unlink(ctx context.Context, customerID string) (Account, error)
	// ChoosePrimary makes one of the account's customers its primary one, and its link
	// proven, by an operator's decision. The former primary becomes a further customer.
	// ErrNotFound when the customer is not linked to the account, ErrInvalid when Stripe
	// says that it is deleted, ErrBusy while the account is being worked on.
	ChoosePrimary(ctx context.Context, account Account, customerID string) error
}

// MostClaimed bounds the claimed customers of an account: anyone can claim one for
// anybody, and each costs reads of Stripe whenever the account is looked at.
const MostClaimed = 20

// Customers are the account's customers that Stripe has not said to be deleted, the
// primary one first.
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

// Claims reports whether a customer is the account's by a claimed link only.
func (r Record) Claims(customerID string) bool {
	for _, l := range r.Further {
		if l.CustomerID == customerID {
			return l.Trust == Claimed
		}
	}
	return false
}

// Own returns the record with only those subscriptions that the account pays for itself, not
// those of claimed customers.
func (r Record) Own() Record {
	if !slices.ContainsFunc(r.Further, func(l Link) bool { return l.Trust == Claimed }) {
		return r // as of nearly every account: access is decided often
	}
	r.Subscriptions = slices.DeleteFunc(slices.Clone(r.Subscriptions),
		func(s Subscription) bool { return r.Claims(s.CustomerID) })
	return r
}

// Assignments keeps an operator's decision about the account of a customer or of a
// guest's payment. It is evidence like any other, and comes right after our own link.
type Assignments interface {
	// Assign keeps that the object of a key belongs to an account, and marks the key. A
	// claimed link of the customer to that account is proven from then on. ErrLinked when
	// the customer is linked to, or the payment's license belongs to, another account.
	Assign(ctx context.Context, key Key, account Account) error
	// AssignmentOf returns the account to which an operator assigned the object, or the
	// zero account where the operator took it from its account ([Links.Unlink]);
	// ErrNotFound when no operator decided about it.
	AssignmentOf(ctx context.Context, key Key) (Account, error)
}

// AssignableKey returns the key of an object that can be assigned: a customer, or the
// checkout session of a one-time payment.
func AssignableKey(objectID string) (Key, bool) {
	switch {
	case strings.HasPrefix(objectID, "cus_"):
		return Key{KeyCustomer, objectID}, true
	case strings.HasPrefix(objectID, "cs_"):
		return Key{KeyCheckout, objectID}, true
	}
	return Key{}, false
}
