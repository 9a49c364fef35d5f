package fleet

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// wrong returns everything that breaks a promise. It means something only once the trouble is over.
func (f *fleet) wrong() (problems []string) {
	f.mu.Lock()
	problems = slices.Clone(f.problems)
	f.mu.Unlock()
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if lost, err := f.lost(); err != nil {
		return append(problems, err.Error())
	} else if len(lost) > 0 {
		add("%d deliveries were answered with 200 but are not stored: %s", len(lost), strings.Join(lost[:min(5, len(lost))], ", "))
	}
	if other := f.balancer.so().other; len(other) > 0 {
		add("%d deliveries were answered with neither 200 nor 503: %s", len(other), other[0])
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
	if mails, twice := f.post.count(); len(twice) > 0 {
		add("of %d e-mails, these were sent twice: %v", mails, twice)
	}
	if len(problems) > 0 {
		return problems // asking every replica about every user is worth it only once these are right
	}
	problems = append(problems, f.wrongLicenses()...)
	problems = append(problems, f.wrongCustomers()...)
	for _, u := range f.sim.Users() {
		problems = append(problems, f.wrongAccess("user/"+u.ID, u.Public)...)
	}
	return problems
}

// rules says what the database must not hold. Each statement returns the rows that break its rule.
var rules = []struct{ broken, statement string }{
	{"an event is not settled", `select source || ' ' || id || ' of ' || coalesce(key, '') || ' is ' || status || ': ' || reason from events where status in ('pending', 'failed')`},
	{"work failed", `select key || ': ' || reason from work where disposition = 'failed' and key not in (select 'mail/' || notice_id from mails where state = 'unknown')`},
	{"work is left undone", `select key || ' after ' || attempts || ' attempts: ' || reason from work where generation > done_generation and key not like 'sweep/%'
		and not (disposition = 'done' and run_at > extract(epoch from now()) * 1000)`},
	{"a payment has two licenses", `select payment_id from licenses where payment_id <> '' group by payment_id having count(*) > 1`},
	{"a notice exists twice", `select kind || ' ' || object from notices where kind <> 'access.ended' group by kind, object, account_kind, account_id having count(*) > 1`},
	{"an e-mail is still to be sent", `select notice_id || ' is ' || state from mails where state not in ('sent', 'unknown', 'skipped')`},
}

// lost returns the events that were answered with 200 but are not stored.
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

// wrongLicenses compares licenses with payments.
func (f *fleet) wrongLicenses() (problems []string) {
	licenses, err := f.query(`select id from licenses`)
	if err != nil {
		return []string{err.Error()}
	}
	notified, err := f.query(`select object from notices where kind = 'license.granted'`)
	if err != nil {
		return []string{err.Error()}
	}
	for _, s := range f.sim.CheckoutSessions() {
		if s.Mode != "payment" || s.PaymentStatus != "paid" {
			continue
		}
		if !slices.Contains(licenses, s.ID) || !slices.Contains(notified, s.ID) {
			problems = append(problems, fmt.Sprintf("payment %s: has a license: %v, has a notice: %v", s.ID,
				slices.Contains(licenses, s.ID), slices.Contains(notified, s.ID)))
		}
		licenses = slices.DeleteFunc(licenses, func(id string) bool { return id == s.ID })
	}
	for _, id := range licenses {
		problems = append(problems, "license "+id+" was not paid for")
	}
	return problems
}

// wrongCustomers returns the accounts without exactly one living customer, to which they must be linked.
func (f *fleet) wrongCustomers() (problems []string) {
	owners, err := f.query(`select customer_id || ' ' || kind || '/' || id from accounts where customer_id is not null`)
	if err != nil {
		return []string{err.Error()}
	}
	linked := map[string]string{}
	for _, row := range owners {
		customer, account, _ := strings.Cut(row, " ")
		linked[account] = customer
	}
	for account, customers := range f.customers() {
		if len(customers) > 1 {
			problems = append(problems, fmt.Sprintf("%s has %d customers: %v", account, len(customers), customers))
		} else if linked[account] != customers[0] {
			problems = append(problems, fmt.Sprintf("%s is linked to %q, but its customer is %s", account, linked[account],
				customers[0]))
		}
	}
	return problems
}

// customers returns the living customers by the account that they were created for.
func (f *fleet) customers() map[string][]string {
	made := map[string][]string{}
	for _, c := range f.sim.Customers() {
		if account := c.Metadata["lockstepAccount"]; account != "" && !c.Deleted {
			made[account] = append(made[account], c.ID)
		}
	}
	return made
}

// truth returns what Stripe's state implies for an account: its plan, and the status of its subscription.
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

// wrongAccess compares what an app sees of an account with the truth.
func (f *fleet) wrongAccess(account string, metadata map[string]any) (problems []string) {
	plan, status := f.truth(account)
	if said, _ := metadata["plan"].(string); said != plan {
		problems = append(problems, fmt.Sprintf("%s: the plan in the metadata is %q, want %q", account, said, plan))
	}
	if said, _ := metadata["subscriptionStatus"].(string); said != status {
		problems = append(problems, fmt.Sprintf("%s: the subscription in the metadata is %q, want %q", account,
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
			problems = append(problems, fmt.Sprintf("%s: %s answers %+v, want plan %q", account, r.name, access, plan))
		}
	}
	return problems
}

// report logs counts of what happened.
func (f *fleet) report(what string) {
	c := f.balancer.so()
	lost, err := f.lost()
	if err != nil {
		f.t.Error(err)
	}
	mails, _ := f.post.count()
	f.t.Logf("%s: %d deliveries answered with 200 (%d of them again), %d with 503, %d without an answer, %d while no replica listened; %s events stored, %d lost; longest time without a 200: %.1f s; %d users, %s licenses, %d e-mails (%s uncertain)",
		what, c.taken, c.again, c.refused, c.unknown, c.nobody, f.must(`select cast(count(*) as text) from events`),
		len(lost), c.gap.Seconds(),
		len(f.sim.Users()), f.must(`select cast(count(*) as text) from licenses`), mails,
		f.must(`select cast(count(*) as text) from mails where state = 'unknown'`))
}
