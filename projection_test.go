package lockstep_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// project is the metadata of a record with its own access.
func project(r lockstep.Record) map[string]any {
	return lockstep.DefaultProjectionKeys.Project(r, shop.Decide(r.Subscriptions, r.Licenses, now))
}

func TestProjectionOfAnAccount(t *testing.T) {
	t.Parallel()
	user := lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	paid := lockstep.Sponsorship{Account: lockstep.Account{Kind: lockstep.Organization, ID: "org_1"},
		CustomerID: "cus_org", Subscription: sub("sub_org", "active", "pro")}
	over := lockstep.Sponsorship{CustomerID: "cus_org", Subscription: sub("sub_org", "canceled", "pro")}
	until := float64(now.AddDate(0, 1, 0).Unix())
	active := map[string]any{"active": true, "status": "active", "features": []any{"notes"},
		"limits": map[string]any{"files": 9.0, "notes": 10.0}, "seats": 1.0, "until": until}
	tests := map[string]struct {
		record lockstep.Record
		want   map[string]any
	}{
		"new": {lockstep.Record{Account: user, CustomerID: "cus_1"},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": nil, "subscriptionStatus": "inactive",
				"plan": nil, "billing": nil}},
		"paid": {lockstep.Record{Account: user, CustomerID: "cus_1",
			Subscriptions: []lockstep.Subscription{sub("sub_1", "active", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "active",
				"plan": "basic", "billing": active}},
		"ended": {lockstep.Record{Account: user, CustomerID: "cus_1",
			Subscriptions: []lockstep.Subscription{sub("sub_1", "canceled", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "cancelled",
				"plan": nil, "billing": map[string]any{"active": false, "status": "canceled"}}},
		"unpaid is inactive": {lockstep.Record{Account: user, CustomerID: "cus_1",
			Subscriptions: []lockstep.Subscription{sub("sub_1", "unpaid", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "inactive",
				"plan": nil, "billing": map[string]any{"active": false, "status": "unpaid"}}},
		"deleted customer": {lockstep.Record{Account: user, CustomerID: "cus_1", CustomerDeleted: true},
			map[string]any{"stripeCustomerId": nil, "stripeSubscriptionId": nil, "subscriptionStatus": "inactive", "plan": nil,
				"billing": nil}},
		"pays for an organization": {lockstep.Record{Account: user, CustomerID: "cus_1",
			PaysFor: []lockstep.Sponsorship{paid}},
			map[string]any{"stripeCustomerId": "cus_org", "stripeSubscriptionId": "sub_org", "subscriptionStatus": "active",
				"plan": nil, "billing": nil}},
		"pays for one and has access": {lockstep.Record{Account: user, CustomerID: "cus_1",
			PaysFor: []lockstep.Sponsorship{paid}, Subscriptions: []lockstep.Subscription{sub("sub_1", "active", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "active",
				"plan": "basic", "billing": active}},
		"the organization's is over, as is their own": {lockstep.Record{Account: user, CustomerID: "cus_1",
			PaysFor: []lockstep.Sponsorship{over}, Subscriptions: []lockstep.Subscription{sub("sub_1", "canceled", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "cancelled",
				"plan": nil, "billing": map[string]any{"active": false, "status": "canceled"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, project(tt.record)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnEmptyKeyLeavesAPartOut(t *testing.T) {
	t.Parallel()
	keys := lockstep.ProjectionKeys{Plan: "tier"}
	got := keys.Project(lockstep.Record{CustomerID: "cus_1"}, lockstep.Access{Active: true, Plan: "pro"})
	if diff := cmp.Diff(map[string]any{"tier": "pro"}, got); diff != "" {
		t.Error(diff)
	}
	if err := (lockstep.ProjectionKeys{Plan: "a", Status: "a"}).Validate(); err == nil {
		t.Error("two parts may share a key")
	}
}

func TestASecretDoesNotPrintItself(t *testing.T) {
	t.Parallel()
	secret := lockstep.Secret("whsec_canary")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "secret", secret, "in", struct{ S lockstep.Secret }{secret})
	for _, text := range []string{fmt.Sprintf("%v %s %q %#v %+v", secret, secret, secret, secret,
		struct{ S lockstep.Secret }{secret}), log.String()} {
		if strings.Contains(text, "canary") {
			t.Errorf("it does: %s", text)
		}
	}
}

func TestAccountsAndKeysReadBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"user/user_2x", "organization/org_9y", "user/auth0|5f"} {
		a, err := lockstep.ParseAccount(text)
		if err != nil || a.String() != text {
			t.Errorf("%s reads as %s: %v", text, a, err)
		}
		if back, ok := a.Key().Account(); !ok || back != a {
			t.Errorf("the key of %s names %s", a, back)
		}
	}
	for _, text := range []string{"", "user", "user/", "team/x", "user/ x", "user/../x",
		"user/" + strings.Repeat("x", 129), "user/a\nb"} {
		if a, err := lockstep.ParseAccount(text); err == nil {
			t.Errorf("%q reads as %s", text, a)
		}
	}
	for reference, want := range map[string]string{"user_1": "user/user_1", "org_1": "organization/org_1"} {
		if a, ok := lockstep.AccountOfReference(reference); !ok || a.String() != want {
			t.Errorf("reference %s is %s", reference, a)
		}
	}
	if _, ok := lockstep.AccountOfReference("cart_17"); ok {
		t.Error("any reference names an account")
	}
}

// TestProjectionStaysWithinItsBudget: for any features, limits and budget, the cut is deterministic and as
// small as possible.
func TestProjectionStaysWithinItsBudget(t *testing.T) {
	t.Parallel()
	account := lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	for features := 0; features <= 120; features += 7 {
		for limits := 0; limits <= 40; limits += 10 {
			plan := lockstep.Plan{Name: "p\u00e9\"<plan>", LookupKeys: []string{"big"}, Limits: map[string]int64{}}
			for n := range features {
				plan.Features = append(plan.Features, fmt.Sprintf("feature_%03d", n))
			}
			for n := range limits {
				plan.Limits[fmt.Sprintf("limit_%03d", n)] = int64(n) * 1_000_000
			}
			catalog := lockstep.Catalog{Plans: []lockstep.Plan{plan}}
			record := lockstep.Record{Account: account, CustomerID: "cus_1",
				Subscriptions: []lockstep.Subscription{sub("sub_1", "active", "big")}}
			access := catalog.Access(record, now)
			for _, budget := range []int{0, 256, 400, 999, 2000, 7168} {
				keys := lockstep.DefaultProjectionKeys
				keys.Budget = budget
				if err := keys.Validate(); err != nil {
					t.Fatal(err)
				}
				got := keys.Project(record, access)
				if diff := cmp.Diff(got, keys.Project(record, access)); diff != "" {
					t.Errorf("twice is not the same: %s", diff)
				}
				text, err := json.Marshal(got)
				if err != nil {
					t.Fatal(err)
				}
				most := budget
				if most == 0 {
					most = lockstep.DefaultProjectionBudget
				}
				billing := got["billing"].(map[string]any)
				kept, _ := billing["features"].([]any)
				limited, _ := billing["limits"].(map[string]any)
				what := fmt.Sprintf("%d features and %d limits in %d bytes", features, limits, most)
				if len(text) > most {
					t.Errorf("%s: %d bytes", what, len(text))
				}
				cut := len(kept) < features || len(limited) < limits
				if more, _ := billing["more"].(bool); more != cut {
					t.Errorf("%s: more is %v, %d and %d are kept", what, more, len(kept), len(limited))
				}
				for n, name := range kept {
					if name != plan.Features[n] {
						t.Errorf("%s: feature %d is %v", what, n, name)
					}
				}
				if len(limited) < limits && len(kept) > 0 {
					t.Errorf("%s: limits were cut while features were left", what)
				}
				if len(kept) < features && len(limited) == limits && len(text)+len(`,"feature_000"`) <= most-1 && limits == 0 {
					t.Errorf("%s: one more would have had room: %d bytes", what, len(text))
				}
				if got["plan"] != plan.Name || got["stripeCustomerId"] != "cus_1" || got["subscriptionStatus"] != "active" {
					t.Errorf("%s: %v", what, got)
				}
			}
		}
	}
	for _, budget := range []int{-1, 1, 255, 7169} {
		if (lockstep.ProjectionKeys{Budget: budget}).Validate() == nil {
			t.Errorf("a budget of %d is taken", budget)
		}
	}
}
