package simtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// answer is what Lockstep says of an account.
type answer struct {
	State      string `json:"state"`
	CustomerID string `json:"customer_id"`
	Members    int64  `json:"members"`
	Access     struct {
		Active   bool                 `json:"active"`
		Plan     string               `json:"plan"`
		Features []string             `json:"features"`
		Limits   map[string]int64     `json:"limits"`
		Seats    int64                `json:"seats"`
		Until    *time.Time           `json:"until"`
		Expires  map[string]time.Time `json:"expires"`
		Ending   bool                 `json:"ending"`
		Reasons  []struct {
			Object string `json:"object"`
			ID     string `json:"id"`
			Status string `json:"status"`
			Grants bool   `json:"grants"`
		} `json:"reasons"`
	} `json:"access"`
	Pending bool   `json:"pending"`
	Problem string `json:"problem"`
	// Problems are the steps that a provider refused.
	Problems []struct {
		Step string `json:"step"`
		Code string `json:"code"`
	} `json:"problems"`
	Notices []struct {
		ID     string `json:"id"`
		Kind   string `json:"kind"`
		Object string `json:"object"`
	} `json:"notices"`
}

// checker compares the simulators' truth with what Lockstep made of it.
type checker struct {
	*world
	problems []string
	answers  map[string]answer        // by account
	owner    map[string]string        // account by linked customer
	links    map[string]lockstep.Link // by customer
	ours     map[string]bool          // customers that Lockstep created
	typed    map[string]bool          // customers without an address until a buyer typed one: Stripe keeps it
}

func (c *checker) wrong(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// check returns everything that is not as promised.
func (w *world) check() []string {
	c := &checker{world: w, answers: map[string]answer{}, owner: map[string]string{}, links: map[string]lockstep.Link{}}
	c.ask()
	c.remember()
	c.checkDeliveries()
	c.checkWork()
	c.readCustomers()
	c.checkCustomers()
	c.checkAdopted()
	c.checkPrimary()
	c.checkDetails()
	c.checkMemory()
	c.checkCharges()
	c.checkPaid()
	c.checkListener()
	c.checkSeats()
	c.checkLetters()
	c.checkRefunds()
	for _, u := range w.sim.Users() {
		c.checkAccount("user/"+u.ID, u.Public)
		c.checkLead("user/" + u.ID)
	}
	for _, o := range w.sim.Organizations() {
		c.checkAccount("organization/"+o.ID, o.Public)
		c.checkLead("organization/" + o.ID)
	}
	for _, account := range w.gone {
		c.checkGone(account)
	}
	return c.problems
}

func (c *checker) living() []string {
	var accounts []string
	for _, u := range c.sim.Users() {
		accounts = append(accounts, "user/"+u.ID)
	}
	for _, o := range c.sim.Organizations() {
		accounts = append(accounts, "organization/"+o.ID)
	}
	return accounts
}

// ask asks the API for every account that ever was.
func (c *checker) ask() {
	for _, account := range slices.Concat(c.living(), c.gone) {
		var a answer
		status, err := c.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/"+account, apiKey,
			nil, &a)
		if err != nil || status != http.StatusOK && status != http.StatusNotFound {
			c.wrong("the API answers %d for %s: %v", status, account, err)
		}
		if status == http.StatusOK {
			c.answers[account] = a
		}
		if a.CustomerID == "" {
			continue
		}
		if other, taken := c.owner[a.CustomerID]; taken {
			c.wrong("customer %s is linked to %s and to %s", a.CustomerID, other, account)
		}
		c.owner[a.CustomerID] = account
	}
}

// remember notes to which account each customer is linked: a reference decides only as
// long as the customer is not linked, so that Stripe alone does not tell.
func (c *checker) remember() {
	for _, customer := range c.sim.Customers() {
		link, err := c.service.store.LinkOf(context.Background(), customer.ID)
		if err == nil {
			c.links[customer.ID] = link
		} else if !errors.Is(err, lockstep.ErrNotFound) {
			c.wrong("whose is customer %s: %v", customer.ID, err)
		}
	}
}

// checkDeliveries: what was answered 200 is stored, and nothing that was stored is
// left lying.
func (c *checker) checkDeliveries() {
	stored := map[string]bool{}
	filter := lockstep.EventFilter{Limit: 200, Bodiless: true}
	for {
		page, err := c.service.store.Events(context.Background(), filter)
		if err != nil {
			c.wrong("list events: %v", err)
			return
		}
		for _, e := range page.Events {
			stored[e.ID] = true
			if e.Status == lockstep.EventPending || e.Status == lockstep.EventFailed {
				c.wrong("event %s (%s, key %s) is %s: %s", e.ID, e.Type, e.Key, e.Status, e.Reason)
			}
		}
		if page.Next == "" {
			break
		}
		filter.Before = page.Next
	}
	kept := lockstep.Retention{}.WithDefaults().IDs - 24*time.Hour // a world may last longer
	for _, e := range c.sim.History() {
		if e.Side == "delivery" && e.Status == http.StatusOK && e.Fault == "" && time.Since(e.At) < kept &&
			!stored[e.EventID] {
			c.wrong("delivery of %s (%s) was answered 200 and is not stored", e.EventID, e.EventType)
		}
	}
}

