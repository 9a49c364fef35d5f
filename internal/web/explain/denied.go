package explain

import (
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// deniedBy returns the cause of no access. It reads the reasons that [lockstep.Catalog.Access] gave.
func (r *reading) deniedBy() Cause {
	switch {
	case r.record.State == lockstep.AccountDeleted:
		return Cause{Code: DeletedAccount, Object: r.account.String(), Text: "the account was deleted in the directory. " +
			"It stays without access; a person who returns gets a new id."}
	case len(r.access.Reasons) > 0:
		return r.deniedFor(r.access.Reasons[0])
	case r.record.CustomerID == "" && len(r.record.Further) == 0:
		return Cause{Code: NoCustomer, Fault: true, Object: r.account.String(),
			Text: "no customer is linked, so no payment counts. Search Stripe for the buyer's customer, then look at it " +
				"with lockstep explain cus_…, or link it:",
			Command: "lockstep link cus_… " + r.account.String()}
	}
	return Cause{Code: NoPurchase, Object: r.account.String(), Text: "nothing was bought with " +
		oneOr(len(r.customers()), "its customer ", "its customers ") + some(r.customers(), 3) +
		". If the buyer paid, find the customer of that payment at Stripe; it is another one."}
}

// customers returns the ids of the account's customers, the primary one first.
func (r *reading) customers() (ids []string) {
	if r.record.CustomerID != "" {
		ids = append(ids, r.record.CustomerID)
	}
	for _, l := range r.record.Further {
		ids = append(ids, l.CustomerID)
	}
	return ids
}

// change says what a status means, and what would give access again.
type change struct {
	code Code
	why  string // after the id
	then string
}

// changes lists what may end or delay access, by the status of the subscription or license.
var changes = map[string]change{
	"subscription past_due": {GraceOver, "is past due, and its grace period is over",
		"Access returns when Stripe collects the open payment"},
	"subscription canceled": {Ended, "ended", "A new subscription gives access again"},
	"subscription unpaid": {Unpaid, "is unpaid: the payment failed, and Stripe stopped trying",
		"Access returns when the customer pays the open invoice"},
	"subscription incomplete": {Incomplete, "waits for its first payment",
		"Access begins when the customer completes it"},
	"subscription incomplete_expired": {Incomplete, "expired, because its first payment was not made in time",
		"A new checkout gives access"},
	"subscription paused": {Paused, "is paused", "Access returns when it is resumed at Stripe"},

	"license refunded": {Refunded, "was refunded", "A new purchase gives access again"},
	"license active":   {Expired, "expired", "A new purchase gives access again"},
	"license disputed": {Disputed, "is disputed", "Access returns if the dispute is won"},
	"license pending":  {PaymentOpen, "waits for its payment, which is processing", "Access begins when the bank confirms it"},
	"license failed":   {PaymentFailed, "was not paid: the payment failed", "A new purchase gives access"},
}

// deniedFor returns why a purchase grants nothing.
func (r *reading) deniedFor(reason lockstep.Reason) Cause {
	c, known := changes[reason.Object+" "+reason.Status]
	if !known {
		c = change{GrantsNothing, "has the status " + reason.Status + ", which this version does not know",
			"Upgrade Lockstep, or change it at Stripe"}
	}
	var since time.Time
	if reason.Object == "subscription" {
		c, since = r.ended(reason, c)
	} else {
		c, since = r.spent(reason, c)
	}
	text := reason.ID + " " + c.why
	if !since.IsZero() {
		text += " on " + r.date(since)
	}
	if reason.Plan != "" {
		text += " (plan " + strings.TrimSpace(reason.Plan) + ")"
	}
	return Cause{Code: c.code, Object: reason.ID, Text: text + ". " + c.then + ".", Since: orNil(since)}
}

// ended says when and how a subscription ended, and tells the end of a trial from others.
func (r *reading) ended(reason lockstep.Reason, c change) (change, time.Time) {
	s, found := r.subscription(reason.ID)
	switch {
	case !found:
	case c.code == Ended || c.code == Paused:
		end := s.EndedAt
		if c.code == Paused {
			end = s.TrialEnd
		}
		if !s.TrialEnd.IsZero() && end.Sub(s.TrialEnd).Abs() < time.Hour {
			return change{TrialEnded, "ended with its trial", c.then}, end
		}
		if c.code == Ended {
			return c, s.EndedAt
		}
	case c.code == GraceOver:
		return c, reason.GraceUntil
	case c.code == Unpaid:
		return c, s.UnpaidSince
	}
	return c, time.Time{}
}

// spent says when a license expired, and tells a partial refund from the end of its time.
func (r *reading) spent(reason lockstep.Reason, c change) (change, time.Time) {
	if c.code != Expired {
		return c, time.Time{}
	}
	if reason.Until == nil || reason.Until.After(r.now) {
		return change{Refunded, "was refunded in part, which revokes it here", "A new purchase gives access again"}, time.Time{}
	}
	return c, *reason.Until
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
