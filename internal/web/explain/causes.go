package explain

import (
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// causes returns what keeps, limits or endangers the access, faults first.
func (r *reading) causes() []Cause {
	all := slices.Concat(r.ofInstances(), r.ofWork(), r.ofProblems(), r.ofEvents(), r.ofIdentity(), r.ofLinks(),
		r.ofPurchases())
	slices.SortStableFunc(all, func(a, b Cause) int {
		switch {
		case a.Fault == b.Fault:
			return 0
		case a.Fault:
			return -1
		}
		return 1
	})
	for i := range all {
		all[i].Text = capital(all[i].Text)
	}
	if all == nil {
		all = []Cause{}
	}
	return all
}

// capital makes the first letter of a sentence a capital, unless the sentence begins with an id.
func capital(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if text == "" || strings.ContainsAny(first, "_/") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// ofInstances: with the keys of another instance, Lockstep writes nothing.
func (r *reading) ofInstances() (all []Cause) {
	for _, i := range r.foreign {
		command := ""
		if i.Provider == lockstep.Clerk {
			command = "lockstep instance accept " + i.Waiting
		}
		all = append(all, Cause{Code: OtherInstance, Fault: true, Object: i.Waiting, Since: orNil(i.WaitingSince),
			Command: command,
			Text: "the " + providerName(i.Provider) + " key belongs to " + i.Waiting + ", but the database belongs to " + i.ID +
				", so Lockstep changes nothing. Correct the key, or accept the other instance if that is intended."})
	}
	return all
}

func providerName(s lockstep.Source) string {
	return map[lockstep.Source]string{lockstep.Stripe: "Stripe", lockstep.Clerk: "Clerk"}[s]
}

// retryCommand runs the subject's key again.
func (r *reading) retryCommand() string { return "lockstep work retry " + r.key.String() }

// ofWork says how the last run ended, if it did not end well, and what waits.
func (r *reading) ofWork() []Cause {
	w := r.work
	switch {
	case w.Pending() && w.Disposition == lockstep.Retry:
		return []Cause{{Code: Retrying, Fault: true, Object: r.key.String(), Command: r.retryCommand(),
			Since: r.failingSince(),
			Text: "the last run failed: " + strings.TrimRight(w.Reason,
				".") + ". It has failed " + count(int64(max(w.Attempts, 1)), "time") +
				"; the next try is " + r.due(w.RunAt) + "."}}
	case r.dueSoon():
		return []Cause{{Code: Pending, Object: r.key.String(),
			Text: "something changed, and a run is " + r.running() + ". What stands here may be out of date by that."}}
	case w.Disposition == lockstep.Failed:
		return []Cause{{Code: Failed, Fault: true, Object: r.key.String(), Command: r.retryCommand(),
			Since: r.failingSince(),
			Text: "the last run failed, and nothing retries it: " + sentence(w.Reason) +
				" Fix the cause, then run it again."}}
	case w.Disposition == lockstep.Parked:
		return []Cause{r.ofParked()}
	}
	if r.account.IsZero() {
		return []Cause{r.ofParked()}
	}
	return nil
}

// dueSoon reports whether a run is due or in progress.
func (r *reading) dueSoon() bool {
	return r.work.Pending() && (!r.work.LeaseUntil.IsZero() || !r.work.RunAt.After(r.now.Add(soon)))
}

// ofParked: the key waits for an account or a link.
func (r *reading) ofParked() Cause {
	c := Cause{Code: Parked, Fault: true, Object: r.key.String(), Command: r.retryCommand(), Since: r.failingSince(),
		Text: "it waits, because " + strings.TrimRight(r.work.Reason, ".") + "."}
	if r.account.IsZero() {
		c.Code = NotLinked
		c.Text = r.key.ID + " is not linked to an account. Find out who paid, then link it."
		if r.work.Disposition == lockstep.Parked && r.work.Reason != "" {
			c.Text = r.key.ID + " is not linked to an account: " + strings.TrimRight(r.work.Reason, ".") +
				". Find out who paid, then link it."
		}
		c.Command = "lockstep link " + r.key.ID + " user/user_…"
		if r.key.Kind == lockstep.KeyPayment {
			c.Command = r.retryCommand()
		}
	}
	return c
}

// ofProblems lists the steps that a provider refused.
func (r *reading) ofProblems() (all []Cause) {
	for _, p := range r.record.Problems {
		c := Cause{Code: Refused, Fault: true, Object: string(p.Step), Since: orNil(p.Since), Command: r.retryCommand(),
			Text: "a step was refused since " + r.moment(p.Since) + ": " + steps[p.Step] + " (" + p.Code + "): " + sentence(p.Reason)}
		switch p.Step {
		case lockstep.StepDeletion:
			c.Command = "lockstep deletions approve " + r.account.String()
		case lockstep.StepCustomerEmail, lockstep.StepCustomerName:
			c.Text += " Access does not depend on it; it heals when the address or name changes."
			c.Command = ""
		}
		all = append(all, c)
	}
	return all
}

// steps says what each step does.
var steps = map[lockstep.Step]string{
	lockstep.StepCustomer: "create the customer", lockstep.StepCustomerEmail: "write the address to the customer",
	lockstep.StepCustomerName: "write the name to the customer", lockstep.StepBilling: "read the billing state",
	lockstep.StepSeats: "change the seats of the subscription", lockstep.StepMembers: "check the organization's members",
	lockstep.StepMetadata:    "write the access into Clerk's metadata",
	lockstep.StepMemberLimit: "limit the organization's members",
	lockstep.StepDeletion:    "end the billing of the deleted account",
}

// ofEvents counts the account's events that did not end well.
func (r *reading) ofEvents() (all []Cause) {
	for _, of := range []struct {
		status lockstep.EventStatus
		code   Code
		what   string
	}{{lockstep.EventFailed, EventsFailed, "failed"}, {lockstep.EventParked, EventsParked, "parked"}} {
		n, reason := 0, ""
		for _, e := range r.events {
			if e.Status == of.status {
				n, reason = n+1, e.Reason
			}
		}
		if n == 0 || r.account.IsZero() || r.work.Disposition == lockstep.Disposition(of.status) {
			continue // the work says it
		}
		text := count(int64(n), "event") + " " + oneOr(n, "is ", "are ") + of.what
		if reason != "" {
			text += ": " + strings.TrimRight(reason, ".")
		}
		all = append(all, Cause{Code: of.code, Fault: true, Object: r.key.String(), Text: text + ".",
			Command: r.retryCommand()})
	}
	return all
}

// failingSince returns when the failures in a row began, if the history says.
func (r *reading) failingSince() *time.Time {
	var since time.Time
	for _, run := range r.runs {
		if run.Key != r.key {
			continue
		}
		if run.Disposition == lockstep.Done {
			break
		}
		since = run.Began
	}
	return orNil(since)
}
