package explain

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// soon is how far ahead a run counts as due now. Later ones are scheduled checks.
const soon = time.Minute

// next returns what will happen, the soonest first.
func (r *reading) next() []Upcoming {
	all := slices.Concat([]Upcoming{}, r.nextRun(), r.nextPurchases())
	if paced := r.record.PacedUntil; paced.After(r.now) && r.work.Pending() {
		all = append(all, Upcoming{At: paced.UTC(), Kind: "clerk_write", Text: "Clerk's rate limit lets Lockstep write the metadata again"})
	}
	slices.SortStableFunc(all, func(a, b Upcoming) int { return a.At.Compare(b.At) })
	return all
}

// nextRun returns the pending run.
func (r *reading) nextRun() []Upcoming {
	w := r.work
	run := Upcoming{At: w.RunAt.UTC(), Kind: "run", Object: r.key.String(), Text: "Lockstep checks " + r.key.String() + " again"}
	switch {
	case !w.Pending():
		return nil
	case !w.LeaseUntil.IsZero():
		run.At, run.Text = r.now.UTC(), "a run is in progress"
	case w.Disposition == lockstep.Retry:
		run.Kind, run.Text = "retry", "Lockstep tries again; after that at most 10 minutes apart, until it succeeds"
	case !w.RunAt.After(r.now.Add(soon)):
		run.Text = "a run is due"
	}
	return []Upcoming{run}
}

// running says whether a pending run is due or in progress.
func (r *reading) running() string {
	if !r.work.LeaseUntil.IsZero() {
		return "in progress"
	}
	return "due " + r.due(r.work.RunAt)
}

// due says when a run begins: now, or in how long.
func (r *reading) due(at time.Time) string {
	if !at.After(r.now) {
		return "now"
	}
	return "in " + span(at.Sub(r.now)) + ", at " + r.moment(at)
}

// nextPurchases returns renewals and ends.
func (r *reading) nextPurchases() (all []Upcoming) {
	for _, reason := range r.access.Reasons {
		if !reason.Grants || len(all) >= mostPurchases {
			continue
		}
		if reason.GraceUntil.After(r.now) {
			all = append(all, Upcoming{At: reason.GraceUntil.UTC(), Kind: "grace_end", Object: reason.ID,
				Text: "the grace of " + reason.ID + " ends, and with it its access, unless Stripe collects the payment"})
		}
		if reason.Until != nil && reason.Until.After(r.now) {
			all = append(all, r.endOf(reason))
		}
	}
	return all
}

// endOf says what happens at the end of a paid period.
func (r *reading) endOf(reason lockstep.Reason) Upcoming {
	u := Upcoming{At: reason.Until.UTC(), Kind: "renewal", Object: reason.ID, Text: "Stripe renews " + reason.ID}
	s, found := r.subscription(reason.ID)
	switch {
	case reason.Object == "license":
		u.Kind, u.Text = "end", reason.ID+" expires"
	case found && s.Ending():
		u.Kind, u.Text = "end", reason.ID+" ends and does not renew"
	case reason.Status == "trialing":
		u.Kind, u.Text = "trial_end", "the trial of "+reason.ID+" ends, and Stripe charges the customer"
	case reason.Status == "past_due":
		u.Text = "the next period of " + reason.ID + " begins; the payment of this one is open"
	}
	return u
}
