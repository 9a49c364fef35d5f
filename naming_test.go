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
		{map[string]string{"user_id": "user_1"}, "user/user_1", ""},
		{map[string]string{"clerk_user_id": "user_1", "email": "ada@example.com"}, "user/user_1", ""},
		{map[string]string{"organization_id": "org_1", "clerkId": "user_1"}, "organization/org_1", "user_1"},
		{map[string]string{"user_id": "42", "org_id": "17"}, "", ""}, // of somebody else's database
		{map[string]string{"user_id": "42", "userId": "user_1"}, "user/user_1", ""},
		{map[string]string{"user_id": "org_1"}, "", ""},
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

// TestForeignIDsNameNobodyAtClerk: ids of the app's own database do not hide other evidence.
func TestForeignIDsNameNobodyAtClerk(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		metadata map[string]string
		account  string
	}{
		{map[string]string{"userId": "8231"}, ""},
		{map[string]string{"userId": "8231", "clerkUserId": "user_1"}, "user/user_1"},
		{map[string]string{"orgId": "17", "userId": "user_1"}, "user/user_1"},
		{map[string]string{"orgId": "org_1", "userId": "8231"}, "organization/org_1"},
		{map[string]string{"lockstepAccount": "user/8231"}, "user/8231"}, // ours
		{map[string]string{"clerkUserId": "user_1", "cart": "7"}, "user/user_1"},
	} {
		before := len(tt.metadata)
		account, named := lockstep.AccountNamedIn(lockstep.WithClerkIDs(tt.metadata))
		if named != (tt.account != "") || named && account.String() != tt.account || len(tt.metadata) != before {
			t.Errorf("%v names %s", tt.metadata, account)
		}
		if payer := lockstep.PayerNamedIn(lockstep.WithClerkIDs(tt.metadata)); payer != "" {
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
	for key, id := range lockstep.NamesOf(org) {
		if account, _ := lockstep.AccountNamedIn(map[string]string{key: id}); account != org {
			t.Errorf("%s = %s names %s", key, id, account)
		}
	}
	if n := len(lockstep.NamesOf(org)); n > 10 {
		t.Errorf("%d clauses; Stripe's search takes 10", n)
	}
	if n := len(lockstep.NamesOf(lockstep.Account{Kind: lockstep.User, ID: "42"})); n != 3 {
		t.Errorf("an id of the application's own is searched for by %d names", n)
	}
	user := lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	if diff := cmp.Diff(map[string]string{"clerkUserId": "user_1"}, lockstep.NamingMetadata(user, "user_2")); diff != "" {
		t.Error(diff)
	}
}
