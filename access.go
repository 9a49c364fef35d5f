package lockstep

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Access is what an account may use, and because of what.
type Access struct {
	Active         bool             `json:"active" doc:"Whether anything grants access now"`
	Status         string           `json:"status" doc:"Stripe's status of the subscription that counts; licensed where only a one-time payment does; none"`
	Plan           string           `json:"plan,omitempty" doc:"The plan of the highest rank among what grants access"`
	Features       []string         `json:"features,omitempty" doc:"Of all that grants access together"`
	Entitlements   []string         `json:"entitlements,omitempty" doc:"Of the features, those that Stripe's entitlements give"`
	Limits         map[string]int64 `json:"limits,omitempty" doc:"The highest of each among what grants access"`
	Seats          int64            `json:"seats,omitempty" doc:"Quantity of the plan's item"`
	Until          *time.Time       `json:"until,omitempty" doc:"End of the paid period"`
	Ending         bool             `json:"ending,omitempty" doc:"The subscription will not renew; access ends at until"`
	SubscriptionID string           `json:"subscription_id,omitempty" doc:"The subscription that counts"`
	Reasons        []Reason         `json:"reasons" doc:"Every subscription and license, and what it contributes"`

	// Recheck is when time alone may change the answer; zero: never.
	Recheck time.Time `json:"-"`
}

// Reason is one subscription or license, and what follows from it.
type Reason struct {
	Object string `json:"object" enum:"subscription,license"`
	ID     string `json:"id"`
	Status string `json:"status"`
	Plan   string `json:"plan,omitempty"`
	Grants bool   `json:"grants"`
	Why    string `json:"why"`
}

// grant is a reason with what it brings.
type grant struct {
	reason Reason
	plans  []Plan // the first is the one of the highest rank
	seats  int64
	sub    *Subscription
	until  time.Time // end of a license; zero: none
	born   time.Time
}

// Decide says what follows from all subscriptions and licenses of an account at
// a moment. It is a pure function, and this is the whole rule:
//
//   - trialing and active grant access; so does past_due within the catalog's
//     grace; no other status does, known or unknown;
//   - an active license grants access for good, or for its plan's duration; one of
//     which a part was refunded as the catalog's policy says;
//   - features add up over all that grants, of each limit the highest counts;
//   - the plan is the one of the highest rank; of equal ones that of the
//     subscription before that of the license, then the newest;
//   - a paid period that is over by our clock takes nothing away while Stripe
//     still says active.
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

	features := map[string]bool{}
	for _, g := range grants {
		access.Reasons = append(access.Reasons, g.reason)
		if access.SubscriptionID == "" && g.sub != nil {
			access.SubscriptionID = g.sub.ID
		}
		if !g.reason.Grants {
			continue
		}
		for _, p := range g.plans {
			for _, f := range p.Features {
				features[f] = true
			}
			for name, limit := range p.Limits {
				if access.Limits == nil {
					access.Limits = map[string]int64{}
				}
				access.Limits[name] = max(access.Limits[name], limit)
			}
		}
	}
	access.Features = slices.Sorted(maps.Keys(features))
	access.lead(grants)
	return access
}

// Access is what a record gives at a moment: what [Catalog.Decide] says, and while that
// is anything, the features of Stripe's entitlements. A deleted account has none.
func (c Catalog) Access(r Record, now time.Time) Access {
	access := c.Decide(r.Subscriptions, r.Licenses, now)
	if access.Active && len(r.Entitlements) > 0 {
		access.Entitlements = r.Entitlements
		access.Features = slices.Compact(slices.Sorted(slices.Values(slices.Concat(access.Features, r.Entitlements))))
	}
	if r.State == AccountDeleted {
		access = Access{Status: "none", Reasons: access.Reasons}
		for i := range access.Reasons {
			access.Reasons[i].Grants = false
			access.Reasons[i].Why = "the account is deleted"
		}
	}
	return access
}

// recheck notes when to decide again; zero: never.
func (a *Access) recheck(at time.Time) {
	if !at.IsZero() && (a.Recheck.IsZero() || at.Before(a.Recheck)) {
		a.Recheck = at
	}
}

