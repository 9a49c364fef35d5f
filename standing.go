package lockstep

import (
	"slices"
	"time"
)

// Standing is what the last run that saved an account concluded about it. It is stored beside the record, so
// that a million accounts can be searched and counted by it.
//
// A row from before version 00035 (SQLite) or 00022 (PostgreSQL) of the schema has none until the account's
// next run. The full verify runs every account.
type Standing struct {
	Status  string        // [Access.Status]; empty: no run has concluded yet
	Plan    string        // [Access.Plan]
	Concern Concern       // empty: payment and access agree
	Why     ConcernReason // of the concern
	Since   time.Time     // of the concern; zero without one
}

// Concern is a disagreement between what Stripe says is paid and what the account can use.
type Concern string

// The concerns. The reasons below say when each holds.
const (
	PayerWithoutAccess   Concern = "payer_without_access"
	AccessWithoutPayment Concern = "access_without_payment"
)

// Concerns lists all concerns, the most urgent first.
var Concerns = []Concern{PayerWithoutAccess, AccessWithoutPayment}

// ConcernReason is a short code of why a concern holds.
type ConcernReason string

// The reasons. [Catalog.Standing] looks for them in this order, and the first one counts.
const (
	// StillBilled: Stripe refused to end the billing of a deleted account, and one of its subscriptions is
	// active, trialing or past due. A payer without access, since the refusal.
	StillBilled ConcernReason = "deletion_refused"
	// TokenLacksAccess: something grants access, but the directory refused to write it, and neither status
	// nor plan nor billing object of the metadata says so. A payer without access, since the refusal.
	TokenLacksAccess ConcernReason = "metadata_refused"
	// OnlyGrace: only subscriptions that are past due grant access. Access without payment, since the payment
	// of the leading one failed.
	OnlyGrace ConcernReason = "in_grace"
	// UnlistedPlan: the catalog has plans, but lists nothing of what grants access, so the access has neither
	// features nor limits. A payer without access, since the run that found it. A plan that the app named in
	// the metadata is not unlisted.
	UnlistedPlan ConcernReason = "plan_unlisted"
	// TokenKeepsAccess: nothing grants access, but the directory refused to remove it, and status, plan or
	// billing object of the metadata still say so. Access without payment, since the refusal.
	TokenKeepsAccess ConcernReason = "removal_refused"
)

// Standing concludes from a record and the access that it gives at a moment. It is a pure function. The
// record's own standing is that of the run before: a concern that goes on keeps its time.
//
// It does not cover what no saved run of the account knows: a customer that is linked to no account, a write
// that is still being tried again, access that the app gave by itself, a plan in the metadata that differs
// from the plan that was paid for, and an account whose billing Stripe refused to show (that is a problem of
// [StepBilling]; the access of the last answer continues).
func (c Catalog) Standing(r Record, access Access, keys ProjectionKeys, now time.Time) Standing {
	s := Standing{Status: access.Status, Plan: access.Plan}
	if r.State == AccountDeleted {
		return s.ofDeleted(r)
	}
	refused, isRefused := r.Problem(StepMetadata)
	wants, has := false, false
	if isRefused {
		wants, has = keys.grant(keys.Project(r, access)), keys.grant(r.Projected)
	}
	switch {
	case access.Active && wants && !has:
		return s.with(PayerWithoutAccess, TokenLacksAccess, refused.Since)
	case access.Active && onlyGrace(access):
		return s.with(AccessWithoutPayment, OnlyGrace, r.unpaidSince(access.SubscriptionID))
	case access.Active && c.lacks(r, access):
		since := now
		if r.Standing.Why == UnlistedPlan {
			since = r.Standing.Since
		}
		return s.with(PayerWithoutAccess, UnlistedPlan, since)
	case !access.Active && has && !wants:
		return s.with(AccessWithoutPayment, TokenKeepsAccess, refused.Since)
	}
	return s
}

// ofDeleted: a deleted account has no access, which only concerns someone who is still charged.
func (s Standing) ofDeleted(r Record) Standing {
	refused, found := r.Problem(StepDeletion)
	charged := slices.ContainsFunc(r.Subscriptions, func(s Subscription) bool {
		return s.Status == "active" || s.Status == "trialing" || s.Status == "past_due"
	})
	if found && charged {
		return s.with(PayerWithoutAccess, StillBilled, refused.Since)
	}
	return s
}

func (s Standing) with(concern Concern, why ConcernReason, since time.Time) Standing {
	s.Concern, s.Why, s.Since = concern, why, since.UTC().Truncate(time.Millisecond)
	return s
}

// onlyGrace reports whether nothing but past due subscriptions grants access.
func onlyGrace(a Access) bool {
	return !slices.ContainsFunc(a.Reasons, func(r Reason) bool { return r.Grants && r.Status != "past_due" })
}

// unpaidSince returns since when a subscription is unpaid; zero if the record lacks it.
func (r Record) unpaidSince(subscriptionID string) time.Time {
	for _, s := range r.Subscriptions {
		if s.ID == subscriptionID {
			return s.unpaidSince()
		}
	}
	return time.Time{}
}

// lacks reports whether the catalog has plans, but none of them for what grants access.
func (c Catalog) lacks(r Record, access Access) bool {
	if len(c.Plans) == 0 || len(access.Features) > 0 || len(access.Limits) > 0 {
		return false
	}
	grants := func(id string) bool {
		return slices.ContainsFunc(access.Reasons, func(r Reason) bool { return r.Grants && r.ID == id })
	}
	listed := func(items []Item, named string) bool {
		return named != "" && c.PlanMetadata != "" || slices.ContainsFunc(items, c.knows)
	}
	return !slices.ContainsFunc(r.Subscriptions, func(s Subscription) bool {
		return grants(s.ID) && listed(s.Items, s.PlanNamed)
	}) && !slices.ContainsFunc(r.Licenses, func(l License) bool { return grants(l.ID) && listed(l.Items, l.PlanNamed) })
}

// grant reports whether an app that reads metadata under our keys sees access: in the status, the plan or the
// billing object.
func (k ProjectionKeys) grant(metadata map[string]any) bool {
	plan, _ := metadata[k.Plan].(string)
	billing, _ := metadata[k.Billing].(map[string]any)
	return k.Status != "" && metadata[k.Status] == "active" || k.Plan != "" && plan != "" ||
		k.Billing != "" && billing["active"] == true
}
