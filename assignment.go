package lockstep

import (
	"context"
	"strings"
)

// Assignments keeps an operator's word of whose a customer or a guest's payment is. It
// is evidence like any other, and comes right after our own link.
type Assignments interface {
	// Assign keeps whose the object of a key is, and marks the key. ErrLinked when the
	// customer is linked to, or the payment's license belongs to, another account.
	Assign(ctx context.Context, key Key, account Account) error
	// AssignmentOf returns whose an operator said it is, or ErrNotFound.
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
