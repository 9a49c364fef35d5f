package lockstep_test

import (
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
	paid := lockstep.Sponsorship{Account: lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}, CustomerID: "cus_org", Subscription: sub("sub_org", "active", "pro")}
	over := lockstep.Sponsorship{CustomerID: "cus_org", Subscription: sub("sub_org", "canceled", "pro")}
	until := float64(now.AddDate(0, 1, 0).Unix())
	active := map[string]any{"active": true, "status": "active", "features": []any{"notes"}, "limits": map[string]any{"files": 9.0, "notes": 10.0}, "seats": 1.0, "until": until}
	tests := map[string]struct {
		record lockstep.Record
		want   map[string]any
	}{
		"new": {lockstep.Record{Account: user, CustomerID: "cus_1"},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": nil, "subscriptionStatus": "inactive", "plan": nil, "billing": nil}},
		"paid": {lockstep.Record{Account: user, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{sub("sub_1", "active", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "active", "plan": "basic", "billing": active}},
		"ended": {lockstep.Record{Account: user, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{sub("sub_1", "canceled", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "cancelled", "plan": nil, "billing": map[string]any{"active": false, "status": "canceled"}}},
		"unpaid is inactive": {lockstep.Record{Account: user, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{sub("sub_1", "unpaid", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "inactive", "plan": nil, "billing": map[string]any{"active": false, "status": "unpaid"}}},
		"deleted customer": {lockstep.Record{Account: user, CustomerID: "cus_1", CustomerDeleted: true},
			map[string]any{"stripeCustomerId": nil, "stripeSubscriptionId": nil, "subscriptionStatus": "inactive", "plan": nil, "billing": nil}},
		"pays for an organization": {lockstep.Record{Account: user, CustomerID: "cus_1", PaysFor: []lockstep.Sponsorship{paid}},
			map[string]any{"stripeCustomerId": "cus_org", "stripeSubscriptionId": "sub_org", "subscriptionStatus": "active", "plan": nil, "billing": nil}},
		"pays for one and has access": {lockstep.Record{Account: user, CustomerID: "cus_1", PaysFor: []lockstep.Sponsorship{paid}, Subscriptions: []lockstep.Subscription{sub("sub_1", "active", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "active", "plan": "basic", "billing": active}},
		"the organization's is over, as is their own": {lockstep.Record{Account: user, CustomerID: "cus_1", PaysFor: []lockstep.Sponsorship{over}, Subscriptions: []lockstep.Subscription{sub("sub_1", "canceled", "basic")}},
			map[string]any{"stripeCustomerId": "cus_1", "stripeSubscriptionId": "sub_1", "subscriptionStatus": "cancelled", "plan": nil, "billing": map[string]any{"active": false, "status": "canceled"}}},
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
	for _, text := range []string{fmt.Sprintf("%v %s %q %#v %+v", secret, secret, secret, secret, struct{ S lockstep.Secret }{secret}), log.String()} {
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
	for _, text := range []string{"", "user", "user/", "team/x", "user/ x", "user/../x", "user/" + strings.Repeat("x", 129), "user/a\nb"} {
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
