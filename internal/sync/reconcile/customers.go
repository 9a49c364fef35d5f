package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// customers reads an account's customers, and makes sure that it has one where it should.
type customers struct {
	billing    CustomerReader
	claims     claims
	primaries  primaries
	identities identities
	succession succession
	adoption   adoption
	creation   creation
	linking    linking
	details    details
	bills      billing
	atCheckout bool // create a user's customer at the first checkout
}

func (as *Accounts) customers() customers {
	return customers{billing: as.Providers.Billing, claims: as.claims(), primaries: as.primaries(),
		identities: as.identities(), succession: as.succession(), adoption: as.adoption(), creation: as.creation(),
		linking: as.linking(),
		details: as.details(), bills: as.billing(), atCheckout: as.Policies.Customers.AtCheckout}
}

// observe finds out which customers Stripe has deleted. It returns the primary customer; nil if
// it did not read it.
func (c customers) observe(ctx context.Context, d *draft) (primary *lockstep.Customer, err error) {
	if !d.scope.Has(lockstep.ScopeCustomer) {
		return nil, nil
	}
	if d.now.Live() {
		if primary, err = readPrimary(ctx, c.billing, d); err != nil {
			return nil, err
		}
	}
	for _, l := range d.now.Customers() {
		if l.Primary {
			continue
		}
		if err := c.observeFurther(ctx, d, l); err != nil {
			return primary, err
		}
	}
	return primary, nil
}

func (c customers) observeFurther(ctx context.Context, d *draft, l lockstep.Link) error {
	customer, err := c.billing.Customer(ctx, l.CustomerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound): // this proves nothing
	case err != nil:
		return fmt.Errorf("read customer: %w", err)
	case customer.Deleted:
		d.markCustomerDeleted(l.CustomerID)
	default:
		_, err := c.claims.contest(ctx, d, l.CustomerID, customer.Metadata)
		return err
	}
	return nil
}

// need says whether an account should have a customer.
type need struct {
	adopt  bool // look for one that exists
	create bool // and create one if none does
}

// needs decides that. A user gets a customer at sign-up, unless the operator chose checkout. An
// organization, a user whose customer was deleted at Stripe, and a held account get one only when
// a purchase starts.
func (d draft) needs(h holding, atCheckout bool) need {
	without := d.account.Kind == lockstep.User && d.now.CustomerID == ""
	create := d.scope.Has(lockstep.ScopePurchase) || without && !atCheckout && !h.held && d.now.Candidate == ""
	return need{adopt: create || without && (!d.stored || len(h.candidates) > 0), create: create}
}

// ensure links, adopts or creates a primary customer, and writes the directory's address and name
// to it. It may have to read the directory first, and returns what is known of the account then.
func (c customers) ensure(ctx context.Context, d *draft, o observed) (observed, error) {
	need := d.needs(o.holding, c.atCheckout)
	if id := bestFurther(d.now); !d.now.Live() && id != "" {
		if err := c.primaries.promote(ctx, d, id); err != nil {
			return o, err
		}
	}
	if !d.now.Live() && need.adopt {
		if o.absent {
			return o, nil // an account that the directory does not know cannot buy
		}
		var err error
		if o, err = c.obtain(ctx, d, o, need.create); err != nil || !d.now.Live() {
			return o, err
		}
		d.scope |= lockstep.ScopeSubscriptions | lockstep.ScopePayments
	}
	if err := c.succession.nameCustomer(ctx, d); err != nil {
		return o, err
	}
	return o, c.details.update(ctx, d, o.primary)
}

// obtain adopts a customer or, if that is wanted, creates one.
func (c customers) obtain(ctx context.Context, d *draft, o observed, create bool) (observed, error) {
	if o.identity == nil {
		seen, err := c.identities.look(ctx, d)
		if err != nil {
			return o, err
		}
		if o.sighting = seen; seen.identity == nil {
			return o, nil
		}
	}
	if d.now.CustomerDeleted { // its lists are not read again later
		if err := c.bills.readSubscriptions(ctx, d, o.absent); err != nil {
			return o, err
		}
	}
	adopted, err := c.adopt(ctx, d, o)
	if err != nil || adopted || !create {
		return o, err
	}
	o.made, err = c.creation.create(ctx, d)
	return o, err
}

// adopt links a customer that exists already, and reports whether there is one.
func (c customers) adopt(ctx context.Context, d *draft, o observed) (bool, error) {
	if d.now.Intent != nil {
		return false, nil // an earlier run may have created one: finish that first
	}
	adopted, others, found, err := c.adoption.find(ctx, seeker{d.account, *o.identity, o.candidates,
		d.incomplete && d.scope.Has(lockstep.ScopePurchase)})
	if err != nil || !found {
		return false, err
	}
	d.markOthers(others)
	return true, c.linking.link(ctx, d, adopted, false)
}
