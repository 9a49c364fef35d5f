package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// mostAdmins is how many admins of an organization we try for an address.
const mostAdmins = 10

// ToMembers has mails about an organization go to its current members only: to who bought, and
// once they have left, to a member in one of the roles; empty: admin.
func (m *Emails) ToMembers(members lockstep.MemberLister, roles []string) *Emails {
	if len(roles) == 0 {
		roles = []string{"admin"}
	}
	m.members, m.roles = members, roles
	return m
}

// member returns the address of the member whom to tell what happened to an organization: of
// who bought, unless they left; then of an admin. left is the address of who bought and left.
func (m *Emails) member(ctx context.Context, n lockstep.Notice) (email, left string, err error) {
	payer, known := lockstep.UserOf(n.Facts.PaidBy)
	if !known || n.Account.Kind != lockstep.Organization {
		return "", "", nil
	}
	bought, err := m.addressOf(ctx, payer)
	if err != nil || m.members == nil {
		return bought, "", err
	}
	present, err := m.members.MembersAmong(ctx, n.Account, []string{payer.ID})
	switch {
	case errors.Is(err, lockstep.ErrNotFound): // the organization is gone
		return "", "", nil
	case err != nil:
		return "", "", fmt.Errorf("look for who bought: %w", err)
	case slices.Contains(present, payer.ID) && bought != "":
		return bought, "", nil
	case !slices.Contains(present, payer.ID):
		left = cmp.Or(bought, "unknown")
	}
	admins, err := m.members.MembersIn(ctx, n.Account, m.roles, mostAdmins)
	if err != nil {
		return "", left, fmt.Errorf("look for an admin: %w", err)
	}
	for _, id := range admins {
		if email, err := m.addressOf(ctx, lockstep.Account{Kind: lockstep.User, ID: id}); email != "" || err != nil {
			return email, left, err
		}
	}
	return "", left, nil
}

// addressOf is a user's address as we know it; empty: none, or the user is deleted.
func (m *Emails) addressOf(ctx context.Context, user lockstep.Account) (string, error) {
	record, err := m.store.Account(ctx, user)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case record.State == lockstep.AccountDeleted:
		return "", nil
	}
	return record.Email, nil
}
