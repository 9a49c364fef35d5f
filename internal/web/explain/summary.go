package explain

import (
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// summary returns the answer, and why.
func (r *reading) summary() string {
	switch {
	case r.account.IsZero():
		return "No account: " + r.key.ID + " is not linked to an account, so it gives nobody access."
	case r.access.Active:
		return r.grantedBy() + r.toldClerk()
	}
	return "No access: " + r.denied()
}

// grantedBy says what gives the access, until when.
func (r *reading) grantedBy() string {
	text := "Active on " + r.access.Plan
	reason, found := r.leading()
	if until := r.access.Until; until != nil && until.After(r.now) {
		text += " until " + r.date(*until)
	} else if until == nil && reason.Object == "license" {
		text += " without an end"
	}
	if !found {
		return text + "."
	}
	return text + ", because " + reason.ID + " " + r.standing(reason) + r.by(reason) + "."
}

// leading returns the reason that gives the plan: the account's own subscription, if it does.
func (r *reading) leading() (lockstep.Reason, bool) {
	gives := func(reason lockstep.Reason) bool { return reason.Grants && reason.Plan == r.access.Plan }
	at := slices.IndexFunc(r.access.Reasons, func(reason lockstep.Reason) bool {
		return gives(reason) && reason.ID == r.access.SubscriptionID
	})
	if at < 0 {
		at = slices.IndexFunc(r.access.Reasons, gives)
	}
	if at < 0 {
		return lockstep.Reason{}, false
	}
	return r.access.Reasons[at], true
}

// standing says how a purchase stands, after its id: "is active", "was bought".
func (r *reading) standing(reason lockstep.Reason) string {
	if reason.Object == "license" {
		return "is a one-time purchase: " + reason.Why
	}
	switch {
	case reason.Status == "past_due" && reason.Grants && !reason.GraceUntil.IsZero():
		return "is past due, and its grace ends at " + r.moment(reason.GraceUntil)
	case reason.Status == "active" && reason.Grants, reason.Status == "trialing" && reason.Grants:
		text := map[string]string{"active": "is active", "trialing": "is on trial"}[reason.Status]
		if s, found := r.subscription(reason.ID); found && s.Ending() {
			text += " and will not renew"
		}
		return text
	}
	return "is " + reason.Status + ": " + reason.Why
}

// by says by which rule a purchase has its plan.
func (r *reading) by(reason lockstep.Reason) string {
	rule := reason.Rule
	if rule.By == "" {
		return ""
	}
	price := ""
	if rule.PriceID != "" {
		price = "price " + rule.PriceID + ", "
	}
	plan, value := strconv.Quote(reason.Plan), strconv.Quote(rule.Value)
	switch rule.By {
	case lockstep.ByPrice:
		return " (" + price + "listed in plan " + plan + ")"
	case lockstep.ByLookupKey:
		return " (" + price + "matched by plan " + plan + ", lookup key " + value + ")"
	case lockstep.ByProduct:
		return " (" + price + "matched by plan " + plan + ", product " + rule.Value + ")"
	case lockstep.BySiblingKey:
		return " (" + price + "matched by plan " + plan + ", lookup key " + value + " of another price of the product)"
	case lockstep.ByMetadata:
		return " (" + price + "the app named the plan in its metadata " + value + ")"
	case lockstep.ByNameAtPurchase:
		return " (" + price + "in no [[plan]], so the plan is its name when it was bought)"
	}
	return " (" + price + "in no [[plan]], so the plan is its name)"
}

// denied says why there is no access, and what would change that.
func (r *reading) denied() string {
	causes := r.deniedBy()
	if len(r.access.Reasons) > 1 && r.record.State != lockstep.AccountDeleted {
		return causes.Text + " " + sentence(count(int64(len(r.access.Reasons)-1), "other purchase")+" "+
			oneOr(len(r.access.Reasons)-1, "grants", "grant")+" nothing either")
	}
	return causes.Text
}

func oneOr(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// toldClerk says when the directory got the access, if a known run wrote it.
func (r *reading) toldClerk() string {
	at := slices.IndexFunc(r.runs, writesClerk)
	if at < 0 || r.behind() {
		return ""
	}
	run := r.runs[at]
	done := run.Began.Add(run.Took)
	paid := run.After != nil && run.After.Active && run.Before != nil && !run.Before.Active
	if first, found := r.firstOf(run); found && !done.Before(first) {
		what := "Stripe's event"
		if paid {
			what = "the payment"
		}
		return " Clerk was updated " + span(done.Sub(first)) + " after " + what + "."
	}
	return " Clerk was last updated at " + r.moment(done) + "."
}

// writesClerk reports whether a run wrote to the directory.
func writesClerk(run lockstep.Run) bool {
	return slices.ContainsFunc(run.Wrote, func(e lockstep.RunEffect) bool { return e.To == string(lockstep.Clerk) })
}

// behind reports whether the directory may lack what was decided.
func (r *reading) behind() bool {
	_, refused := r.record.Problem(lockstep.StepMetadata)
	return refused || r.work.Disposition == lockstep.Retry && r.work.Pending() || r.work.Disposition == lockstep.Failed
}

// firstOf returns when the first of Stripe's events of a run happened, by Stripe's clock.
func (r *reading) firstOf(run lockstep.Run) (first time.Time, found bool) {
	for _, name := range run.Events {
		at := slices.IndexFunc(r.events, func(e lockstep.Event) bool { return e.Source == name.Source && e.ID == name.ID })
		if at < 0 || name.Source != lockstep.Stripe || r.events[at].OccurredAt.IsZero() {
			continue
		}
		if when := r.events[at].OccurredAt; !found || when.Before(first) {
			first, found = when, true
		}
	}
	return first, found
}

func (r *reading) subscription(id string) (lockstep.Subscription, bool) {
	at := slices.IndexFunc(r.record.Subscriptions, func(s lockstep.Subscription) bool { return s.ID == id })
	if at < 0 {
		return lockstep.Subscription{}, false
	}
	return r.record.Subscriptions[at], true
}
