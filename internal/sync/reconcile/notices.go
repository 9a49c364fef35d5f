package reconcile

import (
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// history is the age up to which a subscription that we see for the first time is news: a
// little more than the three days for which Stripe retries deliveries. Older ones existed
// before Lockstep did.
const history = 4 * 24 * time.Hour

// trialNotice is how long before the end of a trial its notice is recorded. Stripe sends its
// own customer.subscription.trial_will_end at the same time.
const trialNotice = 3 * 24 * time.Hour

// notices returns what a change of a record gives to tell. Notices are unique by the object
// they are about: the store drops what it has already.
func notices(was, now lockstep.Record, access lockstep.Access, at time.Time) []lockstep.Notice {
	before := map[string]lockstep.Subscription{}
	for _, s := range was.Subscriptions {
		before[s.ID] = s
	}
	var all []lockstep.Notice
	for _, s := range now.Subscriptions {
		if b, known := before[s.ID]; known || at.Sub(s.CreatedAt) <= history {
			if now.CreatedAt.Sub(s.TriedAt) > history { // it failed long before we saw the account
				s.LatestInvoice.NeedsAction = false
			}
			all = append(all, subscriptionNotices(now.Account, b, s, access, at)...)
		}
	}
	if was.EntitledBy != "" && now.EntitledBy == "" {
		all = append(all, accessEnded(was.EntitledBy, now, access, at))
	}
	return all
}

// subscriptionNotices returns the notices about one subscription. was is its earlier state, or the
// zero value if it is new.
func subscriptionNotices(account lockstep.Account, was, s lockstep.Subscription, access lockstep.Access,
	at time.Time) (all []lockstep.Notice) {
	facts := factsOf(s, access)
	add := func(kind lockstep.NoticeKind, object string, facts lockstep.Facts) {
		n := lockstep.NewNotice(kind, account, object, at)
		n.Object, n.Facts = s.ID, facts
		all = append(all, n)
	}
	switch turned := was.Status != s.Status; {
	case turned && (s.Status == "active" || s.Status == "trialing"):
		add(lockstep.NoticeSubscriptionStarted, s.ID, billed(facts, s))
	case turned && s.Status == "past_due":
		add(lockstep.NoticePaymentFailed, unpaid(s), billed(facts, s))
	case turned && s.Status == "canceled":
		add(lockstep.NoticeSubscriptionEnded, s.ID, facts)
	}
	if s.LatestInvoice.NeedsAction {
		add(lockstep.NoticePaymentActionRequired, s.InvoiceID, billed(facts, s))
	}
	if due := trialLook(s); !due.IsZero() && !at.Before(due) {
		add(lockstep.NoticeSubscriptionTrialEnding, s.ID+":"+strconv.FormatInt(s.TrialEnd.Unix(), 10), facts)
	}
	return all
}

// entitledBy returns the id of the first reason for access; empty: there is no access.
func entitledBy(access lockstep.Access) string {
	if !access.Active {
		return ""
	}
	return access.Reasons[0].ID
}

// accessEnded reports that an account has no access any more. Its facts are about object,
// which granted access last: the first reason now may have ended long ago.
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

// billed adds to a subscription's facts what its latest invoice and its period say.
func billed(f lockstep.Facts, s lockstep.Subscription) lockstep.Facts {
	f.Amount, f.Currency, f.InvoiceURL = s.LatestInvoice.Amount, s.LatestInvoice.Currency, s.LatestInvoice.URL
	f.ActionRequired = s.LatestInvoice.NeedsAction
	for _, i := range s.Items {
		if !i.PeriodEnd.IsZero() && i.PeriodEnd.Equal(s.PeriodEnd()) {
			start, end := i.PeriodStart.UTC(), i.PeriodEnd.UTC()
			f.PeriodStart, f.PeriodEnd = &start, &end
			break
		}
	}
	return f
}

// unpaid returns the invoice that a subscription owes. Without one, the end of the period
// tells one failure from the next.
func unpaid(s lockstep.Subscription) string {
	if s.InvoiceID != "" {
		return s.InvoiceID
	}
	return s.ID + ":" + strconv.FormatInt(s.PeriodEnd().Unix(), 10)
}

// trialLook returns when to look at a trial to announce its end; zero: never.
func trialLook(s lockstep.Subscription) time.Time {
	if s.Status != "trialing" || s.TrialEnd.IsZero() {
		return time.Time{}
	}
	return s.TrialEnd.Add(-trialNotice)
}

// licenseNotices returns what to tell about a one-time payment.
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
		Until: reason.Until, Checkout: l.ID, ReceiptURL: session.ReceiptURL,
		PaidBy: lockstep.PayerNamedIn(session.Metadata)}
	if !session.CreatedAt.IsZero() {
		created := session.CreatedAt.UTC()
		n.Facts.At = &created
	}
	return []lockstep.Notice{n}
}

// sooner returns the earlier of two times; a zero time counts as never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
