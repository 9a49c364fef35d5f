package ownership

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// evidenceOf reads the objects of a customer.
func (o *Resolver) evidenceOf(ctx context.Context, customer lockstep.Customer) (Evidence, error) {
	e := Evidence{Customer: o.Readable(customer.Metadata)}
	subscriptions, err := o.Billing.Subscriptions(ctx, customer.ID)
	if err != nil {
		return e, fmt.Errorf("list subscriptions: %w", err)
	}
	for _, s := range subscriptions {
		e.Objects = append(e.Objects, o.Readable(s.Metadata))
	}
	sessions, err := o.Billing.Checkouts(ctx, customer.ID)
	if err != nil {
		return e, fmt.Errorf("list checkout sessions: %w", err)
	}
	for _, s := range sessions {
		e.Objects = append(e.Objects, o.Readable(s.Metadata))
		if err := o.Refer(ctx, &e, s.Reference); err != nil {
			return e, err
		}
	}
	return e, nil
}

// Refer adds the account that a client_reference_id names. An application may write an
// organization's slug there as well as its id.
func (o *Resolver) Refer(ctx context.Context, e *Evidence, reference string) error {
	if account, ok := lockstep.AccountOfReference(reference); ok {
		e.Reference = append(e.Reference, account)
		return nil
	}
	account, err := o.slugs.find(ctx, o.Organizations, reference)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("look up an organization by its slug: %w", err)
	}
	e.Reference = append(e.Reference, account)
	return nil
}

// Readable returns metadata without the ids that the directory cannot have, if it still names an
// account then: many applications keep ids of their own database under the same names. Otherwise it
// returns all of it, because such an id may be a user's external id.
func (o *Resolver) Readable(metadata map[string]string) map[string]string {
	if !o.ClerkIDs {
		return metadata
	}
	fitting := lockstep.WithClerkIDs(metadata)
	if _, named := lockstep.AccountNamedIn(fitting); !named {
		return metadata
	}
	return fitting
}

// Foreign reports whether an id cannot be the directory's own. It may still be a user's external id
// there.
func (o *Resolver) Foreign(account lockstep.Account) bool {
	return o.ClerkIDs && account.Reference() != account.ID
}

// Buyer returns the id of the user who paid for an organization, as metadata names it; empty if the
// directory cannot have it.
func (o *Resolver) Buyer(named string) string {
	user, known := lockstep.UserOf(named)
	if !known || o.Foreign(user) {
		return ""
	}
	return named
}

// NamedCustomers returns the customers that an identity's metadata names, the one under our own key
// first.
func NamedCustomers(identity lockstep.Identity, key string) (ids []string) {
	if id, _ := identity.Metadata[key].(string); id != "" {
		ids = append(ids, id)
	}
	for _, id := range identity.CustomerIDs {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
