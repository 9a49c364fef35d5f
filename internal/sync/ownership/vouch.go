package ownership

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// Vouch says how far to trust a customer that only a reference links to an account. Anyone with a
// payment link can write any reference into its URL, and the account sees the invoices and cards of
// its primary customer. So the directory must have verified the customer's address: as the user's,
// or as an admin's of the organization. An organization may also have an address of its own, which
// only servers can give it.
func (o *Resolver) Vouch(ctx context.Context, identity lockstep.Identity,
	customer lockstep.Customer) (lockstep.Trust, error) {
	same := func(email string) bool { return strings.EqualFold(email, customer.Email) }
	switch {
	case customer.Email == "":
		return lockstep.Claimed, nil
	case identity.Account.Kind == lockstep.Organization && same(identity.Email),
		identity.EmailVerified && same(identity.Email),
		slices.ContainsFunc(identity.VerifiedEmails, same):
		return lockstep.Proven, nil
	case identity.Account.Kind != lockstep.Organization || o.Organizations == nil:
		return lockstep.Claimed, nil
	}
	member, err := o.member(ctx, identity.Account, customer.Email)
	switch {
	case err != nil:
		return "", fmt.Errorf("look up an admin of %s: %w", identity.Account, err)
	case member.Admin:
		return lockstep.Proven, nil
	}
	return lockstep.Claimed, nil
}

// member returns the member of an organization with the address; the zero Member if there is none.
// If the directory refuses the address, there is none either: anyone can type an invalid one at
// checkout, and that must not stop the organization's runs.
func (o *Resolver) member(ctx context.Context, organization lockstep.Account, email string) (lockstep.Member, error) {
	member, err := o.Organizations.MemberWithEmail(ctx, organization, email)
	if refused(err) || errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Member{}, nil
	}
	return member, err
}

// Payer returns the id of the member of an organization who pays with a customer, by the customer's
// address; empty if no member has it.
func (o *Resolver) Payer(ctx context.Context, organization lockstep.Account, customerID string) (string, error) {
	if o.Organizations == nil {
		return "", nil
	}
	customer, err := o.Billing.Customer(ctx, customerID)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read customer: %w", err)
	case customer.Deleted, customer.Email == "":
		return "", nil
	}
	member, err := o.member(ctx, organization, customer.Email)
	if err != nil {
		return "", fmt.Errorf("look up the member who pays for %s: %w", organization, err)
	}
	return member.User.ID, nil
}

// Payers returns marks of the users whose metadata also shows what they bought for an organization:
// those of subscriptions that are new, or whose status or payer changed.
func Payers(was, now lockstep.Record) []lockstep.Mark {
	if now.Account.Kind != lockstep.Organization {
		return nil
	}
	before := map[string]lockstep.Subscription{}
	for _, s := range was.Subscriptions {
		before[s.ID] = s
	}
	var marks []lockstep.Mark
	for _, s := range now.Subscriptions {
		payer, known := lockstep.UserOf(s.PaidBy)
		if !known {
			continue
		}
		if b, known := before[s.ID]; !known || b.Status != s.Status || b.PaidBy != s.PaidBy {
			marks = append(marks, lockstep.Mark{Key: payer.Key(), Priority: lockstep.Normal})
		}
	}
	return marks
}
