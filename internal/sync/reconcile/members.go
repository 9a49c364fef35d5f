package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// members compares an organization's billing with its members.
type members struct {
	lister lockstep.MemberLister // nil: the directory has no memberships
	ending ending
	policy lockstep.EmptyPolicy
	log    *slog.Logger
}

func (as *Accounts) members() members {
	return members{as.Providers.Members, as.ending(), as.Policies.Empty, as.Log}
}

// observe finds out which of the users who bought for an organization are not among its members
// (any more): its keys are removed from their metadata, and they do not get its e-mails. It asks
// the directory when that may have changed: an event says so, the count of members differs, or
// a user has bought for the first time.
func (m members) observe(ctx context.Context, d *draft, o observed) error {
	if m.lister == nil || d.account.Kind != lockstep.Organization || o.absent {
		return nil
	}
	buyers, before := buyersOf(d.now.Subscriptions), buyersOf(d.was.Subscriptions)
	isNew := func(user string) bool { return !slices.Contains(before, user) }
	counted := o.identity != nil && o.identity.Members != d.was.Members
	if !counted && !d.scope.Has(lockstep.ScopeMembers) && !slices.ContainsFunc(buyers, isNew) {
		return nil
	}
	departed, err := m.departed(ctx, d.account, buyers)
	if err != nil {
		return err
	}
	d.now.Departed = departed
	return nil
}

// departed returns which of the users are not members of the organization.
func (m members) departed(ctx context.Context, organization lockstep.Account, users []string) (departed []string,
	err error) {
	if len(users) == 0 {
		return nil, nil
	}
	present, err := m.lister.MembersAmong(ctx, organization, users)
	if err != nil {
		return nil, fmt.Errorf("list which buyers are members: %w", err)
	}
	for _, user := range users {
		if !slices.Contains(present, user) {
			departed = append(departed, user)
		}
	}
	return departed, nil
}

// buyersOf returns the users who bought subscriptions, sorted.
func buyersOf(subscriptions []lockstep.Subscription) []string {
	var users []string
	for _, s := range subscriptions {
		if _, known := lockstep.UserOf(s.PaidBy); known {
			users = append(users, s.PaidBy)
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// movers returns marks of the users who left an organization or came back.
func movers(was, now lockstep.Record) []lockstep.Mark {
	var marks []lockstep.Mark
	for _, user := range slices.Concat(was.Departed, now.Departed) {
		if slices.Contains(was.Departed, user) != slices.Contains(now.Departed, user) {
			marks = append(marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyUser, ID: user}, Priority: lockstep.Normal})
		}
	}
	return marks
}

// endEmpty reports an organization that is billed and has no members, and ends its billing by the
// policy. Both the count and the list of its members must be empty.
func (m members) endEmpty(ctx context.Context, d *draft, identity *lockstep.Identity) error {
	billed := pays(d.now) // what somebody else pays for it continues
	switch {
	case d.account.Kind != lockstep.Organization:
		return nil
	case !billed || identity != nil && !identity.Empty:
		d.now.ClearProblem(lockstep.StepMembers)
		return nil
	case identity == nil || m.lister == nil || !d.now.Live():
		return nil
	}
	some, err := m.lister.MembersIn(ctx, d.account, nil, 1)
	if err != nil {
		return fmt.Errorf("list members: %w", err)
	}
	if len(some) > 0 {
		d.now.ClearProblem(lockstep.StepMembers)
		return nil
	}
	reason, err := m.applyPolicy(ctx, d)
	if err != nil || reason == "" {
		return err
	}
	m.report(ctx, d, reason)
	return nil
}

// applyPolicy ends the billing of an empty organization, or lets it continue. It returns the
// reason to report; empty if Stripe refused, which is a problem already.
func (m members) applyPolicy(ctx context.Context, d *draft) (reason string, err error) {
	if m.policy != lockstep.EmptyEnd && m.policy != lockstep.EmptyCancel {
		return "the organization has no members, and its billing continues", nil
	}
	if err := m.ending.endBilling(ctx, d, lockstep.StepMembers, DeletionPolicy(m.policy)); err != nil {
		return "", err
	}
	if _, refused := d.now.Problem(lockstep.StepMembers); refused {
		return "", nil
	}
	return "the organization has no members; its billing was ended by the policy " +
		strings.ReplaceAll(string(m.policy), "_", " "), nil
}

func (m members) report(ctx context.Context, d *draft, reason string) {
	if _, known := d.was.Problem(lockstep.StepMembers); !known {
		m.log.ErrorContext(ctx, "an organization that is billed has no members", "account", d.account.String(), "customer",
			d.now.CustomerID, "policy", string(cmp.Or(m.policy, lockstep.EmptyReport)))
	}
	d.now.SetProblem(lockstep.Problem{Step: lockstep.StepMembers, Code: "no_members", Reason: reason, Since: d.began})
}
