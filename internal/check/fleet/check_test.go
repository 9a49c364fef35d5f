package fleet

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// wrong is all that is not as promised, once nothing happens any more.
func (f *fleet) wrong() (problems []string) {
	f.mu.Lock()
	problems = slices.Clone(f.problems)
	f.mu.Unlock()
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if lost, err := f.lost(); err != nil {
		return append(problems, err.Error())
	} else if len(lost) > 0 {
		add("%d deliveries that were answered 200 are missing: %s", len(lost), strings.Join(lost[:min(5, len(lost))], ", "))
	}
	if other := f.balancer.so().other; len(other) > 0 {
		add("%d deliveries were answered neither 200 nor 503: %s", len(other), other[0])
	}
	for _, rule := range rules {
		rows, err := f.query(rule.statement)
		if err != nil {
			return append(problems, err.Error())
		}
		for _, row := range rows {
			add("%s: %s", rule.broken, row)
		}
	}
	if letters, twice := f.post.count(); len(twice) > 0 {
		add("of %d letters, these were sent twice: %v", letters, twice)
	}
	if len(problems) > 0 {
		return problems // to ask every replica about everybody is for when these are right
	}
	problems = append(problems, f.wrongLicenses()...)
	owners, err := f.query(`select customer_id || ' ' || kind || '/' || id from accounts where customer_id is not null`)
	if err != nil {
		return append(problems, err.Error())
	}
	linked := map[string]string{}
	for _, row := range owners {
		customer, account, _ := strings.Cut(row, " ")
		linked[account] = customer
	}
	for account, customers := range f.customers() {
		if len(customers) > 1 {
			add("%s has %d customers: %v", account, len(customers), customers)
		} else if linked[account] != customers[0] {
			add("%s is linked to %q, its customer is %s", account, linked[account], customers[0])
		}
	}
	for _, u := range f.sim.Users() {
		problems = append(problems, f.wrongAccess("user/"+u.ID, u.Public)...)
	}
	return problems
}

// rules are what the database must not hold: each statement returns what breaks it.
var rules = []struct{ broken, statement string }{
	{"an event is not settled", `select source || ' ' || id || ' of ' || coalesce(key, '') || ' is ' || status || ': ' || reason from events where status in ('pending', 'failed')`},
	{"work failed", `select key || ': ' || reason from work where disposition = 'failed' and key not in (select 'mail/' || notice_id from mails where state = 'unknown')`},
	{"work is left lying", `select key || ' after ' || attempts || ' attempts: ' || reason from work where generation > done_generation and key not like 'sweep/%'
		and not (disposition = 'done' and run_at > extract(epoch from now()) * 1000)`},
	{"a payment has two licenses", `select payment_id from licenses where payment_id <> '' group by payment_id having count(*) > 1`},
	{"something is told twice", `select kind || ' ' || object from notices where kind <> 'access.ended' group by kind, object, account_kind, account_id having count(*) > 1`},
	{"a letter is still to be sent", `select notice_id || ' is ' || state from mails where state not in ('sent', 'unknown', 'skipped')`},
}

// lost are the events that were answered 200 and are not stored.
func (f *fleet) lost() (missing []string, err error) {
	stored, err := f.query(`select source || ' ' || id from events`)
	if err != nil {
		return nil, err
	}
	have := make(map[string]bool, len(stored))
	for _, id := range stored {
		have[id] = true
	}
	for _, id := range f.balancer.taken() {
		if !have[id] {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// wrongLicenses compares the licenses with what was paid.
func (f *fleet) wrongLicenses() (problems []string) {
	licenses, err := f.query(`select id from licenses`)
	if err != nil {
		return []string{err.Error()}
	}
	told, err := f.query(`select object from notices where kind = 'license.granted'`)
	if err != nil {
		return []string{err.Error()}
	}
	for _, s := range f.sim.CheckoutSessions() {
		if s.Mode != "payment" || s.PaymentStatus != "paid" {
			continue
		}
		if !slices.Contains(licenses, s.ID) || !slices.Contains(told, s.ID) {
			problems = append(problems, fmt.Sprintf("the payment %s has a license: %v, a notice: %v", s.ID,
				slices.Contains(licenses, s.ID), slices.Contains(told, s.ID)))
		}
		licenses = slices.DeleteFunc(licenses, func(id string) bool { return id == s.ID })
	}
	for _, id := range licenses {
		problems = append(problems, "the license "+id+" was not paid for")
	}
	return problems
}

// customers are the living customers by the account that they were made for.
func (f *fleet) customers() map[string][]string {
	made := map[string][]string{}
	for _, c := range f.sim.Customers() {
		if account := c.Metadata["lockstepAccount"]; account != "" && !c.Deleted {
			made[account] = append(made[account], c.ID)
		}
	}
	return made
}

// truth is what follows from Stripe for an account: a plan, and the word for its
// subscription.
func (f *fleet) truth(account string) (plan, status string) {
	status = "inactive"
	for _, customer := range f.customers()[account] {
		for _, s := range f.sim.Subscriptions() {
			switch {
			case s.Customer != customer:
			case s.Status == "active":
				plan, status = "pro", "active"
			case status == "inactive" && s.Status == "canceled":
				status = "cancelled"
			}
		}
		for _, s := range f.sim.CheckoutSessions() {
			if s.Customer == customer && s.Mode == "payment" && s.PaymentStatus == "paid" {
				plan = "life"
			}
		}
	}
	return plan, status
}

// wrongAccess compares what an application is told of an account with the truth.
func (f *fleet) wrongAccess(account string, metadata map[string]any) (problems []string) {
	plan, status := f.truth(account)
	if said, _ := metadata["plan"].(string); said != plan {
		problems = append(problems, fmt.Sprintf("%s: the metadata says the plan is %q, the truth is %q", account, said, plan))
	}
	if said, _ := metadata["subscriptionStatus"].(string); said != status {
		problems = append(problems, fmt.Sprintf("%s: the metadata says the subscription is %q, the truth is %q", account,
			said, status))
	}
	for _, r := range f.all() {
		at := r.at()
		if at == "" {
			continue
		}
		var access struct {
			Active bool
			Plan   string
		}
		if _, err := f.call(context.Background(), http.MethodGet, at+"/v1/accounts/"+account+"/access", nil,
			&access); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %s: %v", account, r.name, err))
		} else if access.Plan != plan || access.Active != (plan != "") {
			problems = append(problems, fmt.Sprintf("%s: %s says %+v, the truth is %q", account, r.name, access, plan))
		}
	}
	return problems
}

// report logs what was found, as counts.
func (f *fleet) report(what string) {
	c := f.balancer.so()
	lost, err := f.lost()
	if err != nil {
		f.t.Error(err)
	}
	letters, _ := f.post.count()
	f.t.Logf("%s: %d deliveries answered 200 (%d of them again), %d answered 503, %d without an answer, %d while nobody listened; %s events stored, %d lost; longest time without a 200: %.1f s; %d users, %s licenses, %d letters (%s unknown)",
		what, c.taken, c.again, c.refused, c.unknown, c.nobody, f.must(`select cast(count(*) as text) from events`),
		len(lost), c.gap.Seconds(),
		len(f.sim.Users()), f.must(`select cast(count(*) as text) from licenses`), letters,
		f.must(`select cast(count(*) as text) from mails where state = 'unknown'`))
}
