package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// observeMembers finds out which of the users who bought for an organization are not, or no
// longer, among its members: its keys are not in their metadata, and they do not get its mails.
// It asks the directory when that may have changed: an event says so, the count of members
// differs from what it was, or somebody has bought for the first time.
func (r *run) observeMembers(ctx context.Context) error {
	if r.Lister == nil || r.account.Kind != lockstep.Organization || r.absent {
		return nil
	}
	buyers, before := buyersOf(r.now.Subscriptions), buyersOf(r.was.Subscriptions)
	isNew := func(user string) bool { return !slices.Contains(before, user) }
	counted := r.identity != nil && r.identity.Members != r.was.Members
	if !counted && !r.scope.Has(lockstep.ScopeMembers) && !slices.ContainsFunc(buyers, isNew) {
		return nil
	}
	if len(buyers) == 0 {
		r.now.Departed = nil
		return nil
	}
	members, err := r.Lister.MembersAmong(ctx, r.account, buyers)
	if err != nil {
		return fmt.Errorf("look for who left: %w", err)
	}
	r.now.Departed = nil
	for _, user := range buyers {
		if !slices.Contains(members, user) {
			r.now.Departed = append(r.now.Departed, user)
		}
	}
	return nil
}

// buyersOf are the users who bought subscriptions, sorted.
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

// movers marks the users whose membership has ended or begun again.
func movers(was, now lockstep.Record) []lockstep.Mark {
	var marks []lockstep.Mark
	for _, user := range slices.Concat(was.Departed, now.Departed) {
		if slices.Contains(was.Departed, user) != slices.Contains(now.Departed, user) {
			marks = append(marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyUser, ID: user}, Priority: lockstep.Normal})
		}
	}
	return marks
}

// endEmpty reports an organization that is billed and has no members, and ends its billing by
// the policy. That nobody belongs to it must be said twice: by its count and by its list.
func (r *run) endEmpty(ctx context.Context) error {
	billed := pays(r.now) // what somebody else pays for it goes on
	switch {
	case r.account.Kind != lockstep.Organization:
		return nil
	case !billed || r.identity != nil && !r.identity.Empty:
		r.now.ClearProblem(lockstep.StepMembers)
		return nil
	case r.identity == nil || r.Lister == nil || !r.now.Live():
		return nil
	}
	members, err := r.Lister.MembersIn(ctx, r.account, nil, 1)
	if err != nil {
		return fmt.Errorf("look for members: %w", err)
	}
	if len(members) > 0 {
		r.now.ClearProblem(lockstep.StepMembers)
		return nil
	}
	reason := "the organization has no members, and its billing goes on"
	if r.Empty == lockstep.EmptyEnd || r.Empty == lockstep.EmptyCancel {
		if err := r.endBilling(ctx, lockstep.StepMembers, DeletionPolicy(r.Empty)); err != nil {
			return err
		}
		if _, refused := r.now.Problem(lockstep.StepMembers); refused {
			return nil
		}
		reason = "the organization has no members; its billing was ended by the policy " +
			strings.ReplaceAll(string(r.Empty), "_", " ")
	}
	if _, known := r.was.Problem(lockstep.StepMembers); !known {
		r.Log.Error("an organization that is billed has no members", "account", r.account.String(), "customer",
			r.now.CustomerID, "policy", string(cmp.Or(r.Empty, lockstep.EmptyReport)))
	}
	r.now.SetProblem(lockstep.Problem{Step: lockstep.StepMembers, Code: "no_members", Reason: reason, Since: r.began})
	return nil
}
