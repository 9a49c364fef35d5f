package simtest

import (
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// thing is a subscription or a one-time payment in the simulator.
type thing struct {
	id, status, plan string
	rank             int
	grants           bool
	subscription     bool
	ended            bool
	born             int64
	customer         string
}

// things returns what was bought for an account: through its linked customer, or by a guest whose checkout names it.
func (c *checker) things(account string) []thing {
	ranks := map[string]int{"basic": 1, "pro": 2, "life": 3, "pass": 0}
	customers := map[string]bool{c.answers[account].CustomerID: true}
	for _, customer := range c.sim.Customers() { // including those that were deleted and replaced
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

// foreign reports whether Lockstep did not create the customer.
func (c *checker) foreign(id string) bool {
	for _, customer := range c.sim.Customers() {
		if customer.ID == id {
			return customer.Metadata["lockstepAccount"] == ""
		}
	}
	return true
}

// counts reports whether the API lists a purchase among the reasons of an account's access.
func (c *checker) counts(account, id string) bool {
	for _, reason := range c.answers[account].Access.Reasons {
		if reason.ID == id {
			return true
		}
	}
	return false
}

// better reports whether a counts before b, by the documented rule.
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

// own returns the best subscription that the account pays itself, if it grants access. A gift does not replace it.
func (c *checker) own(all []thing) (thing, bool) {
	own, some := best(all, func(t thing) bool { return t.subscription && !c.gift(t) })
	return own, some && own.grants
}

// gift reports whether someone else may pay for a subscription.
func (c *checker) gift(t thing) bool { return c.links[t.customer].Trust == lockstep.Claimed }

// word returns the three-valued subscription status.
func word(t thing) string {
	switch {
	case t.status == "active" || t.status == "trialing":
		return "active"
	case t.ended:
		return "cancelled"
	}
	return "inactive"
}
