package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

// adoptionStore is the store as [adoption] uses it.
type adoptionStore interface {
	WaitingFor(ctx context.Context, key lockstep.Key) ([]lockstep.Key, error)
	AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error)
}

// adoption finds a customer that exists already, before one is created. It only reads. The
// candidates are those that
//
//   - the directory's metadata names: only servers can write it, and the link may have been lost
//     with a restored backup;
//   - are parked until this account is known;
//   - the backfill has found or, while it runs, Stripe's search;
//   - have the user's verified address, if the operator allows that.
//
// A customer that belongs to another account by its own evidence is left alone.
type adoption struct {
	store   adoptionStore
	billing interface {
		CustomerReader
		CustomersNaming(ctx context.Context, account lockstep.Account) ([]string, error)
		CustomersByEmail(ctx context.Context, email string) ([]lockstep.Customer, error)
	}
	owners      *ownership.Resolver
	customerKey string // the metadata key under which we write an account's customer
	byEmail     bool
	log         *slog.Logger
}

func (as *Accounts) adoption() adoption {
	return adoption{as.Store, as.Providers.Billing, as.Owners, as.Keys.CustomerID, as.Policies.Customers.AdoptByEmail,
		as.Log}
}

// finding says how a candidate for adoption was found.
type finding int

const (
	byItself    finding = iota // it must name the account, and not only by a reference
	byAddress                  // it is the only customer with the user's verified address
	byDirectory                // the account's own metadata names it
)

// candidate is a customer that may become an account's primary one.
type candidate struct {
	id    string
	found finding
}

// seeker is the account that looks for its customer.
type seeker struct {
	account  lockstep.Account
	identity lockstep.Identity
	listed   []string // candidates of a backfill
	buying   bool     // during the first backfill: Stripe's search is worth a call
}

// find returns the customer to adopt, and the other candidates, which may be further customers.
func (a adoption) find(ctx context.Context, s seeker) (adopted lockstep.Customer, others []string, found bool,
	err error) {
	candidates, err := a.candidates(ctx, s)
	if err != nil {
		return adopted, nil, false, err
	}
	for _, c := range candidates {
		customer, fits, err := a.adoptable(ctx, s.account, c)
		if err != nil {
			return adopted, nil, false, err
		}
		if !fits {
			continue
		}
		for _, other := range candidates {
			if other.id != c.id && other.found != byAddress {
				others = append(others, other.id)
			}
		}
		return customer, others, true, nil
	}
	return adopted, nil, false, nil
}

// candidates returns the customers that may be the account's, the best evidence first.
func (a adoption) candidates(ctx context.Context, s seeker) (all []candidate, err error) {
	add := func(found finding, ids ...string) {
		for _, id := range ids {
			all = append(all, candidate{id, found})
		}
	}
	add(byDirectory, ownership.NamedCustomers(s.identity, a.customerKey)...)
	waiting, err := waitingCustomers(ctx, a.store, s.account)
	if err != nil {
		return nil, err
	}
	add(byItself, waiting...)
	add(byItself, s.listed...)
	searched, err := a.searched(ctx, s)
	if err != nil {
		return nil, err
	}
	add(byItself, searched...)
	sameEmail, err := a.sameEmail(ctx, s)
	add(byAddress, sameEmail...)
	return all, err
}

// waitingCustomers returns the customers that are parked until an account is known.
func waitingCustomers(ctx context.Context, store interface {
	WaitingFor(ctx context.Context, key lockstep.Key) ([]lockstep.Key, error)
}, account lockstep.Account) (ids []string, err error) {
	waiting, err := store.WaitingFor(ctx, account.Key())
	if err != nil {
		return nil, fmt.Errorf("list waiting customers: %w", err)
	}
	for _, key := range waiting {
		if key.Kind == lockstep.KeyCustomer {
			ids = append(ids, key.ID)
		}
	}
	return ids, nil
}

// mostHinted limits the customers with the user's address that a checkout reads.
const mostHinted = 10

