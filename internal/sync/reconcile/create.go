package reconcile

import (
	"context"

	"github.com/lockstep-dev/lockstep"
)

// createWithout creates a customer after Stripe refused the intended one: without the
// address, which Stripe refuses most often; else without the name; else with neither. It
// records a problem for each field that it leaves out. If Stripe refuses even the bare
// customer, the fields were not the cause, and the problem is the creation's.
//
// Nothing was executed, so each try is a new generation with its own idempotency key.
func (r *run) createWithout(ctx context.Context, refused lockstep.Intent, cause error) error {
	r.now.Intent = nil
	if refused.Email == "" {
		r.now.ClearProblem(lockstep.StepCustomerEmail) // it was refused without the address too
	}
	var err error
	switch {
	case refused.Email != "":
		err = r.refused(lockstep.StepCustomerEmail, lockstep.DigestOf(refused.Email), cause)
	case refused.Name != "":
		err = r.refused(lockstep.StepCustomerName, lockstep.DigestOf(refused.Name), cause)
	default:
		r.now.ClearProblem(lockstep.StepCustomerName)
		err = r.refused(lockstep.StepCustomer, r.creation(), cause)
	}
	if err != nil {
		return err
	}
	if err := r.keep(ctx); err != nil {
		return err
	}
	if _, given := r.now.Problem(lockstep.StepCustomer); given {
		return nil
	}
	return r.createCustomer(ctx)
}

// creation identifies what a customer is created with.
func (r *run) creation() string {
	return lockstep.DigestOf([]string{r.account.String(), r.now.Email, r.now.Name})
}