// checkWork: nothing is pending but the sweeps' next rounds and looks at what time
// will change, and nothing failed but letters that were being handed over when the
// service died.
func (c *checker) checkWork() {
	backlog, err := c.service.store.Backlog(context.Background(), 1000)
	if err != nil {
		c.wrong("list work: %v", err)
	}
	for _, work := range backlog {
		later := work.Key.Kind == lockstep.KeySweep || work.Disposition == lockstep.Done && work.RunAt.After(time.Now())
		mail := work.Key.Kind == lockstep.KeyEmail || work.Key.Kind == lockstep.KeyBuyerEmail
		unknown := mail && strings.HasPrefix(work.Reason, "the e-mail may have been sent")
		if work.Pending() && !later || work.Disposition == lockstep.Failed && !unknown {
			c.wrong("work %s is pending=%v after %d attempts, last run %q: %s", work.Key, work.Pending(), work.Attempts,
				work.Disposition, work.Reason)
		}
	}
}

// checkCustomers: at most one living customer that we made for an account, and it
// is the linked one.
func (c *checker) checkCustomers() {
	made := map[string]string{}
	living := c.living()
	for _, customer := range c.sim.Customers() {
		account := c.current(customer.Metadata["lockstepAccount"])
		if customer.Deleted && !c.discarded[customer.ID] && slices.Contains(living, account) {
			c.wrong("customer %s was deleted, but %s lives", customer.ID, account)
		}
		if account == "" || customer.Deleted {
			continue
		}
		if other, already := made[account]; already && c.ours[customer.ID] {
			c.wrong("two customers were created for %s: %s and %s", account, other, customer.ID)
		}
		if c.ours[customer.ID] {
			made[account] = customer.ID
		}
		link := c.links[customer.ID]
		if link.Account.String() != account || link.Trust != lockstep.Proven {
			c.wrong("customer %s was made for %s, but is linked to %s (%s)", customer.ID, account, link.Account, link.Trust)
		}
	}
	for _, u := range c.sim.Users() {
		account := "user/" + u.ID
		id := c.answers[account].CustomerID
		if id == "" {
			c.wrong("%s has no customer", account)
		}
		if link := c.links[id]; !link.Primary || link.Trust != lockstep.Proven {
			c.wrong("%s has the primary customer %s, whose link is %+v", account, id, link)
		}
	}
}

// thing is a subscription or a one-time payment, as the simulator has it.
type thing struct {
	id, status, plan string
	rank             int
	grants           bool
	subscription     bool
	ended            bool
	born             int64
	customer         string
}

// things are what was bought for an account: by its linked customer, or by a guest
// whose checkout named it.
func (c *checker) things(account string) []thing {
	ranks := map[string]int{"basic": 1, "pro": 2, "life": 3, "pass": 0}
	customers := map[string]bool{c.answers[account].CustomerID: true}
	for _, customer := range c.sim.Customers() { // also those that were deleted and replaced
		if c.current(customer.Metadata["lockstepAccount"]) == account || c.links[customer.ID].Account.String() == account {
			customers[customer.ID] = true
		}
	}
	delete(customers, "")
	var all []thing
	for _, s := range c.sim.Subscriptions() {
		if !customers[s.Customer] {
			continue
		}
		plan := c.sold(s.Items[0].Price)
		all = append(all, thing{id: s.ID, status: s.Status, plan: plan, rank: ranks[plan], subscription: true,
			customer: s.Customer,
			grants:   s.Status == "active" || s.Status == "trialing" || s.Status == "past_due" && c.spared(s),
			ended:    s.Status == "canceled" || s.Status == "incomplete_expired", born: s.Created.Unix()})
	}
	for _, s := range c.sim.CheckoutSessions() {
		guests := c.refers(s.ClientReferenceID, account) || c.refers(s.Metadata["clerkUserId"], account) ||
			c.refers(s.Metadata["clerkOrgId"], account)
		mine := customers[s.Customer] || s.Customer == "" && guests
		if s.Customer != "" && c.foreign(s.Customer) {
			// The customer may have gone to another account since, and the license stays. Where
			// Stripe names several accounts, one of them must have it (checkPaid); where it names
			// one, that one.
			named := c.claimants(s.Customer)
			slices.Sort(named)
			named = slices.Compact(named)
			mine = slices.Contains(named, account) && (len(named) == 1 || c.counts(account, s.ID))
		}
		if s.Mode != "payment" || s.Status != "complete" || !mine {
			continue
		}
		plan := c.sold(s.Lines[0].Price)
		t := thing{id: s.ID, plan: plan, rank: ranks[plan], born: s.Created.Unix()}
		t.status, t.grants = c.fate(s, plan)
		all = append(all, t)
	}
	return all
}

