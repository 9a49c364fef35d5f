package reconcile

import (
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// renewalNotice is how long before a renewal its notice is recorded.
	renewalNotice = 7 * 24 * time.Hour
	// renewalPeriod is the shortest period whose renewal is announced: a weekly subscription
	// would otherwise announce each renewal as soon as it is paid.
	renewalPeriod = 2 * renewalNotice
)

// renewals returns the notices of the subscriptions that renew within a week, one for each
// period.
func renewals(r lockstep.Record, access lockstep.Access, at time.Time) []lockstep.Notice {
	var due []lockstep.Notice
	for _, s := range r.Subscriptions {
		renews := nextRenewal(s, at)
		if renews.IsZero() || at.Before(renews.Add(-renewalNotice)) {
			continue
		}
		object := s.ID + ":" + strconv.FormatInt(renews.Unix(), 10)
		n := lockstep.NewNotice(lockstep.NoticeSubscriptionRenewing, r.Account, object, at)
		n.Object, n.Facts = s.ID, factsOf(s, access)
		n.Facts.Until = &renews
		due = append(due, n)
	}
	return due
}

// renewalLook returns when to look at a subscription to announce its renewal; zero: never.
func renewalLook(s lockstep.Subscription, at time.Time) time.Time {
	renews := nextRenewal(s, at)
	if renews.IsZero() {
		return time.Time{}
	}
	return renews.Add(-renewalNotice)
}

// nextRenewal returns when a subscription renews next; zero: it does not, or its periods are
// too short to announce that.
func nextRenewal(s lockstep.Subscription, at time.Time) (next time.Time) {
	if s.Status != "active" || s.Ending() {
		return time.Time{}
	}
	for _, i := range s.Items {
		if i.PeriodEnd.After(at) && i.PeriodEnd.Sub(i.PeriodStart) >= renewalPeriod {
			next = sooner(next, i.PeriodEnd.UTC())
		}
	}
	return next
}