// searched returns the customers that Stripe's search finds, and those with the user's verified
// address: a payment link's buyer is named by a session's reference, which no search finds. The
// search lags, and some Stripe accounts lack it. Both only help a checkout before the backfill has
// listed everything; each customer must still name the account itself.
func (a adoption) searched(ctx context.Context, s seeker) ([]string, error) {
	if !s.buying {
		return nil, nil
	}
	ids, err := a.billing.CustomersNaming(ctx, s.account)
	if _, refused := refusal(err); refused {
		a.log.InfoContext(ctx, "Stripe refused the search for customers; the checkout continues without it", "error", err)
	} else if err != nil {
		return nil, fmt.Errorf("search for an account's customers: %w", err)
	}
	if !s.hasAddress() {
		return ids, nil
	}
	found, err := a.billing.CustomersByEmail(ctx, s.identity.Email)
	if err != nil {
		return nil, fmt.Errorf("list customers by address: %w", err)
	}
	for _, c := range found[:min(len(found), mostHinted)] {
		if !c.Deleted {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

// hasAddress reports whether the account is a user with a verified address.
func (s seeker) hasAddress() bool {
	return s.account.Kind == lockstep.User && s.identity.EmailVerified && s.identity.Email != ""
}

// sameEmail returns the older customer with the user's address, if the operator allows that: the
// directory must have verified the address, and only one living customer may have it. As for
// every candidate, the customer must not belong to another account.
func (a adoption) sameEmail(ctx context.Context, s seeker) ([]string, error) {
	if !a.byEmail || !s.hasAddress() {
		return nil, nil
	}
	found, err := a.billing.CustomersByEmail(ctx, s.identity.Email)
	if err != nil {
		return nil, fmt.Errorf("list customers by address: %w", err)
	}
	var ids []string
	for _, c := range found {
		if !c.Deleted {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) > 1 {
		a.log.WarnContext(ctx, "several customers have a user's address; none is adopted", "account", s.account.String(),
			"customers", len(ids))
		return nil, nil
	}
	return ids, nil
}

// adoptable reads a candidate, and reports whether it may become the account's primary customer.
func (a adoption) adoptable(ctx context.Context, account lockstep.Account, c candidate) (none lockstep.Customer,
	fits bool, err error) {
	customer, living, err := readLiving(ctx, a.billing, c.id)
	if err != nil || !living {
		return none, false, err
	}
	if others, err := a.isOthers(ctx, account, customer, c.found); others || err != nil {
		return none, false, err
	}
	switch owner, err := a.store.AccountOfCustomer(ctx, c.id); {
	case err == nil && owner != account:
		return none, false, nil
	case err != nil && !errors.Is(err, lockstep.ErrNotFound):
		return none, false, fmt.Errorf("read the link of a customer: %w", err)
	}
	return customer, true, nil
}

// isOthers reports whether an operator, the customer itself or any of its objects names another
// account: someone who pays for an organization with their own address does not own its customer.
// Unless something else proves that the customer is the account's, it must name the account, and
// not only by a reference.
func (a adoption) isOthers(ctx context.Context, account lockstep.Account, c lockstep.Customer,
	found finding) (bool, error) {
	owner, err := a.owners.OfCustomer(ctx, c)
	switch {
	case ownership.Unresolved(err):
		return true, nil
	case err != nil:
		return false, err
	case owner.Account.IsZero():
		return found == byItself, nil
	case owner.Account == account:
		return found == byItself && owner.Trust != lockstep.Proven, nil
	case found != byDirectory, owner.Account.Kind != account.Kind: // a member's metadata names what they paid for it
		return true, nil
	}
	// An application that moved its users to new ids left the former ids at Stripe.
	_, err = a.owners.Find(ctx, owner.Account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return false, nil
	}
	return true, err
}

// markOthers has the candidates that were not adopted linked as further customers.
func (d *draft) markOthers(customers []string) {
	for _, id := range customers {
		d.mark(lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: id}, Scope: lockstep.ScopeAll,
			Priority: lockstep.Normal, Delay: time.Second})
	}
}
