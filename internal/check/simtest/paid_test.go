package simtest

import (
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator"
)

// claimants returns the accounts that anything at Stripe names for a customer or a session, independently of
// Lockstep. The ladder decides which of several is right; an account that nothing names is wrong.
func (c *checker) claimants(customerID string, objects ...map[string]string) []string {
	all := c.written(customerID, objects...)
	for _, s := range c.sim.CheckoutSessions() {
		if account := c.current(referred(s)); s.Customer == customerID && customerID != "" && account != "" {
			all = append(all, account)
		}
	}
	return all
}

// written returns the claimants that are named by something that only the secret key can write.
func (c *checker) written(customerID string, objects ...map[string]string) []string {
	var all []string
	for _, customer := range c.sim.Customers() {
		if customer.ID == customerID && customerID != "" {
			objects = append(objects, customer.Metadata)
		}
	}
	for _, s := range c.sim.Subscriptions() {
		if s.Customer == customerID && customerID != "" {
			objects = append(objects, s.Metadata)
		}
	}
	for _, s := range c.sim.CheckoutSessions() {
		if s.Customer == customerID && customerID != "" {
			objects = append(objects, s.Metadata)
		}
	}
	for _, m := range objects {
		switch {
		case m["lockstepAccount"] != "":
			all = append(all, m["lockstepAccount"])
		case m["clerkOrgId"] != "":
			all = append(all, "organization/"+m["clerkOrgId"])
		case m["clerkUserId"] != "":
			all = append(all, "user/"+m["clerkUserId"])
		}
	}
	all = append(all, c.named[customerID])
	for i := range all {
		all[i] = c.current(all[i])
	}
	return slices.DeleteFunc(all, func(account string) bool { return account == "" })
}

// referred returns the account that a session's client_reference_id names; "" for none.
func referred(s simulator.CheckoutSession) string {
	switch {
	case strings.HasPrefix(s.ClientReferenceID, "user_"):
		return "user/" + s.ClientReferenceID
	case strings.HasPrefix(s.ClientReferenceID, "org_"):
		return "organization/" + s.ClientReferenceID
	}
	return ""
}

// checkPaid: whoever has paid, according to the simulator, has access by that purchase. No one else has, and no
// customer with which a living account pays was deleted.
func (c *checker) checkPaid() {
	living := c.living()
	grants := c.grants()
	paid := func(id string, claimants []string) {
		for _, account := range grants[id] {
			if !slices.Contains(claimants, account) {
				c.wrong("%s has access by %s, which names only %v", account, id, claimants)
			}
		}
		gone := slices.ContainsFunc(claimants, func(a string) bool { return !slices.Contains(living, a) })
		if len(claimants) > 0 && !gone && len(grants[id]) == 0 {
			c.wrong("%s was paid for %v, but none of them has access by it", id, claimants)
		}
	}
	for _, s := range c.sim.Subscriptions() {
		claimants := c.claimants(s.Customer, s.Metadata)
		switch s.Status {
		case "active", "trialing":
			paid(s.ID, claimants)
		case "past_due": // access lasts as long as the grace
		default:
			if len(grants[s.ID]) > 0 {
				c.wrong("%v have access by %s, which is %s", grants[s.ID], s.ID, s.Status)
			}
		}
	}
	for _, s := range c.sim.CheckoutSessions() {
		if s.Mode != "payment" || s.Status != "complete" {
			continue
		}
		claimants := append(c.claimants(s.Customer, s.Metadata), c.current(referred(s)))
		claimants = slices.DeleteFunc(claimants, func(account string) bool { return account == "" })
		if _, counts := c.fate(s, map[string]string{c.prices["pass"]: "pass"}[s.Lines[0].Price]); counts {
			paid(s.ID, claimants)
		} else if len(grants[s.ID]) > 0 {
			c.wrong("%v have access by %s, which is unpaid", grants[s.ID], s.ID)
		}
	}
	c.checkPayersCustomers(living)
}

// grants returns, by purchase, the accounts that have access by it.
func (c *checker) grants() map[string][]string {
	grants := map[string][]string{}
	for account, a := range c.answers {
		for _, reason := range a.Access.Reasons {
			if reason.Grants {
				grants[reason.ID] = append(grants[reason.ID], account)
			}
		}
	}
	return grants
}

// checkPayersCustomers: a customer was deleted only by someone at Stripe, or together with its account.
func (c *checker) checkPayersCustomers(living []string) {
	for _, customer := range c.sim.Customers() {
		claimants := c.claimants(customer.ID)
		gone := slices.ContainsFunc(claimants, func(a string) bool { return !slices.Contains(living, a) })
		if customer.Deleted && !c.discarded[customer.ID] && !gone {
			c.wrong("customer %s of %v was deleted", customer.ID, claimants)
		}
	}
}

// checkPrimary: a customer that only a reference names, and whose address no user ever had, is never a primary one.
func (c *checker) checkPrimary() {
	for account, a := range c.answers {
		if a.CustomerID == "" || c.ours[a.CustomerID] || !c.typed[a.CustomerID] {
			continue
		}
		if !slices.Contains(c.written(a.CustomerID), account) {
			c.wrong("the primary customer of %s is %s, which only a reference names", account, a.CustomerID)
		}
	}
}
