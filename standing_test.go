package lockstep_test

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// standingCase is a record that a run leaves, with the standing that it must have.
type standingCase struct {
	record  lockstep.Record
	catalog lockstep.Catalog
	want    lockstep.Standing
}

var standingAt = time.UnixMilli(1_800_000_000_000).UTC()

// bought is a record with one subscription to pro.
func bought(status string) lockstep.Record {
	return lockstep.Record{Account: lockstep.Account{Kind: lockstep.User, ID: "user_1"}, State: lockstep.AccountActive,
		CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{{ID: "sub_1", CustomerID: "cus_1", Status: status,
			UnpaidSince: standingAt.Add(-time.Hour), Items: []lockstep.Item{{ID: "si_1", PriceID: "price_pro", Quantity: 1}}}}}
}

func (c standingCase) refused(step lockstep.Step, projected map[string]any) standingCase {
	c.record.Problems = []lockstep.Problem{{Step: step, Code: "no", Since: standingAt.Add(-time.Minute)}}
	c.record.Projected = projected
	return c
}

func (c standingCase) of(state lockstep.AccountState) standingCase {
	c.record.State = state
	return c
}

func TestStanding(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	sells := lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", Prices: []string{"price_pro"}}}, PastDueGrace: 24 * time.Hour}
	other := lockstep.Catalog{Plans: []lockstep.Plan{{Name: "gold", Prices: []string{"price_gold"}}}}
	pro := lockstep.Standing{Status: "active", Plan: "pro"}
	ended := lockstep.Standing{Status: "canceled"}
	minute, hour := standingAt.Add(-time.Minute), standingAt.Add(-time.Hour)
	with := func(s lockstep.Standing, c lockstep.Concern, why lockstep.ConcernReason, since time.Time) lockstep.Standing {
		s.Concern, s.Why, s.Since = c, why, since
		return s
	}
	known := bought("active")
	known.Standing = with(lockstep.Standing{}, lockstep.PayerWithoutAccess, lockstep.UnlistedPlan, hour)
	named := bought("active")
	named.Subscriptions[0].PlanNamed = "theirs"
	mixed := bought("past_due")
	mixed.Licenses = []lockstep.License{{ID: "cs_1", Status: lockstep.LicenseActive,
		Items: []lockstep.Item{{PriceID: "price_pro"}}}}
	unlisted := lockstep.Standing{Status: "active", Plan: "price_pro"}
	for name, c := range map[string]standingCase{
		"nothing bought": {lockstep.Record{}, sells, lockstep.Standing{Status: "none"}},
		"paid":           {bought("active"), sells, pro},
		"on trial":       {bought("trialing"), sells, lockstep.Standing{Status: "trialing", Plan: "pro"}},
		"ended":          {bought("canceled"), sells, ended},
		"past due in grace": {bought("past_due"), sells, with(lockstep.Standing{Status: "past_due", Plan: "pro"},
			lockstep.AccessWithoutPayment, lockstep.OnlyGrace, hour)},
		"grace is over": {bought("past_due"), lockstep.Catalog{Plans: sells.Plans, PastDueGrace: time.Minute},
			lockstep.Standing{Status: "past_due"}},
		"past due beside a license": {mixed, sells, lockstep.Standing{Status: "past_due", Plan: "pro"}},
		"the catalog does not list the price": {bought("active"), other,
			with(unlisted, lockstep.PayerWithoutAccess, lockstep.UnlistedPlan, standingAt)},
		"it does not list it, as the run before found": {known, other,
			with(unlisted, lockstep.PayerWithoutAccess, lockstep.UnlistedPlan, hour)},
		"an empty catalog lists nothing": {bought("active"), lockstep.Catalog{}, unlisted},
		"the app named the plan": {named, lockstep.Catalog{Plans: other.Plans, PlanMetadata: "plan"},
			lockstep.Standing{Status: "active", Plan: "theirs"}},
		"the token lacks access": standingCase{bought("active"), sells, with(pro, lockstep.PayerWithoutAccess,
			lockstep.TokenLacksAccess, minute)}.refused(lockstep.StepMetadata, object{"subscriptionStatus": "inactive"}),
		"nothing was ever written": standingCase{bought("active"), sells, with(pro, lockstep.PayerWithoutAccess,
			lockstep.TokenLacksAccess, minute)}.refused(lockstep.StepMetadata, nil),
		"status and plan were written, the rest refused": standingCase{bought("active"), sells, pro}.refused(
			lockstep.StepMetadata, object{"subscriptionStatus": "active", "plan": "pro"}),
		"another step was refused": standingCase{bought("active"), sells, pro}.refused(lockstep.StepCustomerEmail, nil),
		"the token keeps access": standingCase{bought("canceled"), sells, with(ended, lockstep.AccessWithoutPayment,
			lockstep.TokenKeepsAccess, minute)}.refused(lockstep.StepMetadata, object{"billing": object{"active": true}}),
		"the plan stays in the token": standingCase{bought("canceled"), sells, with(ended, lockstep.AccessWithoutPayment,
			lockstep.TokenKeepsAccess, minute)}.refused(lockstep.StepMetadata, object{"plan": "pro"}),
		"the token has none either": standingCase{bought("canceled"), sells, ended}.refused(lockstep.StepMetadata,
			object{"subscriptionStatus": "cancelled"}),
		"deleted": standingCase{bought("active"), sells, lockstep.Standing{Status: "none"}}.of(lockstep.AccountDeleted),
		"deleted and still billed": standingCase{bought("active"), sells, with(lockstep.Standing{Status: "none"},
			lockstep.PayerWithoutAccess, lockstep.StillBilled, minute)}.refused(lockstep.StepDeletion,
			nil).of(lockstep.AccountDeleted),
		"deleted, refused, and ended since": standingCase{bought("canceled"), sells,
			lockstep.Standing{Status: "none"}}.refused(lockstep.StepDeletion, nil).of(lockstep.AccountDeleted),
	} {
		access := c.catalog.Access(c.record, standingAt)
		got := c.catalog.Standing(c.record, access, lockstep.DefaultProjectionKeys, standingAt)
		if got != c.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, c.want)
		}
	}
}

// TestStandingReadsConfiguredKeys: a part that is not written is not looked for.
func TestStandingReadsConfiguredKeys(t *testing.T) {
	t.Parallel()
	c := lockstep.Catalog{}
	r := standingCase{record: bought("active")}.refused(lockstep.StepMetadata, map[string]any{"tier": "price_pro"}).record
	for keys, want := range map[lockstep.ProjectionKeys]lockstep.Concern{
		{Plan: "tier"}:                    "",
		{Plan: "level"}:                   lockstep.PayerWithoutAccess,
		{Plan: "level", Status: "status"}: lockstep.PayerWithoutAccess,
		{CustomerID: "customer"}:          "", // no part says who has access
	} {
		if got := c.Standing(r, c.Access(r, standingAt), keys, standingAt); got.Concern != want {
			t.Errorf("%+v: %q, want %q", keys, got.Concern, want)
		}
	}
}