// foreign reports whether a customer was not made by Lockstep.
func (c *checker) foreign(id string) bool {
	for _, customer := range c.sim.Customers() {
		if customer.ID == id {
			return customer.Metadata["lockstepAccount"] == ""
		}
	}
	return true
}

// counts reports whether the API names a thing among the reasons of an account's access.
func (c *checker) counts(account, id string) bool {
	for _, reason := range c.answers[account].Access.Reasons {
		if reason.ID == id {
			return true
		}
	}
	return false
}

// gives is what each plan gives, by heart.
var gives = map[string]struct {
	features []string
	notes    int64 // the limit of that name; 0: none
}{"basic": {[]string{"notes"}, 10}, "pro": {[]string{"export", "notes"}, 100}, "life": {[]string{"export", "notes"},
	50}, "pass": {[]string{"notes"}, 0}}

// checkGifts: the features of all that grants, and of the limit the highest.
func (c *checker) checkGifts(account string, all []thing) {
	access := c.answers[account].Access
	var features []string
	var limits map[string]int64
	for _, t := range all {
		if !t.grants {
			continue
		}
		features = append(features, gives[t.plan].features...)
		if most := max(limits["notes"], gives[t.plan].notes); most > 0 {
			limits = map[string]int64{"notes": most}
		}
	}
	slices.Sort(features)
	features = slices.Compact(features)
	if !slices.Equal(access.Features, features) || !reflect.DeepEqual(access.Limits, limits) {
		c.wrong("%s: the API says features=%v limits=%v, the truth is %v %v: %+v", account, access.Features, access.Limits,
			features, limits, all)
	}
}

// better says whether a counts before b: the written rule, read naively.
func better(a, b thing) bool {
	if a.grants != b.grants {
		return a.grants
	}
	if a.rank != b.rank {
		return a.rank > b.rank
	}
	if a.subscription != b.subscription {
		return a.subscription
	}
	if a.ended != b.ended {
		return b.ended
	}
	if a.born != b.born {
		return a.born > b.born
	}
	return a.id > b.id
}

func best(all []thing, of func(thing) bool) (thing, bool) {
	var found thing
	some := false
	for _, t := range all {
		if of(t) && (!some || better(t, found)) {
			found, some = t, true
		}
	}
	return found, some
}

// own is the best subscription that the account pays itself, if that grants access: a gift
// does not take its place.
func (c *checker) own(all []thing) (thing, bool) {
	own, some := best(all, func(t thing) bool { return t.subscription && !c.gift(t) })
	return own, some && own.grants
}

// gift reports whether somebody else may pay for a subscription.
func (c *checker) gift(t thing) bool { return c.links[t.customer].Trust == lockstep.Claimed }

// word is the three-valued status for older readers.
func word(t thing) string {
	switch {
	case t.status == "active" || t.status == "trialing":
		return "active"
	case t.ended:
		return "cancelled"
	}
	return "inactive"
}

// checkAccount compares a living account's truth with the API and the metadata.
func (c *checker) checkAccount(account string, metadata map[string]any) {
	a, known := c.answers[account]
	if !known {
		c.wrong("%s is not known", account)
		return
	}
	if a.Pending || a.Problem != "" {
		c.wrong("%s is pending=%v with problem %q", account, a.Pending, a.Problem)
	}
	all := c.things(account)
	top, active := best(all, func(t thing) bool { return t.grants })
	if a.Access.Active != active || a.Access.Plan != top.plan {
		c.wrong("%s: the API says active=%v plan=%q, the truth is active=%v plan=%q: %+v", account, a.Access.Active,
			a.Access.Plan, active, top.plan, all)
	}
	reasons := map[string]string{}
	for _, r := range a.Access.Reasons {
		if _, twice := reasons[r.ID]; twice {
			c.wrong("%s: %s counts twice", account, r.ID)
		}
		reasons[r.ID] = r.Status
	}
	notices := map[string]int{}
	for _, n := range a.Notices {
		notices[n.Kind+" "+n.Object]++
	}
	for what, times := range notices {
		kind, _, _ := strings.Cut(what, " ")
		if times > 1 && !slices.Contains(repeatable, kind) {
			c.wrong("%s: %s is told %d times", account, what, times)
		}
	}
	for _, t := range all {
		if reasons[t.id] != t.status {
			c.wrong("%s: %s is %q for Lockstep, the truth is %q", account, t.id, reasons[t.id], t.status)
		}
		if !t.subscription && t.grants && notices["license.granted "+t.id] == 0 {
			c.wrong("%s: nothing tells of the payment %s", account, t.id)
		}
	}
	if len(reasons) != len(all) {
		c.wrong("%s: Lockstep counts %d things, the truth has %d: %v, %+v", account, len(reasons), len(all), reasons, all)
	}
	c.checkGifts(account, all)
	c.checkMetadata(account, metadata, all, active, top.plan)
}

