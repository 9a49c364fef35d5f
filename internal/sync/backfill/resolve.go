package backfill

import (
	"context"
	"errors"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

// resolveCustomers decides about a page of customers by what was listed. It reads Stripe and the
// directory only to find the admins of an organization that a reference names.
func (b *Reconciler) resolveCustomers(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	page, err := b.Store.StagedCustomers(ctx, at.Page, resolvePage)
	if err != nil {
		return at, err
	}
	conclusions := make([]lockstep.Conclusion, 0, len(page))
	for _, c := range page {
		v, err := b.conclude(ctx, c)
		if err != nil {
			return at, err
		}
		conclusions = append(conclusions, v.Conclusion)
		v.report(&at.Report)
	}
	at.PhaseCount += int64(len(page))
	next := ""
	if len(page) == resolvePage {
		next = page[len(page)-1].Customer.ID
	}
	at = following(at, next)
	return at, b.Store.Conclude(ctx, claim, Encode(at), conclusions)
}

// verdict is a conclusion about a customer, and why it belongs to no account.
type verdict struct {
	lockstep.Conclusion
	reason string // empty: it belongs to one
}

// report counts the verdict.
func (v verdict) report(r *lockstep.BackfillReport) {
	example := lockstep.BackfillExample{Customer: v.CustomerID, Reason: v.reason}
	if len(v.Claims) == 1 {
		example.Account = v.Claims[0].String()
	}
	switch v.Outcome {
	case lockstep.BackfillLinked:
		example.Account = v.Account.String()
		r.Linked.Add(example)
	case lockstep.BackfillUnlinked:
		r.Unlinked.Add(example)
	case lockstep.BackfillAmbiguous:
		r.Ambiguous.Add(example)
	}
}

func (v verdict) linked(account lockstep.Account, trust lockstep.Trust) verdict {
	v.Outcome, v.Account, v.Trust, v.reason = lockstep.BackfillLinked, account, trust, ""
	return v
}

func (v verdict) unlinked(reason string, claims ...lockstep.Account) verdict {
	v.Outcome, v.Claims, v.reason = lockstep.BackfillUnlinked, claims, reason
	return v
}

func (v verdict) ambiguous(reason string, claims []lockstep.Account) verdict {
	v.Outcome, v.Claims, v.reason = lockstep.BackfillAmbiguous, claims, reason
	return v
}

// conclude decides about a customer.
func (b *Reconciler) conclude(ctx context.Context, c lockstep.StagedCustomer) (verdict, error) {
	v := verdict{Conclusion: lockstep.Conclusion{CustomerID: c.Customer.ID, Rank: rank(c)}}
	if c.Assigned && c.Assignment.IsZero() {
		return v.unlinked(ownership.ErrUnlinked.Error()), nil
	}
	e, err := b.evidence(ctx, c)
	if err != nil {
		return v, err
	}
	owner, identity, err := b.listedOwner(ctx, e)
	switch {
	case errors.Is(err, ownership.ErrAmbiguous):
		claims, failed := b.everyoneNamed(ctx, e)
		return v.ambiguous(err.Error(), claims), failed
	case err == nil && owner.Account.IsZero():
		return b.concludeByEmail(ctx, c, v)
	case errors.Is(err, lockstep.ErrNotFound):
		return b.concludeUnlisted(ctx, c, v, owner)
	case err != nil:
		return v, err
	}
	trust, err := b.trustIn(ctx, e, owner, identity, c.Customer)
	return v.linked(owner.Account, trust), err
}

// concludeUnlisted decides about a customer whose evidence names an account that the directory does
// not list. If the name is an id of the application's own, that says nothing against an address.
func (b *Reconciler) concludeUnlisted(ctx context.Context, c lockstep.StagedCustomer, v verdict,
	owner ownership.Owner) (verdict, error) {
	if b.Owners.Foreign(owner.Account) {
		byEmail, err := b.concludeByEmail(ctx, c, v)
		if err != nil || byEmail.Outcome != lockstep.BackfillUnlinked {
			return byEmail, err
		}
	}
	return v.unlinked("the directory does not list "+owner.Account.String(), owner.Account), nil
}

// trustIn says how far to trust that a customer is the owner's.
func (b *Reconciler) trustIn(ctx context.Context, e ownership.Evidence, owner ownership.Owner,
	identity lockstep.Identity, customer lockstep.Customer) (lockstep.Trust, error) {
	if owner.Trust != lockstep.Claimed {
		return owner.Trust, nil
	}
	e.Reference = nil // what the secret key wrote on a lower rung may say the same
	if named, _, err := b.listedOwner(ctx, e); err == nil && named.Account == owner.Account {
		return named.Trust, nil
	}
	return b.Owners.Vouch(ctx, identity, customer)
}

// listedOwner resolves the evidence to an account that the directory lists. If it does not list the
// account, it returns ErrNotFound together with it.
func (b *Reconciler) listedOwner(ctx context.Context, e ownership.Evidence) (ownership.Owner, lockstep.Identity,
	error) {
	owner, err := b.Owners.Resolve(ctx, e, b.find)
	if err != nil || owner.Account.IsZero() {
		return owner, lockstep.Identity{}, err
	}
	identity, err := b.identity(ctx, owner.Account)
	if err == nil {
		owner.Account = identity.Account
	}
	return owner, identity, err
}

// find returns the account that a name means in the list.
func (b *Reconciler) find(ctx context.Context, named lockstep.Account) (lockstep.Account, error) {
	identity, err := b.identity(ctx, named)
	return identity.Account, err
}

// identity returns the listed identity of an account, or the one whose external id the account's id
// is: applications that moved their users to new ids left the former ids at Stripe.
func (b *Reconciler) identity(ctx context.Context, account lockstep.Account) (lockstep.Identity, error) {
	identity, err := b.Store.StagedIdentity(ctx, account)
	if !errors.Is(err, lockstep.ErrNotFound) {
		return identity, err
	}
	now, err := b.Store.StagedExternal(ctx, account.Kind, account.ID)
	if err != nil {
		return lockstep.Identity{}, err
	}
	return b.Store.StagedIdentity(ctx, now)
}

// rank orders an account's customers: first one with a subscription that has not ended, then one
// that has bought something.
func rank(c lockstep.StagedCustomer) int {
	live := func(s lockstep.Subscription) bool { return !s.Ended() && s.Status != "incomplete" }
	switch {
	case slices.ContainsFunc(c.Subscriptions, live):
		return 0
	case len(c.Subscriptions) > 0, len(c.Checkouts) > 0:
		return 1
	}
	return 2
}

// evidence returns what was listed about a customer, for the ladder.
func (b *Reconciler) evidence(ctx context.Context, c lockstep.StagedCustomer) (ownership.Evidence, error) {
	e := ownership.Evidence{Assigned: c.Assignment, Customer: b.Owners.Readable(c.Customer.Metadata),
		Directory: c.Named}
	switch {
	case c.Link.CustomerID != "" && c.Link.Trust == lockstep.Proven:
		e.Link = c.Link.Account
	case c.Link.CustomerID != "":
		e.Claimed = c.Link.Account
	}
	for _, s := range c.Subscriptions {
		e.Objects = append(e.Objects, b.Owners.Readable(s.Metadata))
	}
	for _, s := range c.Checkouts {
		e.Objects = append(e.Objects, b.Owners.Readable(s.Metadata))
		account, err := b.referred(ctx, s.Reference)
		if err != nil {
			return e, err
		}
		if !account.IsZero() {
			e.Reference = append(e.Reference, account)
		}
	}
	return e, nil
}

// referred returns the account that a client_reference_id names; zero: none.
func (b *Reconciler) referred(ctx context.Context, reference string) (lockstep.Account, error) {
	if reference == "" {
		return lockstep.Account{}, nil
	}
	if account, named := lockstep.AccountOfReference(reference); named {
		return account, nil
	}
	account, err := b.Store.StagedSlug(ctx, reference)
	if errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Account{}, nil
	}
	return account, err
}

