package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// details writes the directory's address and name to the customer. Each field is decided alone:
//
//	changed   the directory's value differs from the one that was handled last
//	owned     Stripe's value is the one that we wrote last; otherwise somebody else changed it
//	          there, and it stays (see [lockstep.DetailsPolicy])
//	refused   Stripe refused the same value before; only another one is tried
//
// Record.CustomerEmail and CustomerName hold what was handled last: written, or left alone.
type details struct {
	billing interface {
		CustomerReader
		UpdateCustomer(ctx context.Context, id string, change lockstep.CustomerDetails) error
	}
	policy lockstep.DetailsPolicy
	log    *slog.Logger
}

func (as *Accounts) details() details {
	return details{as.Providers.Billing, as.Policies.Customers.Details, as.Log}
}

// update writes to the customer what changed in the directory. primary is the customer as this
// run has read it; nil: it has not.
func (c details) update(ctx context.Context, d *draft, primary *lockstep.Customer) error {
	change := d.changedDetails()
	if !d.now.Live() || change.IsZero() {
		return nil
	}
	if c.policy != lockstep.FollowDetails {
		if primary == nil || primary.ID != d.now.CustomerID {
			var err error
			if primary, err = readPrimary(ctx, c.billing, d); err != nil {
				return err
			}
		}
		if change = d.changedDetails(); !d.now.Live() || change.IsZero() {
			return nil
		}
		if change = c.owned(ctx, d, *primary, change); change.IsZero() {
			return nil
		}
	}
	return c.write(ctx, d, change)
}

// changedDetails returns the fields that differ from what was handled last, without those that
// Stripe refused.
func (d *draft) changedDetails() lockstep.CustomerDetails {
	change := d.wantedDetails()
	if change.Email == d.now.CustomerEmail {
		change.Email = ""
	}
	if change.Name == d.now.CustomerName {
		change.Name = ""
	}
	return change
}

// wantedDetails returns what the directory says, fitted to Stripe's limits, without the values
// that Stripe refused.
func (d *draft) wantedDetails() lockstep.CustomerDetails {
	wanted := lockstep.NewCustomerDetails(d.now.Email, d.now.Name)
	if d.now.Email != "" && wanted.Email == "" {
		d.now.SetProblem(lockstep.Problem{Step: lockstep.StepCustomerEmail, Code: "too_long",
			Digest: lockstep.DigestOf(d.now.Email), Since: d.began,
			Reason: "the address exceeds Stripe's limit of 512 bytes; the customer has none"})
	}
	for _, f := range d.fields(&wanted) {
		switch p, found := d.now.Problem(f.step); {
		case !found:
		case *f.value == "" && f.is == "":
			d.now.ClearProblem(f.step) // there is nothing left to write
		case p.Digest == lockstep.DigestOf(*f.value):
			*f.value = ""
		}
	}
	return wanted
}

// field is one of a customer's details.
type field struct {
	step    lockstep.Step
	value   *string // to be written; empty: nothing
	is      string  // the directory's value
	handled *string // the record's value
}

func (d *draft) fields(change *lockstep.CustomerDetails) [2]field {
	return [2]field{
		{lockstep.StepCustomerEmail, &change.Email, d.now.Email, &d.now.CustomerEmail},
		{lockstep.StepCustomerName, &change.Name, d.now.Name, &d.now.CustomerName},
	}
}

// owned leaves out the fields that were edited at Stripe. It records them as handled, so they are not
// compared again before the directory changes.
func (c details) owned(ctx context.Context, d *draft, primary lockstep.Customer,
	change lockstep.CustomerDetails) lockstep.CustomerDetails {
	for i, f := range d.fields(&change) {
		current := [2]string{primary.Email, primary.Name}[i]
		if *f.value == "" || sameText(current, *f.handled) {
			continue
		}
		c.log.InfoContext(ctx, "customer field was changed at Stripe and stays", "account", d.account.String(),
			"step", string(f.step))
		*f.handled, *f.value = *f.value, ""
		d.now.ClearProblem(f.step)
	}
	return change
}

// sameText compares a field of Stripe's with what we wrote: Stripe may trim it, and change the
// case of an address.
func sameText(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// write writes the fields together and, if Stripe refuses that, each alone, so that one bad value
// does not hold back the other.
func (c details) write(ctx context.Context, d *draft, change lockstep.CustomerDetails) error {
	err := c.billing.UpdateCustomer(ctx, d.now.CustomerID, change)
	if errors.Is(err, lockstep.ErrNotFound) { // probably deleted
		_, err := readPrimary(ctx, c.billing, d)
		return err
	}
	_, refused := refusal(err)
	switch {
	case err != nil && !refused:
		return fmt.Errorf("update customer: %w", err)
	case refused && change.Email != "" && change.Name != "":
		if err := c.write(ctx, d, lockstep.CustomerDetails{Name: change.Name}); err != nil {
			return err
		}
		return c.write(ctx, d, lockstep.CustomerDetails{Email: change.Email})
	}
	return d.handled(ctx, change, err)
}

// handled records that Stripe took the fields, or refused them with an error.
func (d *draft) handled(ctx context.Context, change lockstep.CustomerDetails, refusal error) error {
	for _, f := range d.fields(&change) {
		switch {
		case *f.value == "":
		case refusal != nil:
			refusal := fmt.Errorf("update customer: %w", refusal)
			if err := d.refused(ctx, f.step, lockstep.DigestOf(*f.value), refusal); err != nil {
				return err
			}
		default:
			*f.handled = *f.value
			d.now.ClearProblem(f.step)
		}
	}
	return nil
}
