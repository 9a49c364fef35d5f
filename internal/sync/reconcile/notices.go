package reconcile

import (
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// history is how old a subscription may be when we first see it and still be
// news: a little more than the three days for which Stripe delivers. What is
// older was there before we were.
const history = 4 * 24 * time.Hour

// trialNotice is how long before its end a trial's end is told, as Stripe's own
// customer.subscription.trial_will_end is sent.
const trialNotice = 3 * 24 * time.Hour

// notices says what there is to tell of a change. They are unique by what they
// are about, so a second telling of the same is dropped by the store.
func notices(was, now lockstep.Record, access lockstep.Access, at time.Time) []lockstep.Notice {
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
		tell := func(kind lockstep.NoticeKind, object string) {
			n := lockstep.NewNotice(kind, now.Account, object, at)
			n.Object, n.Facts = s.ID, factsOf(s, access)
			told = append(told, n)
		}
		turned := b.Status != s.Status
		switch {
		case turned && (s.Status == "active" || s.Status == "trialing"):
			tell(lockstep.NoticeSubscriptionStarted, s.ID)
		case turned && s.Status == "past_due":
			tell(lockstep.NoticePaymentFailed, unpaid(s))
		case turned && s.Status == "canceled":
			tell(lockstep.NoticeSubscriptionEnded, s.ID)
		}
		if due := trialLook(s); !due.IsZero() && !at.Before(due) {
			tell(lockstep.NoticeSubscriptionTrialEnding, s.ID+":"+strconv.FormatInt(s.TrialEnd.Unix(), 10))
		}
	}
	if was.EntitledBy != "" && now.EntitledBy == "" {
		told = append(told, accessEnded(was.EntitledBy, now, access, at))
	}
	return told
}

// entitledBy is what grants access first; empty: nothing does.
func entitledBy(access lockstep.Access) string {
	if !access.Active {
		return ""
	}
	return access.Reasons[0].ID
}

// accessEnded is told of the account, and about what granted it last: not about
// what counts most now, which may have ended long ago.
func accessEnded(object string, now lockstep.Record, access lockstep.Access, at time.Time) lockstep.Notice {
	a := now.Account
	n := lockstep.NewNotice(lockstep.NoticeAccessEnded, a, string(a.Kind)+":"+a.ID+":"+strconv.FormatInt(at.UnixMilli(),
		10), at)
	n.Object = object
	for _, r := range access.Reasons {
		if r.ID == object {
			n.Facts = lockstep.Facts{Plan: r.Plan, Status: r.Status}
		}
	}
	for _, s := range now.Subscriptions {
		if s.ID == object {
			n.Facts = factsOf(s, access)
		}
	}
	return n
}

func factsOf(s lockstep.Subscription, access lockstep.Access) lockstep.Facts {
	f := lockstep.Facts{Status: s.Status, Ending: s.Ending(), Invoice: s.InvoiceID, PaidBy: s.PaidBy}
	if at := slices.IndexFunc(access.Reasons, func(r lockstep.Reason) bool { return r.ID == s.ID }); at >= 0 {
		f.Plan, f.Until = access.Reasons[at].Plan, access.Reasons[at].Until
	}
	if s.Status == "trialing" && !s.TrialEnd.IsZero() && s.CancelAt.IsZero() {
		f.Until = &s.TrialEnd
	}
	if f.Until != nil {
		until := f.Until.UTC()
		f.Until = &until
	}
	return f
}

// unpaid is the invoice that a subscription owes. Where Stripe names none, the
// period tells one failure from the next.
func unpaid(s lockstep.Subscription) string {
	if s.InvoiceID != "" {
		return s.InvoiceID
	}
	return s.ID + ":" + strconv.FormatInt(s.PeriodEnd().Unix(), 10)
}

// trialLook is from when on the end of a trial is told; zero: never.
func trialLook(s lockstep.Subscription) time.Time {
	if s.Status != "trialing" || s.TrialEnd.IsZero() {
		return time.Time{}
	}
	return s.TrialEnd.Add(-trialNotice)
}

// licenseNotices says what there is to tell of a one-time payment.
func licenseNotices(l lockstep.License, session lockstep.Checkout, catalog lockstep.Catalog,
	at time.Time) []lockstep.Notice {
	kind := lockstep.NoticeLicenseGranted
	reason := catalog.Decide(nil, []lockstep.License{l}, at).Reasons[0]
	switch {
	case reason.Grants:
	case l.Status == lockstep.LicenseFailed:
		kind = lockstep.NoticePaymentFailed
	default:
		return nil
	}
	n := lockstep.NewNotice(kind, l.Account, l.ID, at)
	n.Facts = lockstep.Facts{Plan: reason.Plan, Amount: l.Amount, Currency: l.Currency, Status: string(l.Status),
		Checkout: l.ID,
		PaidBy:   lockstep.PayerNamedIn(session.Metadata)}
	if !session.CreatedAt.IsZero() {
		created := session.CreatedAt.UTC()
		n.Facts.At = &created
	}
	return []lockstep.Notice{n}
}

// sooner is the earlier of two looks, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