// everyoneNamed returns the accounts that an ambiguous customer could belong to.
func (b *Reconciler) everyoneNamed(ctx context.Context, e ownership.Evidence) (accounts []lockstep.Account,
	err error) {
	for _, a := range e.Named() {
		switch now, err := b.find(ctx, a); {
		case err == nil:
			a = now
		case !errors.Is(err, lockstep.ErrNotFound):
			return nil, err
		}
		if !slices.Contains(accounts, a) {
			accounts = append(accounts, a)
		}
	}
	return accounts, nil
}

// concludeByEmail decides about a customer whose evidence names no account. If the operator lets
// addresses decide, one user must have verified the address, and no other customer may have it.
func (b *Reconciler) concludeByEmail(ctx context.Context, c lockstep.StagedCustomer, v verdict) (verdict, error) {
	const nothing = "nothing names the account of this customer"
	if !b.AdoptByEmail || c.Customer.Email == "" {
		return v.unlinked(nothing), nil
	}
	users, customers, err := b.Store.StagedEmail(ctx, c.Customer.Email)
	switch {
	case err != nil:
		return v, err
	case len(users) == 0:
		return v.unlinked(nothing), nil
	case len(users) > 1 || customers > 1:
		return v.ambiguous("several customers or users have the address of this customer", users), nil
	}
	return v.linked(users[0], lockstep.Proven), nil
}
