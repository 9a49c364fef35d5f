package lockstep

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Access is what an account may use, with the reasons.
type Access struct {
	Active         bool                 `json:"active" doc:"Whether anything grants access now"`
	Status         string               `json:"status" doc:"Stripe's status of the deciding subscription; licensed if only a one-time payment grants access; none"`
	Plan           string               `json:"plan,omitempty" doc:"The plan of the highest rank that a subscription or license grants"`
	Features       []string             `json:"features,omitempty" doc:"The features of every subscription and license that grants access"`
	Entitlements   []string             `json:"entitlements,omitempty" doc:"The features that come from Stripe's entitlements"`
	Limits         map[string]int64     `json:"limits,omitempty" doc:"The highest value of each limit"`
	Seats          int64                `json:"seats,omitempty" doc:"Quantity of the plan's item"`
	Until          *time.Time           `json:"until,omitempty" doc:"End of the paid period of the item that gives the plan"`
	Expires        map[string]time.Time `json:"expires,omitempty" doc:"When each feature ends unless it renews. A feature that is not listed has no known end"`
	Ending         bool                 `json:"ending,omitempty" doc:"The subscription will not renew; access ends at until"`
	SubscriptionID string               `json:"subscription_id,omitempty" doc:"The deciding subscription"`
	Reasons        []Reason             `json:"reasons" doc:"Every subscription and license, and what it contributes"`

	// Recheck is when the answer may change without an event; zero: never. Until then, the same
	// record gives the same answer, word for word.
	Recheck time.Time `json:"-"`
}

// Reason explains what one subscription or license contributes.
type Reason struct {
	Object string `json:"object" enum:"subscription,license"`
	ID     string `json:"id"`
	Status string `json:"status"`
	Plan   string `json:"plan,omitempty"`
	Grants bool   `json:"grants"`
	Why    string `json:"why"`

	Until *time.Time `json:"until,omitempty" doc:"End of the paid period of the item that gives the plan"`

	// Rule is why the purchase has its plan. GraceUntil is when the grace of an unpaid subscription ends or
	// ended; zero without a grace. Answers contain neither, so they change no digest of an access.
	Rule       Rule      `json:"-"`
	GraceUntil time.Time `json:"-"`
}

// grant is what one subscription or license brings.
type grant struct {
	reason Reason
	gifts  []gift // the plan of the highest rank first
	seats  int64
	sub    *Subscription
	born   time.Time
}

// Decide returns the access that an account's subscriptions and licenses give at a moment.
// It is a pure function. [Catalog.Access] applies it to an account. The rule:
//
//   - The statuses trialing and active grant access. past_due grants it within the catalog's
//     grace period. No other status does, known or unknown.
//   - An active license grants access permanently, or for its plan's duration. After a partial
//     refund the catalog's policy decides.
//   - An item gives the plan that lists it (docs/access.md explains how a price keeps its plan).
//     A plan that the app named in the metadata replaces the plan of the leading item, if the
//     catalog has that plan or does not list the item.
//   - Features add up. The highest value of each limit counts. A feature ends with the last item
//     that grants it.
//   - The plan with the highest rank wins. At equal rank a subscription wins over a license, then
//     the newer one wins.
//   - A paid period that has ended by our clock takes nothing away while Stripe says active.
func (c Catalog) Decide(subscriptions []Subscription, licenses []License, now time.Time) Access {
	var grants []grant
	access := Access{Status: "none", Reasons: []Reason{}}
	for i := range subscriptions {
		g, recheck := c.ofSubscription(&subscriptions[i], now)
		grants = append(grants, g)
		access.recheck(recheck)
	}
	for _, l := range licenses {
		g, recheck := c.ofLicense(l, now)
		grants = append(grants, g)
		access.recheck(recheck)
	}
	slices.SortFunc(grants, compareGrants)

	ends := map[string]time.Time{} // by feature
	for _, g := range grants {
		if until := g.until(); !until.IsZero() {
			g.reason.Until = &until
		}
		access.Reasons = append(access.Reasons, g.reason)
		if access.SubscriptionID == "" && g.sub != nil {
			access.SubscriptionID = g.sub.ID
		}
		if !g.reason.Grants {
			continue
		}
		for _, gift := range g.gifts {
			access.add(gift, ends)
		}
	}
	access.Features = slices.Sorted(maps.Keys(ends))
	maps.DeleteFunc(ends, func(_ string, end time.Time) bool { return end.IsZero() })
	if len(ends) > 0 {
		access.Expires = ends
	}
	access.lead(grants)
	return access
}

