package backfill

import (
	"context"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
)

// linkCustomers links a page of customers, account by account. A dry run only counts the accounts
// with several customers.
func (b *Reconciler) linkCustomers(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	after, err := parsePlace(at.Page)
	if err != nil {
		return at, lockstep.Terminal(err)
	}
	page, err := b.Store.Concluded(ctx, after, linkPage)
	if err != nil {
		return at, err
	}
	last := countSeveral(&at, after, page)
	at.PhaseCount += int64(len(page))
	next := ""
	if len(page) == linkPage {
		next = placeOf(last)
	}
	generation := at.Generation
	at = following(at, next)
	if at.DryRun {
		return b.save(ctx, claim, at, nil)
	}
	var marks []lockstep.Mark
	for i := range page {
		page[i].Generation = generation
		if err := b.prepare(ctx, &page[i]); err != nil {
			return at, err
		}
		marks = append(marks, payers(page[i])...)
	}
	return at, b.Store.Adopt(ctx, claim, Encode(at), page, marks)
}

// countSeveral counts the customers beside the first one of their account. It returns the page's
// last conclusion.
func countSeveral(at *lockstep.Backfill, after lockstep.Conclusion, page []lockstep.Adoption) lockstep.Conclusion {
	for _, a := range page {
		if a.Account == after.Account {
			at.Report.Several.Add(lockstep.BackfillExample{Customer: a.CustomerID, Account: a.Account.String()})
		}
		after = a.Conclusion
	}
	return after
}

// payers returns background marks of the users who bought what an organization gets linked.
func payers(a lockstep.Adoption) []lockstep.Mark {
	linked := lockstep.Record{Account: a.Account, Subscriptions: a.Subscriptions}
	marks := ownership.Payers(lockstep.Record{}, linked)
	for i := range marks {
		marks[i].Priority = lockstep.Background
	}
	return marks
}

// prepare completes what was listed of a customer's subscriptions, as an account's run does.
func (b *Reconciler) prepare(ctx context.Context, a *lockstep.Adoption) error {
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
			// The list tells neither since when it owes, nor what the app named on the session.
			a.Scope |= lockstep.ScopeSubscriptions
		}
		var err error
		if s.PaidBy, err = b.payerOf(ctx, a.Account, *s); err != nil {
			return err
		}
	}
	keepDetails(a)
	return nil
}

// payerOf returns the user who pays an organization's subscription; empty: nobody is known.
func (b *Reconciler) payerOf(ctx context.Context, account lockstep.Account, s lockstep.Subscription) (string, error) {
	if account.Kind != lockstep.Organization {
		return "", nil
	}
	if named := b.Owners.Buyer(s.PaidBy); named != "" || s.Ended() {
		return named, nil
	}
	return b.Owners.Payer(ctx, account, s.CustomerID)
}

// keepDetails has only later changes in the directory replace the address and the name of a
// customer that we did not create. An account's run does the same when it links a customer.
func keepDetails(a *lockstep.Adoption) {
	if a.Customer.Metadata[lockstep.AccountMetadata] == a.Account.String() {
		return
	}
	if a.Customer.Email != "" {
		a.Customer.Email = a.Identity.Email
	}
	if a.Customer.Name != "" {
		a.Customer.Name = a.Identity.Name
	}
}

// placeOf is the page cursor after a conclusion.
func placeOf(c lockstep.Conclusion) string {
	return fmt.Sprintf("%s %d %s", c.Account, c.Rank, c.CustomerID)
}

func parsePlace(page string) (c lockstep.Conclusion, err error) {
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
