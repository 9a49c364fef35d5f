package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// resolveCustomers decides about a page of customers by what was listed. It reads Stripe
// and the directory only where a reference names an organization, to find its admins.
func (b *Backfill) resolveCustomers(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	page, err := b.Store.StagedCustomers(ctx, at.Page, resolvePage)
	if err != nil {
		return at, err
	}
	conclusions := make([]lockstep.Conclusion, 0, len(page))
	for _, c := range page {
		conclusion, reason, err := b.conclude(ctx, c)
		if err != nil {
			return at, err
		}
		conclusions = append(conclusions, conclusion)
		example := lockstep.BackfillExample{Customer: c.Customer.ID, Reason: reason}
		if len(conclusion.Claims) == 1 {
			example.Account = conclusion.Claims[0].String()
		}
		switch conclusion.Outcome {
		case lockstep.BackfillLinked:
			example.Account = conclusion.Account.String()
			at.Report.Linked.Add(example)
		case lockstep.BackfillUnlinked:
			at.Report.Unlinked.Add(example)
		case lockstep.BackfillAmbiguous:
			at.Report.Ambiguous.Add(example)
		}
	}
	at.PhaseCount += int64(len(page))
	next := ""
	if len(page) == resolvePage {
		next = page[len(page)-1].Customer.ID
	}
	at = following(at, next)
	return at, b.Store.Conclude(ctx, claim, EncodeBackfill(at), conclusions)
}

// conclude decides about a customer, and says why where it belongs to no account.
func (b *Backfill) conclude(ctx context.Context, c lockstep.StagedCustomer) (lockstep.Conclusion, string, error) {
	conclusion := lockstep.Conclusion{CustomerID: c.Customer.ID, Outcome: lockstep.BackfillUnlinked, Rank: rank(c)}
	if c.Assigned && c.Assignment.IsZero() {
		return conclusion, errUnlinked.Error(), nil
	}
	e, err := b.evidence(ctx, c)
	if err != nil {
		return conclusion, "", err
	}
	owner, identity, err := b.listedOwner(ctx, e)
	switch {
	case errors.Is(err, errAmbiguous):
		var failed error
		conclusion.Outcome = lockstep.BackfillAmbiguous
		conclusion.Claims, failed = b.everyoneNamed(ctx, e)
		return conclusion, err.Error(), failed
	case err == nil && owner.account.IsZero():
		return b.concludeByEmail(ctx, c, conclusion)
	case errors.Is(err, lockstep.ErrNotFound):
		if b.Owners.foreign(owner.account) { // an id of the application's own says nothing against an address
			if byEmail, reason, err := b.concludeByEmail(ctx, c, conclusion); err != nil ||
				byEmail.Outcome != lockstep.BackfillUnlinked {
				return byEmail, reason, err
			}
		}
		conclusion.Claims = []lockstep.Account{owner.account}
		return conclusion, "the directory does not list " + owner.account.String(), nil
	case err != nil:
		return conclusion, "", err
	}
	if owner.trust == lockstep.Claimed {
		e.reference = nil // what the secret key wrote further down the ladder may say the same
		if named, _, err := b.listedOwner(ctx, e); err == nil && named.account == owner.account {
			owner = named
		} else if owner.trust, err = b.Owners.vouch(ctx, identity, c.Customer); err != nil {
			return conclusion, "", err
		}
	}
	conclusion.Outcome, conclusion.Account, conclusion.Trust = lockstep.BackfillLinked, owner.account, owner.trust
	return conclusion, "", nil
}

// listedOwner resolves the evidence to an account that the directory lists; ErrNotFound with
// the account where it does not.
func (b *Backfill) listedOwner(ctx context.Context, e evidence) (ownership, lockstep.Identity, error) {
	owner, err := b.Owners.resolve(ctx, e, b.find)
	if err != nil || owner.account.IsZero() {
		return owner, lockstep.Identity{}, err
	}
	identity, err := b.identity(ctx, owner.account)
	if err == nil {
		owner.account = identity.Account
	}
	return owner, identity, err
}

// find returns the account that a name means in the list.
func (b *Backfill) find(ctx context.Context, named lockstep.Account) (lockstep.Account, error) {
	identity, err := b.identity(ctx, named)
	return identity.Account, err
}