// add adds the features and limits of a gift. A feature ends with the last gift that has it; ends
// holds these times, zero for never.
func (a *Access) add(g gift, ends map[string]time.Time) {
	for _, f := range g.plan.Features {
		end, has := ends[f]
		if !has || !end.IsZero() && (g.ends.IsZero() || g.ends.After(end)) {
			ends[f] = g.ends
		}
	}
	for name, limit := range g.plan.Limits {
		if a.Limits == nil {
			a.Limits = map[string]int64{}
		}
		a.Limits[name] = max(a.Limits[name], limit)
	}
}

// Access returns the access that a record gives at a moment: the result of [Catalog.Decide], plus
// the features of Stripe's entitlements while anything grants access. A gift, paid through a claimed
// customer, adds to the account's own purchases and takes nothing away. A deleted account has no
// access.
func (c Catalog) Access(r Record, now time.Time) Access {
	access := c.Decide(r.Subscriptions, r.Licenses, now)
	if own := r.Own(); len(own.Subscriptions) < len(r.Subscriptions) {
		access.keep(c.Decide(own.Subscriptions, r.Licenses, now))
	}
	if access.Active && len(r.Entitlements) > 0 {
		access.Entitlements = r.Entitlements
		access.Features = slices.Compact(slices.Sorted(slices.Values(slices.Concat(access.Features, r.Entitlements))))
	}
	if r.State == AccountDeleted {
		access = Access{Status: "none", Reasons: access.Reasons, Recheck: access.Recheck}
		for i := range access.Reasons {
			access.Reasons[i].Grants = false
			access.Reasons[i].Why = "the account is deleted"
		}
	}
	return access
}

// keep restores what a higher-ranked gift would hide: the account's own subscription, which its
// owner can manage, and the seats its members use.
func (a *Access) keep(own Access) {
	a.Seats = max(a.Seats, own.Seats)
	if !slices.ContainsFunc(own.Reasons, func(r Reason) bool { return r.ID == own.SubscriptionID && r.Grants }) {
		return
	}
	a.SubscriptionID = own.SubscriptionID
	if a.Plan != own.Plan {
		return
	}
	a.Status, a.Ending = own.Status, a.Ending && own.Ending
	if a.Until != nil && (own.Until == nil || own.Until.After(*a.Until)) {
		a.Until = own.Until
	}
}

// recheck lowers Recheck to at, unless at is zero.
func (a *Access) recheck(at time.Time) {
	if !at.IsZero() && (a.Recheck.IsZero() || at.Before(a.Recheck)) {
		a.Recheck = at
	}
}

// lead copies the status and plan of the first grant. If nothing grants access, it copies the
// status of the first subscription.
func (a *Access) lead(grants []grant) {
	at := 0
	if len(grants) > 0 && !grants[0].reason.Grants {
		at = slices.IndexFunc(grants, func(g grant) bool { return g.sub != nil })
	}
	if at < 0 || at >= len(grants) {
		return
	}
	g := grants[at]
	if g.reason.Grants {
		a.Active, a.Plan, a.Seats, a.Status = true, g.reason.Plan, g.seats, "licensed"
	}
	if s := g.sub; s != nil {
		a.Status, a.Ending = s.Status, s.Ending() && !s.Ended()
	} else if !g.reason.Grants {
		return
	}
	if until := g.until(); !until.IsZero() {
		a.Until = &until
	}
}

// until returns when the leading plan ends: with the last item that gives it.
func (g grant) until() time.Time {
	var until time.Time
	for _, gift := range g.gifts {
		if gift.plan.Name != g.reason.Plan {
			continue
		}
		if gift.ends.IsZero() {
			return time.Time{}
		}
		if gift.ends.After(until) {
			until = gift.ends
		}
	}
	return until
}

// endOf returns when an item of a subscription ends: with its paid period, or with the
// subscription.
func (s Subscription) endOf(i Item) time.Time {
	switch {
	case s.Ended() && !s.EndedAt.IsZero():
		return s.EndedAt
	case !s.CancelAt.IsZero():
		return s.CancelAt
	}
	return i.PeriodEnd
}

