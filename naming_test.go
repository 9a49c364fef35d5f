package lockstep_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

func TestMetadataNamesAnAccountAndWhoPaid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		metadata       map[string]string
		account, payer string
	}{
		{nil, "", ""},
		{map[string]string{"email": "ada@example.com", "clerkUserId": ""}, "", ""},
		{map[string]string{"clerkUserId": "user_1"}, "user/user_1", ""},
		{map[string]string{"userId": "user_1"}, "user/user_1", ""},
		{map[string]string{"clerkOrgId": "org_1"}, "organization/org_1", ""},
		{map[string]string{"clerkOrgId": "org_1", "clerkUserId": "user_1"}, "organization/org_1", "user_1"},
		{map[string]string{"orgId": "org_1", "userId": "user_2"}, "organization/org_1", "user_2"},
		{map[string]string{"lockstepAccount": "user/user_1", "clerkUserId": "user_2"}, "user/user_1", ""},
		{map[string]string{"lockstepAccount": "team/x", "clerkUserId": "user_2"}, "", ""},
		{map[string]string{"clerkUserId": "../x"}, "", ""},
	} {
		account, named := lockstep.AccountNamedIn(tt.metadata)
		if named != (tt.account != "") || named && account.String() != tt.account {
			t.Errorf("%v names %s", tt.metadata, account)
		}
		if payer := lockstep.PayerNamedIn(tt.metadata); payer != tt.payer {
			t.Errorf("%v was paid by %q", tt.metadata, payer)
		}
	}
}

func TestWhatNamesAnAccountIsReadBack(t *testing.T) {
	t.Parallel()
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	metadata := lockstep.NamingMetadata(org, "user_1")
	if account, _ := lockstep.AccountNamedIn(metadata); account != org || lockstep.PayerNamedIn(metadata) != "user_1" {
		t.Errorf("%v reads as %s", metadata, account)
	}
	user := lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	if diff := cmp.Diff(map[string]string{"clerkUserId": "user_1"}, lockstep.NamingMetadata(user, "user_2")); diff != "" {
		t.Error(diff)
	}
}