// identity returns the identity that an account has in the list, or the one that has the
// account's id as its external id: applications that moved their users to new ids left the
// former ids at Stripe.
func (b *Backfill) identity(ctx context.Context, account lockstep.Account) (lockstep.Identity, error) {
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

// rank puts an account's customers in order: one with a subscription that has not ended
// first, then one that has bought something.
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

// evidence is what was listed about a customer, for the ladder.
func (b *Backfill) evidence(ctx context.Context, c lockstep.StagedCustomer) (evidence, error) {
	e := evidence{assigned: c.Assignment, customer: b.Owners.readable(c.Customer.Metadata), directory: c.Named}
	switch {
	case c.Link.CustomerID != "" && c.Link.Trust == lockstep.Proven:
		e.link = c.Link.Account
	case c.Link.CustomerID != "":
		e.claimed = c.Link.Account
	}
	for _, s := range c.Subscriptions {
		e.objects = append(e.objects, b.Owners.readable(s.Metadata))
	}
	for _, s := range c.Checkouts {
		e.objects = append(e.objects, b.Owners.readable(s.Metadata))
		if s.Reference == "" {
			continue
		}
		account, named := lockstep.AccountOfReference(s.Reference)
		if !named {
			var err error
			account, err = b.Store.StagedSlug(ctx, s.Reference)
			if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
				return e, err
			}
			named = err == nil
		}
		if named {
			e.reference = append(e.reference, account)
		}
	}
	return e, nil
}