func (c Catalog) ofSubscription(s *Subscription, now time.Time) (grant, time.Time) {
	var recheck time.Time
	g := grant{sub: s, born: s.CreatedAt, reason: Reason{Object: "subscription", ID: s.ID, Status: s.Status}}
	g.gifts = c.gifts(s.Items, s.PlanNamed)
	g.lead()
	for n := range g.gifts {
		gift := &g.gifts[n]
		gift.ends = s.endOf(gift.item)
		if gift.plan.Name == g.reason.Plan {
			g.seats += gift.item.Quantity
		}
	}
	switch s.Status {
	case "active":
		g.reason.Grants, g.reason.Why = true, "paid"
	case "trialing":
		g.reason.Grants, g.reason.Why = true, "on trial"
	case "past_due":
		g.reason.Grants, g.reason.Why = true, "payment failed, Stripe is trying again"
		if c.PastDueGrace != 0 {
			end := s.unpaidSince().Add(c.PastDueGrace)
			if g.reason.GraceUntil = end; now.Before(end) {
				recheck = end
			} else {
				g.reason.Grants, g.reason.Why = false, "payment failed, and the grace period is over"
			}
		}
	case "canceled":
		g.reason.Why = "ended"
	case "unpaid":
		g.reason.Why = "payment failed, and Stripe stopped trying"
	case "incomplete":
		g.reason.Why = "first payment is open"
	case "incomplete_expired":
		g.reason.Why = "first payment was not made in time"
	case "paused":
		g.reason.Why = "paused"
	default:
		g.reason.Why = "status is unknown to this version; unknown grants nothing"
	}
	if g.reason.Grants && s.Ending() {
		g.reason.Why += ", will not renew"
	}
	return g, recheck
}

// ofLicense returns what a license brings. Each of its plans ends after its own duration. A license
// that grants nothing is what was bought, whatever has ended since: time changes nothing about it.
func (c Catalog) ofLicense(l License, now time.Time) (g grant, recheck time.Time) {
	g = grant{born: l.CreatedAt, reason: Reason{Object: "license", ID: l.ID, Status: string(l.Status)}}
	g.gifts = c.gifts(l.Items, l.PlanNamed)
	for n := range g.gifts {
		gift := &g.gifts[n]
		gift.ends = time.Time{}
		if gift.plan.Duration > 0 {
			gift.ends = l.paidSince().Add(gift.plan.Duration)
		}
	}
	if g.reason.Grants, g.reason.Why = c.standing(l); g.reason.Grants {
		recheck = g.expire(now)
	}
	g.lead()
	return g, recheck
}

// standing reports whether a license grants access until it expires, and why.
func (c Catalog) standing(l License) (grants bool, why string) {
	switch l.Status {
	case LicenseActive:
		if l.RefundedAmount > 0 && c.PartialRefund == RevokeLicense {
			return false, "refunded in part"
		}
		return true, "bought"
	case LicensePending:
		return false, "payment is processing"
	case LicenseFailed:
		return false, "payment failed"
	case LicenseRefunded:
		return false, "refunded"
	case LicenseDisputed:
		return false, "disputed"
	}
	return false, "status is unknown to this version; unknown grants nothing"
}

// expire removes the gifts that have ended, and returns when the next one ends; zero if none does. If all
// have ended, it keeps them to name the plan.
func (g *grant) expire(now time.Time) (next time.Time) {
	lasting := slices.DeleteFunc(slices.Clone(g.gifts), func(gift gift) bool {
		return !gift.ends.IsZero() && !now.Before(gift.ends)
	})
	if len(lasting) == 0 && len(g.gifts) > 0 {
		g.reason.Grants, g.reason.Why = false, "expired"
		return time.Time{}
	}
	g.gifts = lasting
	return g.firstEnd()
}

// firstEnd returns when the first gift ends; zero if none ends.
func (g grant) firstEnd() (first time.Time) {
	for _, gift := range g.gifts {
		if !gift.ends.IsZero() && (first.IsZero() || gift.ends.Before(first)) {
			first = gift.ends
		}
	}
	return first
}

// lead sets the reason's plan to the leading plan, and its rule.
func (g *grant) lead() {
	if len(g.gifts) > 0 {
		g.reason.Plan, g.reason.Rule = g.gifts[0].plan.Name, g.gifts[0].rule
	}
}

func (g grant) rank() int {
	if len(g.gifts) == 0 {
		return 0
	}
	return g.gifts[0].plan.Rank
}

// compareGrants sorts the deciding grant first. The order is total, so the same state always
// gives the same access.
func compareGrants(a, b grant) int {
	first := func(x, y bool) int {
		switch {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	}
	return cmp.Or(
		first(a.reason.Grants, b.reason.Grants),
		cmp.Compare(b.rank(), a.rank()),
		first(a.sub != nil, b.sub != nil),
		first(a.sub != nil && !a.sub.Ended(), b.sub != nil && !b.sub.Ended()),
		b.born.Compare(a.born),
		cmp.Compare(b.reason.ID, a.reason.ID),
	)
}
