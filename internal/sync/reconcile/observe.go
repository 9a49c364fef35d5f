package reconcile

import (
	"context"

	"github.com/lockstep-dev/lockstep"
)

// observe reads what the scope asks for. On the way it does what later reads depend on: an account
// that buys gets its customer, and an empty organization's billing ends, before the billing state is
// read.
func (as *Accounts) observe(ctx context.Context, d *draft, seen sighting) (observed, error) {
	o := observed{sighting: seen}
	reads := d.scope.Has(lockstep.ScopeCustomer | lockstep.ScopeSubscriptions | lockstep.ScopePayments)
	candidates, contested, err := as.Hold.Claims(ctx, d.account)
	if err != nil {
		return o, err
	}
	o.holding = holding{d.incomplete || contested, candidates}
	if o, err = as.observeCustomers(ctx, d, o); err != nil {
		return o, err
	}
	if err := as.observeBilling(ctx, d, o); err != nil {
		return o, err
	}
	if reads && len(d.failed) == 0 {
		d.now.ClearProblem(lockstep.StepBilling)
	}
	if o.absent {
		return o, nil
	}
	return o, d.refused(ctx, lockstep.StepBilling, "", as.primaries().choose(ctx, d))
}

func (as *Accounts) observeCustomers(ctx context.Context, d *draft, o observed) (observed, error) {
	c := as.customers()
	primary, err := c.observe(ctx, d)
	if err := d.refused(ctx, lockstep.StepBilling, "", err); err != nil {
		return o, err
	}
	o.primary = primary
	o, err = c.ensure(ctx, d, o)
	return o, d.refused(ctx, lockstep.StepCustomer, "", err)
}

func (as *Accounts) observeBilling(ctx context.Context, d *draft, o observed) error {
	m := as.members()
	if err := d.refused(ctx, lockstep.StepMembers, "", m.endEmpty(ctx, d, o.identity)); err != nil {
		return err
	}
	err := as.billing().observe(ctx, d, o.absent, o.made)
	if err := d.refused(ctx, lockstep.StepBilling, "", err); err != nil {
		return err
	}
	return d.refused(ctx, lockstep.StepMembers, "", m.observe(ctx, d, o))
}
