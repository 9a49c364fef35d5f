package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// mostAdmins is how many admins of an organization we try before we give up finding an address.
const mostAdmins = 10

// ToMembers sends e-mails about an organization only to its current members: to the buyer, or,
// after the buyer left, to a member in one of the roles. No roles means admin.
func (m *Emails) ToMembers(members lockstep.MemberLister, roles []string) *Emails {
	if len(roles) == 0 {
		roles = []string{"admin"}
	}
	m.members, m.roles = members, roles
	return m
}

// member returns the member who gets an organization's e-mail: the buyer, unless they left;
// then an admin. left is the address of the buyer who left.
func (m *Emails) member(ctx context.Context, n lockstep.Notice) (to addressed, left string, err error) {
	payer, known := lockstep.UserOf(n.Facts.PaidBy)
	if !known || n.Account.Kind != lockstep.Organization {
		return addressed{}, "", nil
	}
	bought, err := m.readerOf(ctx, payer)
	if err != nil || m.members == nil {
		return bought, "", err
	}
	present, err := m.members.MembersAmong(ctx, n.Account, []string{payer.ID})
	switch {
	case errors.Is(err, lockstep.ErrNotFound): // the organization is gone
		return addressed{}, "", nil
	case err != nil:
		return addressed{}, "", fmt.Errorf("look whether the buyer is a member: %w", err)
	case slices.Contains(present, payer.ID) && bought.address != "":
		return bought, "", nil
	case !slices.Contains(present, payer.ID):
		left = cmp.Or(bought.address, "unknown")
	}
	to, err = m.admin(ctx, n.Account)
	return to, left, err
}

// admin returns the first member in one of the roles who has an address.
func (m *Emails) admin(ctx context.Context, organization lockstep.Account) (addressed, error) {
	admins, err := m.members.MembersIn(ctx, organization, m.roles, mostAdmins)
	if err != nil {
		return addressed{}, fmt.Errorf("look for an admin: %w", err)
	}
	for _, id := range admins {
		admin, err := m.readerOf(ctx, lockstep.Account{Kind: lockstep.User, ID: id})
		if admin.address != "" || err != nil {
			return admin, err
		}
	}
	return addressed{}, nil
}

// readerOf returns a user's name and address as we know them; the zero value if we know no
// such user, or the user is deleted.
func (m *Emails) readerOf(ctx context.Context, user lockstep.Account) (addressed, error) {
	record, err := m.store.Account(ctx, user)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return addressed{}, nil
	case err != nil:
		return addressed{}, err
	case record.State == lockstep.AccountDeleted:
		return addressed{}, nil
	}
	return addressed{address: record.Email, name: record.Name}, nil
}
