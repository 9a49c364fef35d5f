package simtest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// gives is what each plan grants, written out independently of the catalog.
var gives = map[string]struct {
	features []string
	notes    int64 // the limit "notes"; 0 means none
}{"basic": {[]string{"notes"}, 10}, "pro": {[]string{"export", "notes"}, 100}, "life": {[]string{"export", "notes"},
	50}, "pass": {[]string{"notes"}, 0}}

// checkGifts: an account has the features of everything that grants access, and the highest of each limit.
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
		c.wrong("%s: the API has features=%v limits=%v, want %v %v: %+v", account, access.Features, access.Limits,
			features, limits, all)
	}
}

// checkAccount compares a living account with the API and the metadata.
func (c *checker) checkAccount(account string, metadata map[string]any) {
	a, known := c.answers[account]
	if !known {
		c.wrong("%s is unknown to Lockstep", account)
		return
	}
	if a.Pending || a.Problem != "" {
		c.wrong("%s is pending=%v with problem %q", account, a.Pending, a.Problem)
	}
	all := c.things(account)
	top, active := best(all, func(t thing) bool { return t.grants })
	if a.Access.Active != active || a.Access.Plan != top.plan {
		c.wrong("%s: the API has active=%v plan=%q, want active=%v plan=%q: %+v", account, a.Access.Active,
			a.Access.Plan, active, top.plan, all)
	}
	c.checkReasons(account, all)
	c.checkGifts(account, all)
	c.checkMetadata(account, metadata, all, active, top.plan)
}

// checkReasons: the API lists every purchase once, with its status, and each license has one notice.
func (c *checker) checkReasons(account string, all []thing) {
	a := c.answers[account]
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
			c.wrong("%s: %s exists %d times", account, what, times)
		}
	}
	for _, t := range all {
		if reasons[t.id] != t.status {
			c.wrong("%s: Lockstep has %s as %q, want %q", account, t.id, reasons[t.id], t.status)
		}
		if !t.subscription && t.grants && notices["license.granted "+t.id] == 0 {
			c.wrong("%s: no notice of the payment %s", account, t.id)
		}
	}
	if len(reasons) != len(all) {
		c.wrong("%s: Lockstep counts %d purchases, want %d: %v, %+v", account, len(reasons), len(all), reasons, all)
	}
}

// checkMetadata compares the metadata that an app reads with what it should be.
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
			c.wrong("%s: metadata %s is %v, want %v", account, key, metadata[key], value)
		}
	}
	billing, _ := metadata["billing"].(map[string]any)
	if said, _ := billing["active"].(bool); said != active {
		c.wrong("%s: metadata billing has active=%v, want %v", account, said, active)
	}
	if _, left := billing["features"]; left && !active {
		c.wrong("%s: metadata billing still has features: %v", account, billing)
	}
}

// sponsored returns the organization's subscription that the metadata of a user without own access shows, because
// they bought it as a member: the newest one that has not ended; or, if they never had a subscription of their own,
// the newest ended one.
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

// payers returns, by subscription, the users who pay an organization's subscriptions. Only the record tells whether a
// member had the customer's address when the subscription was first seen.
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

// checkGone: a deleted account has no living customer and no access.
func (c *checker) checkGone(account string) {
	if c.unnoticed[account] {
		return // the new instance does not know it, which is no evidence
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
