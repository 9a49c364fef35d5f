package reconcile

import (
	"errors"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestLadder(t *testing.T) {
	t.Parallel()
	org1, user2 := lockstep.Account{Kind: "organization", ID: "org_1"}, lockstep.Account{Kind: "user", ID: "user_2"}
	user := func(id string) map[string]string { return map[string]string{"clerkUserId": id} }
	tests := map[string]struct {
		evidence evidence
		want     string // account and trust; empty: nobody
		err      error
	}{
		"nothing": {},
		"our link before all": {evidence{link: lockstep.Account{Kind: "user", ID: "user_1"},
			objects: []map[string]string{user("user_2")}}, "user/user_1", nil},
		"metadata before the reference": {evidence{objects: []map[string]string{user("user_1")},
			reference: []lockstep.Account{user2}}, "user/user_1", nil},
		"the reference before the customer": {evidence{reference: []lockstep.Account{org1}, customer: user("user_2")},
			"organization/org_1 claimed", nil},
		"two references": {evidence{reference: []lockstep.Account{org1, user2},
			customer: user("user_2")}, "", errAmbiguous},
		"a claimed link after all": {evidence{customer: user("user_1"), claimed: org1}, "user/user_1", nil},
		"a claimed link alone":     {evidence{claimed: org1}, "organization/org_1 claimed", nil},
		"the customer's metadata": {evidence{objects: []map[string]string{nil, {}},
			customer: map[string]string{"userId": "user_1"}}, "user/user_1", nil},
		"an organization and who paid": {evidence{objects: []map[string]string{{"clerkUserId": "user_1",
			"clerkOrgId": "org_1"}}}, "organization/org_1", nil},
		"the other spellings": {evidence{customer: map[string]string{"orgId": "org_1", "userId": "user_1"}},
			"organization/org_1", nil},
		"several that agree": {evidence{objects: []map[string]string{user("user_1"), user("user_1")}},
			"user/user_1", nil},
		"several that do not": {evidence{objects: []map[string]string{user("user_1"), user("user_2")},
			customer: user("user_1")}, "", errAmbiguous},
		"an e-mail address is nobody":        {evidence{customer: map[string]string{"email": "ada@example.com"}}, "", nil},
		"an id that could not be an account": {evidence{objects: []map[string]string{user("../user_1")}}, "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := climb(tt.evidence.rungs())
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			text := ""
			if !got.account.IsZero() {
				text = got.account.String()
			}
			if got.trust == lockstep.Claimed {
				text += " claimed"
			}
			if text != tt.want {
				t.Errorf("got %q, want %q", text, tt.want)
			}
		})
	}
}