// checkMetadata compares what an application reads of a user with what it should.
func (c *checker) checkMetadata(account string, metadata map[string]any, all []thing, active bool, plan string) {
	a := c.answers[account]
	want := map[string]any{"stripeCustomerId": nil, "stripeSubscriptionId": nil, "subscriptionStatus": "inactive",
		"plan": nil}
	for _, customer := range c.sim.Customers() {
		if customer.ID == a.CustomerID && !customer.Deleted {
			want["stripeCustomerId"] = customer.ID
		}
	}
	sub, bought := best(all, func(t thing) bool { return t.subscription })
	if own, pays := c.own(all); pays {
		sub = own
	}
	if bought {
		want["stripeSubscriptionId"], want["subscriptionStatus"] = sub.id, word(sub)
		if c.gift(sub) {
			want["stripeSubscriptionId"] = nil
		}
	}
	if active {
		want["plan"] = plan
	} else if s, sponsors := c.sponsored(account, bought); sponsors {
		want["stripeCustomerId"], want["stripeSubscriptionId"], want["subscriptionStatus"] = s.customer, s.id, word(s)
	}
	for key, value := range want {
		if !reflect.DeepEqual(metadata[key], value) {
			c.wrong("%s: metadata %s is %v, the truth is %v", account, key, metadata[key], value)
		}
	}
	billing, _ := metadata["billing"].(map[string]any)
	if said, _ := billing["active"].(bool); said != active {
		c.wrong("%s: metadata billing says active=%v, the truth is %v", account, said, active)
	}
	if _, left := billing["features"]; left && !active {
		c.wrong("%s: metadata billing still has features: %v", account, billing)
	}
}

// sponsored is the organization's subscription that a user without access of their
// own bought, as a member of it, and still shows: the newest that has not ended, or the newest ended
// one if they never had a subscription themselves.
func (c *checker) sponsored(account string, hasOwn bool) (thing, bool) {
	_, user, isUser := strings.Cut(account, "user/")
	if !isUser {
		return thing{}, false
	}
	var bought []thing
	for organization := range c.answers {
		id, is := strings.CutPrefix(organization, "organization/")
		if !is || !slices.Contains(c.sim.Members(id), user) {
			continue
		}
		byAddress := c.payers(organization)
		for _, t := range c.things(organization) {
			for _, s := range c.sim.Subscriptions() {
				if s.ID == t.id && (c.refers(s.Metadata["clerkUserId"], account) || s.Metadata["clerkUserId"] == "" &&
					byAddress[s.ID] == user) {
					bought = append(bought, t)
				}
			}
		}
	}
	for i := range bought {
		bought[i].grants, bought[i].rank = false, 0
	}
	t, some := best(bought, func(t thing) bool { return !t.ended || !hasOwn })
	return t, some
}

// payers are the users who were found to pay an organization's subscriptions, by
// subscription. Whether somebody was a member with the customer's address when the
// subscription was first seen, only the record tells.
func (c *checker) payers(organization string) map[string]string {
	account, err := lockstep.ParseAccount(organization)
	if err != nil {
		c.wrong("%v", err)
		return nil
	}
	record, err := c.service.store.Account(context.Background(), account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		c.wrong("read %s: %v", organization, err)
	}
	payers := map[string]string{}
	for _, s := range record.Subscriptions {
		payers[s.ID] = s.PaidBy
	}
	return payers
}

// checkGone: a deleted account has no living customer, and nothing grants.
func (c *checker) checkGone(account string) {
	if c.unnoticed[account] {
		return // the new instance does not know it, which proves nothing
	}
	for _, customer := range c.sim.Customers() {
		link := c.links[customer.ID]
		mine := c.current(customer.Metadata["lockstepAccount"]) == account || link.Account.String() == account &&
			link.Trust == lockstep.Proven
		if mine && !customer.Deleted {
			c.wrong("%s is deleted, but its customer %s lives", account, customer.ID)
		}
	}
	if a := c.answers[account]; a.Access.Active {
		c.wrong("%s is deleted, but has access", account)
	}
}
