package reconcile

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

// history is how old a subscription may be when we first see it and still be
// news: a little more than the three days for which Stripe delivers. What is
// older was there before we were.
const history = 4 * 24 * time.Hour

// notices says what there is to tell of a change. They are unique by the
// subscription, so a second telling of the same is dropped by the store.
func notices(was, now lockstep.Record, at time.Time) []lockstep.Notice {
	before := map[string]lockstep.Subscription{}
	for _, s := range was.Subscriptions {
		before[s.ID] = s
	}
	var told []lockstep.Notice
	for _, s := range now.Subscriptions {
		b, known := before[s.ID]
		if !known && at.Sub(s.CreatedAt) > history {
			continue
		}
		started := s.Status == "active" || s.Status == "trialing"
		if started && b.Status != s.Status {
			told = append(told, lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, now.Account, s.ID, at))
		}
		if s.Status == "canceled" && b.Status != s.Status {
			told = append(told, lockstep.NewNotice(lockstep.NoticeSubscriptionEnded, now.Account, s.ID, at))
		}
	}
	return told
}