// lead takes over what the first grant says, or, where nothing grants access,
// the status of the first subscription.
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
	s := g.sub
	if s == nil {
		if g.reason.Grants && !g.until.IsZero() {
			a.Until = &g.until
		}
		return
	}
	a.Status, a.Ending = s.Status, s.Ending() && !s.Ended()
	until := s.PeriodEnd()
	switch {
	case s.Ended() && !s.EndedAt.IsZero():
		until = s.EndedAt
	case !s.CancelAt.IsZero():
		until = s.CancelAt
	}
	if !until.IsZero() {
		a.Until = &until
	}
}

func (c Catalog) ofSubscription(s *Subscription, now time.Time) (grant, time.Time) {
	var recheck time.Time
	g := grant{sub: s, born: s.CreatedAt, reason: Reason{Object: "subscription", ID: s.ID, Status: s.Status}}
	quantity := map[string]int64{}
	for _, i := range s.Items {
		p := c.plan(i)
		g.plans = append(g.plans, p)
		quantity[p.Name] += i.Quantity
	}
	g.lead()
	g.seats = quantity[g.reason.Plan]
	switch s.Status {
	case "active":
		g.reason.Grants, g.reason.Why = true, "paid"
	case "trialing":
		g.reason.Grants, g.reason.Why = true, "on trial"
	case "past_due":
		g.reason.Grants, g.reason.Why = true, "payment failed, Stripe is trying again"
		if c.PastDueGrace != 0 {
			if end := s.unpaidSince().Add(c.PastDueGrace); now.Before(end) {
				recheck = end
			} else {
				g.reason.Grants, g.reason.Why = false, "payment failed, and the grace is over"
			}
		}
	case "canceled":
		g.reason.Why = "ended"
	case "unpaid":
		g.reason.Why = "payment failed for good"
	case "incomplete":
		g.reason.Why = "first payment is open"
	case "incomplete_expired":
		g.reason.Why = "first payment was never made"
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

// unpaidSince is the start of the period that has not been paid: Stripe moves
// the period about an hour before it collects.
func (s Subscription) unpaidSince() time.Time {
	var start time.Time
	for _, i := range s.Items {
		if i.PeriodStart.After(start) {
			start = i.PeriodStart
		}
	}
	return start
}

// ofLicense says what a license brings. Each of its plans ends by its own
// duration: that of the others goes on.
func (c Catalog) ofLicense(l License, now time.Time) (g grant, recheck time.Time) {
	g = grant{born: l.CreatedAt, reason: Reason{Object: "license", ID: l.ID, Status: string(l.Status)}}
	var expired []Plan
	for _, i := range l.Items {
		p := c.plan(i)
		if p.Duration > 0 && !now.Before(l.paidSince().Add(p.Duration)) {
			expired = append(expired, p)
			continue
		}
		g.plans = append(g.plans, p)
	}
	over := len(g.plans) == 0 && len(expired) > 0
	if over {
		g.plans = expired
	}
	g.lead()
	switch l.Status {
	case LicenseActive:
		switch {
		case l.RefundedAmount > 0 && c.PartialRefund == RevokeLicense:
			g.reason.Why = "refunded in part"
		case over:
			g.reason.Why = "expired"
		default:
			g.reason.Grants, g.reason.Why = true, "bought"
			recheck = g.runOut(l.paidSince())
		}
	case LicensePending:
		g.reason.Why = "payment is under way"
	case LicenseFailed:
		g.reason.Why = "payment failed"
	case LicenseRefunded:
		g.reason.Why = "refunded"
	case LicenseDisputed:
		g.reason.Why = "disputed"
	default:
		g.reason.Why = "status is unknown to this version; unknown grants nothing"
	}
	return g, recheck
}

// runOut notes when the leading plan of a license ends, and returns when the
// first of its plans does; zero: never.
func (g *grant) runOut(since time.Time) (first time.Time) {
	for i, p := range g.plans {
		if p.Duration == 0 {
			continue
		}
		end := since.Add(p.Duration)
		if i == 0 {
			g.until = end
		}
		if first.IsZero() || end.Before(first) {
			first = end
		}
	}
	return first
}

// lead puts the plan of the highest rank first and names the reason after it.
func (g *grant) lead() {
	slices.SortStableFunc(g.plans, func(a, b Plan) int { return cmp.Compare(b.Rank, a.Rank) })
	if len(g.plans) > 0 {
		g.reason.Plan = g.plans[0].Name
	}
}

func (g grant) rank() int {
	if len(g.plans) == 0 {
		return 0
	}
	return g.plans[0].Rank
}

// compareGrants puts what counts most first. The order is total, so that the
// same state always gives the same access.
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
