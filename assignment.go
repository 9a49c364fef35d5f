package lockstep

import (
	"context"
	"strings"
)

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
