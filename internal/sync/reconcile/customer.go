package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// lookAgain is when a customer that was not made just now is looked at once more, in case
// that the run that linked it did not come to it.
const lookAgain = 10 * time.Second

// keyLife is how long we trust Stripe to remember an idempotency key. It
// promises 24 hours; after that the same key creates a second customer.
const keyLife = 23 * time.Hour

// ensureCustomer creates a customer where there should be one, and gives it the
// directory's address and name. A user gets one at sign-up, unless customers are created
// at checkout; an organization, a user whose customer was deleted in Stripe, and a held
// account only when somebody is about to buy.
func (r *run) ensureCustomer(ctx context.Context) error {
	buying := r.scope.Has(lockstep.ScopePurchase)
	without := r.account.Kind == lockstep.User && r.now.CustomerID == ""
	create := buying || without && !r.AtCheckout && !r.held && r.now.Candidate == ""
	wanted := create || without && (!r.known || len(r.candidates) > 0)
	if id := r.proven(); !r.now.Live() && id != "" {
		if err := r.promote(ctx, id); err != nil {
			return err
		}
	}
	if !r.now.Live() && wanted {
		if r.absent {
			return nil // nobody can buy for whom the directory does not know
		}
		if r.identity == nil {
			if gone, err := r.observeIdentity(ctx); gone || err != nil {
				return err
			}
		}
		if r.now.CustomerDeleted { // the last look at what it had bought: its lists are not read again
			if err := r.observeSubscriptions(ctx); err != nil {
				return err
			}
		}
		adopted, err := r.adopt(ctx)
		switch {
		case err != nil:
			return err
		case adopted:
		case !create:
			return nil
		default:
			if err := r.createCustomer(ctx); err != nil || !r.now.Live() {
				return err
			}
		}
		r.scope |= lockstep.ScopeSubscriptions | lockstep.ScopePayments
	}
	if err := r.nameCustomer(ctx); err != nil {
		return err
	}
	return r.updateCustomer(ctx)
}

// adopt takes a customer over that exists already: one that the directory's metadata
// names (only servers can write it, and the link may have been lost with a restored
// backup), one that waits for this account, or one that a backfill or, while it runs,
// Stripe's search has found. A customer that belongs to another account by its own
// evidence is left alone. The other candidates are marked, and become further customers.
func (r *run) adopt(ctx context.Context) (bool, error) {
	if r.now.Intent != nil {
		return false, nil // one of ours may exist already; finish that first
	}
	candidates := namedCustomers(*r.identity, r.Keys.CustomerID)
	named := len(candidates)
	waiting, err := r.Store.WaitingFor(ctx, r.account.Key())
	if err != nil {
		return false, fmt.Errorf("look for waiting customers: %w", err)
	}
	for _, key := range waiting {
		if key.Kind == lockstep.KeyCustomer {
			candidates = append(candidates, key.ID)
		}
	}
	candidates = append(candidates, r.candidates...)
	hinted, err := r.hinted(ctx)
	if err != nil {
		return false, err
	}
	candidates = append(candidates, hinted...)
	byEmail, err := r.sameEmail(ctx)
	if err != nil {
		return false, err
	}
	foundBy := func(i int) finding {
		switch {
		case i < named:
			return byDirectory
		case i < len(candidates):
			return byItself
		}
		return byAddress
	}
	everyone := append(slices.Clone(candidates), byEmail...)
	for i, id := range everyone {
		c, err := r.adoptable(ctx, id, foundBy(i))
		if err != nil {
			return false, err
		}
		if c.ID == "" {
			continue
		}
		for _, other := range candidates {
			if other != id {
				r.marks = append(r.marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: other},
					Scope: lockstep.ScopeAll, Priority: lockstep.Normal, Delay: time.Second})
			}
		}
		return true, r.link(ctx, c)
	}
	return false, nil
}

// wakeExternal has the customers and payments looked at again that wait for the external id of
// an account that is new: metadata may name it by that.
func (r *run) wakeExternal(ctx context.Context, identity lockstep.Identity) error {
	named, err := lockstep.NewAccount(lockstep.User, identity.ExternalID)
	if r.known || err != nil || r.account.Kind != lockstep.User {
		return nil //nolint:nilerr // no external id, or one that metadata cannot name
	}
	waiting, err := r.Store.WaitingFor(ctx, named.Key())
	if err != nil {
		return fmt.Errorf("look for what waits for an external id: %w", err)
	}
	for _, key := range waiting {
		r.marks = append(r.marks, lockstep.Mark{Key: key, Scope: lockstep.ScopeAll, Priority: lockstep.Normal})
	}
	return nil
}

