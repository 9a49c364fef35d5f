package reconcile

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// nextLook returns when time alone may change the access, or when to ask Stripe because of the
// time: before a trial ends, and when the first of several items ends.
func (r rules) nextLook(now lockstep.Record, access lockstep.Access, at time.Time) Result {
	var ask time.Time
	for _, s := range now.Subscriptions {
		looks := []time.Time{trialLook(s), itemLook(s, at)}
		if r.renewals {
			looks = append(looks, renewalLook(s, at))
		}
		for _, due := range looks {
			if due.After(at) {
				ask = sooner(ask, due)
			}
		}
	}
	due := sooner(access.Recheck, ask)
	if due.IsZero() {
		return Result{}
	}
	look := Result{After: due.Sub(at) + time.Second}
	if due.Equal(ask) {
		look.Scope = lockstep.ScopeSubscriptions
	}
	return look
}

// settling is how long after a run an account's further events gather, if the run found that what was
// bought is there. Stripe sends the dozen events of a checkout within about two seconds, in any order;
// one more run handles those that the first run did not see.
const settling = 2500 * time.Millisecond

// quiet returns for how long the account's events may gather, see [Result]. They must not while the
// account has no access or a first payment is open: each event may then be the one that grants it.
func (d *draft) quiet(now lockstep.Record) time.Duration {
	open := func(s lockstep.Subscription) bool { return s.Status == "incomplete" }
	switch {
	case !d.scope.Has(lockstep.ScopeSubscriptions): // Stripe was not asked
		return 0
	case now.EntitledBy == "", slices.ContainsFunc(now.Subscriptions, open):
		return -1
	}
	return settling
}

// itemLook returns when the first item of a subscription ends, if its items end at different
// times; zero if they end together, or if it is over. A renewal may change one item only, and its
// event may be lost.
func itemLook(s lockstep.Subscription, at time.Time) (first time.Time) {
	differ := false
	for _, i := range s.Items {
		differ = differ || !i.PeriodEnd.Equal(s.Items[0].PeriodEnd)
		if i.PeriodEnd.After(at) {
			first = sooner(first, i.PeriodEnd)
		}
	}
	if !differ || s.Ended() {
		return time.Time{}
	}
	return first
}
