package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// The customer's address and name follow the directory, each by itself:
//
//	changed   the directory's value differs from the one that was handled last
//	owned     Stripe's value is the one that was written last; otherwise somebody else
//	          changed it there, and it stays (see [lockstep.DetailsPolicy])
//	refused   the same value was refused before; only another one is tried
//
// Record.CustomerEmail and CustomerName hold what was handled last: written, or left alone.

// updateCustomer writes to the customer what changed in the directory.
func (r *run) updateCustomer(ctx context.Context) error {
	change := r.changedDetails()
	if !r.now.Live() || change.IsZero() {
		return nil
	}
	if r.Details != lockstep.FollowDetails {
		if r.customer == nil {
			r.scope |= lockstep.ScopeCustomer
			if err := r.observePrimary(ctx); err != nil {
				return err
			}
		}
		if change = r.changedDetails(); !r.now.Live() || change.IsZero() {
			return nil
		}
		if change = r.owned(change); change.IsZero() {
			return nil
		}
	}
	return r.writeDetails(ctx, change)
}

// changedDetails are the fields that differ from what was handled last, without those that
// Stripe refused.
func (r *run) changedDetails() lockstep.CustomerDetails {
	d := r.wantedDetails()
	if d.Email == r.now.CustomerEmail {
		d.Email = ""
	}
	if d.Name == r.now.CustomerName {
		d.Name = ""
	}
	return d
}

// wantedDetails is what the directory says, fitted to Stripe, without what Stripe refused.
func (r *run) wantedDetails() lockstep.CustomerDetails {
	d := lockstep.NewCustomerDetails(r.now.Email, r.now.Name)
	if r.now.Email != "" && d.Email == "" {
		r.now.SetProblem(lockstep.Problem{Step: lockstep.StepCustomerEmail, Code: "too_long",
			Digest: lockstep.DigestOf(r.now.Email), Since: r.began,
			Reason: "the address is longer than the 512 bytes that Stripe takes; the customer has none"})
	}
	for _, f := range r.fields(&d) {
		switch p, found := r.now.Problem(f.step); {
		case !found:
		case *f.value == "" && f.is == "":
			r.now.ClearProblem(f.step) // there is nothing left to write
		case p.Digest == lockstep.DigestOf(*f.value):
			*f.value = ""
		}
	}
	return d
}

// field is one of a customer's details.
type field struct {
	step    lockstep.Step
	value   *string // what is to be written; empty: nothing
	is      string  // the directory's value
	handled *string // the record's
}

func (r *run) fields(d *lockstep.CustomerDetails) [2]field {
	return [2]field{
		{lockstep.StepCustomerEmail, &d.Email, r.now.Email, &r.now.CustomerEmail},
		{lockstep.StepCustomerName, &d.Name, r.now.Name, &r.now.CustomerName},
	}
}

// owned leaves out the fields that somebody else has changed at Stripe, and notes them as
// handled, so that they are not looked at again before the directory changes.
func (r *run) owned(change lockstep.CustomerDetails) lockstep.CustomerDetails {
	for i, f := range r.fields(&change) {
		current := [2]string{r.customer.Email, r.customer.Name}[i]
		if *f.value == "" || sameText(current, *f.handled) {
			continue
		}
		r.Log.Info("a customer's field was changed at Stripe; it stays", "account", r.account.String(), "step",
			string(f.step))
		*f.handled, *f.value = *f.value, ""
		r.now.ClearProblem(f.step)
	}
	return change
}

// sameText compares a field of Stripe's with what was written: Stripe may trim it, and change
// the case of an address.
func sameText(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// writeDetails writes the fields together and, if Stripe refuses that, each alone, so that
// the one it does not take does not hold back the other.
func (r *run) writeDetails(ctx context.Context, change lockstep.CustomerDetails) error {
	err := r.Billing.UpdateCustomer(ctx, r.now.CustomerID, change)
	if errors.Is(err, lockstep.ErrNotFound) {
		return r.observePrimary(ctx) // deleted, probably: the look tells
	}
	_, refused := refusal(err)
	switch {
	case err != nil && !refused:
		return fmt.Errorf("update customer: %w", err)
	case refused && change.Email != "" && change.Name != "":
		if err := r.writeDetails(ctx, lockstep.CustomerDetails{Name: change.Name}); err != nil {
			return err
		}
		return r.writeDetails(ctx, lockstep.CustomerDetails{Email: change.Email})
	}
	for _, f := range r.fields(&change) {
		switch {
		case *f.value == "":
		case refused:
			if err := r.refused(f.step, lockstep.DigestOf(*f.value), fmt.Errorf("update customer: %w", err)); err != nil {
				return err
			}
		default:
			*f.handled = *f.value
			r.now.ClearProblem(f.step)
		}
	}
	return nil
}