// namedCustomers are the customers that an identity's metadata names, the one under our own
// key first.
func namedCustomers(identity lockstep.Identity, key string) (ids []string) {
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

// mostHinted is how many customers with the user's address a checkout looks at.
const mostHinted = 10

// hinted are the customers that Stripe's search finds, and those that have the user's verified
// address: who bought by payment link is named by a session's reference, which no search finds.
// The search lags, and some accounts have none. Both are extra hints for a checkout before the
// backfill has listed everything; each customer must name the account itself.
func (r *run) hinted(ctx context.Context) ([]string, error) {
	if !r.incomplete || !r.scope.Has(lockstep.ScopePurchase) {
		return nil, nil
	}
	ids, err := r.Billing.CustomersNaming(ctx, r.account)
	var upstream *lockstep.UpstreamError
	switch {
	case errors.As(err, &upstream) && upstream.Rejected():
		r.Log.Info("Stripe's search was refused; a checkout goes on without it", "error", err)
	case err != nil:
		return nil, fmt.Errorf("search for an account's customers: %w", err)
	}
	if r.account.Kind != lockstep.User || r.identity.Email == "" || !r.identity.EmailVerified {
		return ids, nil
	}
	found, err := r.Billing.CustomersByEmail(ctx, r.identity.Email)
	if err != nil {
		return nil, fmt.Errorf("look for customers by address: %w", err)
	}
	for _, c := range found[:min(len(found), mostHinted)] {
		if !c.Deleted {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

// finding is how a candidate for adoption was found.
type finding int

const (
	byItself    finding = iota // it may name the account, and must do so by more than a reference
	byAddress                  // it is the only customer with the user's verified address
	byDirectory                // the account's own metadata names it
)

// adoptable returns a customer that may become the account's primary one; the zero
// customer: it may not.
func (r *run) adoptable(ctx context.Context, id string, found finding) (none lockstep.Customer, err error) {
	c, err := r.Billing.Customer(ctx, id)
	switch {
	case errors.Is(err, lockstep.ErrNotFound), err == nil && c.Deleted:
		return none, nil
	case err != nil:
		return none, fmt.Errorf("look at customer: %w", err)
	}
	if others, err := r.others(ctx, c, found); others || err != nil {
		return none, err
	}
	switch owner, err := r.Store.AccountOfCustomer(ctx, id); {
	case err == nil && owner != r.account:
		return none, nil
	case err != nil && !errors.Is(err, lockstep.ErrNotFound):
		return none, fmt.Errorf("look at customer's link: %w", err)
	}
	return c, nil
}

// others reports whether an operator, the customer itself or anything that hangs on it
// names another account: someone who pays for an organization with their own address does
// not own its customer. Unless something else proves that the customer is the account's,
// it must name the account, and by more than a reference.
func (r *run) others(ctx context.Context, c lockstep.Customer, found finding) (bool, error) {
	owner, err := r.Owners.ofCustomer(ctx, c)
	switch {
	case unresolved(err):
		return true, nil
	case err != nil:
		return false, err
	case owner.account.IsZero():
		return found == byItself, nil
	case owner.account == r.account:
		return found == byItself && owner.trust != lockstep.Proven, nil
	case found != byDirectory, owner.account.Kind != r.account.Kind: // a member's metadata names what they paid for it
		return true, nil
	}
	// An application that moved its users to new ids left the former ids at Stripe.
	_, err = r.Owners.find(ctx, owner.account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return false, nil
	}
	return true, err
}

// sameEmail is the customer from before Lockstep that has the user's address, where the
// operator turned that on: the directory must have verified the address, and just one
// living customer must have it. Whether that is somebody else's is looked at as of every
// candidate.
func (r *run) sameEmail(ctx context.Context) ([]string, error) {
	if !r.AdoptByEmail || r.account.Kind != lockstep.User || !r.identity.EmailVerified || r.identity.Email == "" {
		return nil, nil
	}
	found, err := r.Billing.CustomersByEmail(ctx, r.identity.Email)
	if err != nil {
		return nil, fmt.Errorf("look for a customer by address: %w", err)
	}
	var ids []string
	for _, c := range found {
		if !c.Deleted {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) > 1 {
		r.Log.Warn("several customers have the address of a user; none is adopted", "account", r.account.String(),
			"customers", len(ids))
		return nil, nil
	}
	return ids, nil
}

// link records the customer at once: everything after it may be tried again, this must not
// be forgotten. Nor that it is to be looked at, unless it is just made: then there is
// nothing yet, and what comes is told by events.
func (r *run) link(ctx context.Context, c lockstep.Customer) error {
	if !r.made {
		r.marks = append(r.marks, lockstep.Mark{Key: r.account.Key(),
			Scope:    lockstep.ScopeSubscriptions | lockstep.ScopePayments,
			Priority: lockstep.Normal, Delay: lookAgain})
	}
	if r.now.Claims(c.ID) { // what the account's run found is proof
		r.setFurther(c.ID, func(l *lockstep.Link) { l.Trust = lockstep.Proven })
		if err := r.keep(ctx); err != nil {
			return err
		}
	}
	r.setPrimary(c)
	r.now.Intent = nil
	r.now.ClearProblem(lockstep.StepCustomer)
	return r.keep(ctx)
}

// takeOver records which values we have written to a customer that is being linked. For one
// that we create, these are the intent's. For any other customer somebody else may have
// written its values, so they stay, and only an empty field is filled in.
func (r *run) takeOver(c lockstep.Customer) {
	if intent := r.now.Intent; intent != nil {
		r.now.CustomerEmail, r.now.CustomerName = intent.Email, intent.Name
		return
	}
	known := lockstep.NewCustomerDetails(r.now.Email, r.now.Name)
	r.now.CustomerEmail, r.now.CustomerName = "", ""
	if c.Email != "" {
		r.now.CustomerEmail = known.Email
	}
	if c.Name != "" {
		r.now.CustomerName = known.Name
	}
}

// createCustomer creates the customer under a stored intent.
func (r *run) createCustomer(ctx context.Context) error {
	if r.repeats(lockstep.StepCustomer, r.creation()) {
		return nil
	}
	r.now.ClearProblem(lockstep.StepCustomer)
	if r.now.Intent != nil && time.Since(r.now.Intent.At) > keyLife {
		return r.recover(ctx, nil)
	}
	resumed := r.now.Intent != nil
	if !resumed {
		if err := r.intend(ctx); err != nil {
			return err
		}
	}
	intent := *r.now.Intent
	c, err := r.Billing.CreateCustomer(ctx, lockstep.NewCustomer{Account: r.account,
		Email: intent.Email, Name: intent.Name, IdempotencyKey: intent.Key})
	var upstream *lockstep.UpstreamError
	switch {
	case err == nil:
		c.Email, c.Name = intent.Email, intent.Name
		if resumed {
			// The answer may be that of the first try. What became of the customer since, only
			// a look tells: its events came before the link.
			switch now, err := r.Billing.Customer(ctx, c.ID); {
			case err != nil:
				return fmt.Errorf("look at the customer of an old intent: %w", err)
			case now.Deleted:
				r.now.Intent = nil
				if err := r.keep(ctx); err != nil {
					return err
				}
				return r.createCustomer(ctx)
			}
		}
		r.made = !resumed
		return r.link(ctx, c)
	case errors.As(err, &upstream) && (upstream.Replayed || upstream.Code == "idempotency_error"):
		// The key's stored answer is a failure, or belongs to other parameters: it
		// will never give a customer. Whether one was made, only a look can tell.
		return r.recover(ctx, err)
	case errors.As(err, &upstream) && upstream.Rejected():
		return r.createWithout(ctx, intent, fmt.Errorf("create customer: %w", err))
	}
	return fmt.Errorf("create customer: %w", err)
}

// intend stores what will be sent to Stripe before it is sent.
func (r *run) intend(ctx context.Context) error {
	details := r.wantedDetails()
	r.now.CustomerGeneration++
	r.now.Intent = &lockstep.Intent{
		Key:   fmt.Sprintf("lockstep:customer:%s:%d", r.account, r.now.CustomerGeneration),
		Email: details.Email, Name: details.Name, At: time.Now()}
	return r.keep(ctx)
}

// recover looks for the customer that an intent may have made. If there is none
// the intent is given up, and the next try begins a new generation.
func (r *run) recover(ctx context.Context, cause error) error {
	made, err := r.Billing.CustomersOf(ctx, r.account, r.now.Intent.At.Add(-time.Hour))
	if err != nil {
		return fmt.Errorf("look for the customer of an old intent: %w", err)
	}
	for _, c := range made {
		if !c.Deleted {
			return r.link(ctx, c)
		}
	}
	r.now.Intent = nil
	if err := r.keep(ctx); err != nil {
		return err
	}
	if cause != nil {
		return fmt.Errorf("create customer: its idempotency key is spent, a new one is next: %w", runner.Retryable(cause))
	}
	return r.createCustomer(ctx)
}
