package lockstep

import (
	"context"
	"fmt"
)

// MemberLister knows who belongs to an organization. Errors are as those of [Directory].
type MemberLister interface {
	// MembersAmong returns which of the users are members now, in no order.
	MembersAmong(ctx context.Context, organization Account, userIDs []string) ([]string, error)
	// MembersIn returns up to limit members who have one of the roles, without "org:", the
	// earliest first; without roles, of any role.
	MembersIn(ctx context.Context, organization Account, roles []string, limit int) ([]string, error)
}

// EmptyPolicy says what becomes of the billing of an organization that has no members left.
type EmptyPolicy string

// The policies. Each reports the organization.
const (
	EmptyReport EmptyPolicy = "report"               // the default: the billing goes on
	EmptyEnd    EmptyPolicy = "cancel_at_period_end" // subscriptions end with what is paid for
	EmptyCancel EmptyPolicy = "cancel"               // subscriptions are canceled now
)

// Validate reports a policy that does not exist.
func (p EmptyPolicy) Validate() error {
	switch p {
	case "", EmptyReport, EmptyEnd, EmptyCancel:
		return nil
	}
	return fmt.Errorf("on_organization_empty: %q is not a policy; use %q, %q or %q", string(p), EmptyReport, EmptyEnd,
		EmptyCancel)
}

// UserOf returns the account of a user id, and false for an id that cannot be one, such as the
// empty id of a purchase without a known buyer.
func UserOf(id string) (Account, bool) {
	account, err := NewAccount(User, id)
	return account, err == nil
}
