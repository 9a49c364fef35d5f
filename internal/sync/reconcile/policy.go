package reconcile

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// DeletionPolicy says what happens to the billing of a deleted account.
type DeletionPolicy string

// The deletion policies.
const (
	DeleteCustomer      DeletionPolicy = "delete"               // the customer, and with it all subscriptions
	CancelSubscriptions DeletionPolicy = "cancel"               // now; the customer stays
	EndSubscriptions    DeletionPolicy = "cancel_at_period_end" // the customer stays
	KeepBilling         DeletionPolicy = "keep"
)

// Validate reports a policy that does not exist.
func (p DeletionPolicy) Validate() error {
	switch p {
	case "", DeleteCustomer, CancelSubscriptions, EndSubscriptions, KeepBilling:
		return nil
	}
	return fmt.Errorf("deletions: %q is not a policy; use delete, cancel, cancel_at_period_end or keep", string(p))
}

// DeletionPolicies are the policies for each kind of account; empty means delete.
type DeletionPolicies struct {
	Users         DeletionPolicy
	Organizations DeletionPolicy
}

// Of returns the policy for a kind of account.
func (p DeletionPolicies) Of(kind lockstep.Kind) DeletionPolicy {
	policy := p.Users
	if kind == lockstep.Organization {
		policy = p.Organizations
	}
	return cmp.Or(policy, DeleteCustomer)
}

// Validate reports every problem at once.
func (p DeletionPolicies) Validate() error {
	return errors.Join(p.Users.Validate(), p.Organizations.Validate())
}