// everyoneNamed returns the accounts that an ambiguous customer could belong to.
func (b *Backfill) everyoneNamed(ctx context.Context, e evidence) (accounts []lockstep.Account, err error) {
	for _, a := range slices.Concat(named(e.objects...), e.reference, named(e.customer), e.directory) {
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

// concludeByEmail decides about a customer that nothing names the account of, where the
// operator lets addresses decide: one user must have verified the address, and no other
// customer may have it.
func (b *Backfill) concludeByEmail(ctx context.Context, c lockstep.StagedCustomer,
	conclusion lockstep.Conclusion) (lockstep.Conclusion, string, error) {
	const nothing = "nothing names the account of this customer"
	if !b.AdoptByEmail || c.Customer.Email == "" {
		return conclusion, nothing, nil
	}
	users, customers, err := b.Store.StagedEmail(ctx, c.Customer.Email)
	switch {
	case err != nil:
		return conclusion, "", err
	case len(users) == 0:
		return conclusion, nothing, nil
	case len(users) > 1 || customers > 1:
		conclusion.Outcome, conclusion.Claims = lockstep.BackfillAmbiguous, users
		return conclusion, "several customers or users have the address of this customer", nil
	}
	conclusion.Outcome, conclusion.Account, conclusion.Trust = lockstep.BackfillLinked, users[0], lockstep.Proven
	return conclusion, "", nil
}

// linkCustomers links a page of customers, account by account. A dry run only counts the
// accounts with several.
func (b *Backfill) linkCustomers(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	after, err := parseConclusion(at.Page)
	if err != nil {
		return at, lockstep.Terminal(err)
	}
	page, err := b.Store.Concluded(ctx, after, linkPage)
	if err != nil {
		return at, err
	}
	var marks []lockstep.Mark
	for i := range page {
		a := &page[i]
		if a.Account == after.Account {
			at.Report.Several.Add(lockstep.BackfillExample{Customer: a.CustomerID, Account: a.Account.String()})
		}
		after = a.Conclusion
		if at.DryRun {
			continue
		}
		a.Generation = at.Generation
		if err := b.prepare(ctx, a); err != nil {
			return at, err
		}
		for _, m := range payers(lockstep.Record{}, lockstep.Record{Account: a.Account, Subscriptions: a.Subscriptions}) {
			m.Priority = lockstep.Background
			marks = append(marks, m)
		}
	}
	at.PhaseCount += int64(len(page))
	next := ""
	if len(page) == linkPage {
		next = placeOf(after)
	}
	at = following(at, next)
	if at.DryRun {
		return b.save(ctx, claim, at, nil)
	}
	return at, b.Store.Adopt(ctx, claim, EncodeBackfill(at), page, marks)
}

// prepare completes what was listed of a customer's subscriptions as an account's run does.
func (b *Backfill) prepare(ctx context.Context, a *lockstep.Adoption) error {
	a.Scope = lockstep.ScopeIdentity
	if b.Entitled {
		a.Scope |= lockstep.ScopeSubscriptions
	}
	for i := range a.Subscriptions {
		s := &a.Subscriptions[i]
		if err := b.Book.Name(ctx, b.Catalog, pricebook.Lookup{Items: s.Items, Recurring: true}); err != nil {
			return err
		}
		if s.Status == "past_due" || b.Catalog.PlanMetadata != "" && !s.Ended() {
			// Since when it owes, and what the app named on the session, the list does not tell.
			a.Scope |= lockstep.ScopeSubscriptions
		}
		s.PaidBy = b.Owners.buyer(s.PaidBy)
		switch {
		case a.Account.Kind != lockstep.Organization:
			s.PaidBy = ""
		case s.PaidBy == "" && !s.Ended():
			var err error
			if s.PaidBy, err = b.Owners.payer(ctx, a.Account, s.CustomerID); err != nil {
				return err
			}
		}
	}
	// As [run.takeOver] does: on a customer that we did not create, only later changes in the
	// directory replace the address and the name.
	if a.Customer.Metadata[lockstep.AccountMetadata] == a.Account.String() {
		return nil
	}
	if a.Customer.Email != "" {
		a.Customer.Email = a.Identity.Email
	}
	if a.Customer.Name != "" {
		a.Customer.Name = a.Identity.Name
	}
	return nil
}

func placeOf(c lockstep.Conclusion) string {
	return fmt.Sprintf("%s %d %s", c.Account, c.Rank, c.CustomerID)
}

func parseConclusion(page string) (c lockstep.Conclusion, err error) {
	if page == "" {
		return c, nil
	}
	words := strings.Fields(page)
	if len(words) != 3 {
		return c, fmt.Errorf("%q is not a place among a backfill's conclusions", page)
	}
	if c.Account, err = lockstep.ParseAccount(words[0]); err != nil {
		return c, err
	}
	c.CustomerID = words[2]
	_, err = fmt.Sscanf(words[1], "%d", &c.Rank)
	return c, err
}

// markPayments marks one-time payments, so that workers turn them into licenses, and waits for
// a page of them: without its license an account would lose access when the hold ends.
func (b *Backfill) markPayments(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	if at.DryRun {
		return b.save(ctx, claim, following(at, ""), nil)
	}
	page, err := b.Store.StagedPayments(ctx, at.Page, paymentPage)
	if err != nil {
		return at, err
	}
	next := ""
	if len(page) == paymentPage {
		next = page[len(page)-1].CheckoutID
	}
	page = slices.DeleteFunc(page, func(p lockstep.StagedPayment) bool { return !p.Linked && p.Named.ID == "" })
	if !at.Waiting && len(page) > 0 {
		if err := b.stripe.wait(ctx, b.StripeRate, len(page)); err != nil {
			return at, err
		}
		var marks []lockstep.Mark
		for _, p := range page {
			marks = append(marks, lockstep.Mark{Key: p.Key(), Priority: lockstep.Background})
		}
		at.Waiting = true
		return b.save(ctx, claim, at, marks)
	}
	for _, p := range page {
		settled, err := b.settled(ctx, p)
		if err != nil {
			return at, err
		}
		if !settled && at.Looks < paymentLooks {
			at.Looks++
			return b.save(ctx, claim, at, nil)
		}
	}
	at.Waiting, at.Looks = false, 0
	at.PhaseCount += int64(len(page))
	return b.save(ctx, claim, following(at, next), nil)
}

// paymentLooks is how often, a second apart, the backfill looks whether a page of payments
// is settled before it continues without the rest.
const paymentLooks = 120

// settled reports whether a payment has its license by now, or gets none soon. One that is
// parked until its account is known gets it when the account's run has ended.
func (b *Backfill) settled(ctx context.Context, p lockstep.StagedPayment) (bool, error) {
	work, err := b.Store.Work(ctx, p.Key())
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case work.Pending():
		return false, nil
	case work.Disposition != lockstep.Parked || p.Named.ID == "":
		return true, nil
	}
	if p.Named.Kind == "" {
		_, err = b.Store.StagedSlug(ctx, p.Named.ID)
	} else {
		_, err = b.Store.StagedIdentity(ctx, p.Named)
	}
	if errors.Is(err, lockstep.ErrNotFound) {
		return true, nil
	}
	return false, err
}
