package reconcile

import (
	"errors"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestLadder(t *testing.T) {
	t.Parallel()
	user := func(id string) map[string]string { return map[string]string{"clerkUserId": id} }
	tests := map[string]struct {
		evidence evidence
		want     string // account; empty: nobody
		err      error
	}{
		"nothing":                            {},
		"our link before all":                {evidence{link: lockstep.Account{Kind: "user", ID: "user_1"}, objects: []map[string]string{user("user_2")}}, "user/user_1", nil},
		"metadata before the reference":      {evidence{objects: []map[string]string{user("user_1")}, reference: []string{"user_2"}}, "user/user_1", nil},
		"the reference before the customer":  {evidence{reference: []string{"", "org_1"}, customer: user("user_2")}, "organization/org_1", nil},
		"the customer's metadata":            {evidence{objects: []map[string]string{nil, {}}, customer: map[string]string{"userId": "user_1"}}, "user/user_1", nil},
		"an organization and who paid":       {evidence{objects: []map[string]string{{"clerkUserId": "user_1", "clerkOrgId": "org_1"}}}, "organization/org_1", nil},
		"the other spellings":                {evidence{customer: map[string]string{"orgId": "org_1", "userId": "user_1"}}, "organization/org_1", nil},
		"several that agree":                 {evidence{objects: []map[string]string{user("user_1"), user("user_1")}}, "user/user_1", nil},
		"several that do not":                {evidence{objects: []map[string]string{user("user_1"), user("user_2")}, customer: user("user_1")}, "", errAmbiguous},
		"an e-mail address is nobody":        {evidence{customer: map[string]string{"email": "ada@example.com"}}, "", nil},
		"a reference of somebody's own":      {evidence{reference: []string{"cart_17"}}, "", nil},
		"an id that could not be an account": {evidence{objects: []map[string]string{user("../user_1")}}, "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := resolve(tt.evidence)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if text := got.String(); text != tt.want && (!got.IsZero() || tt.want != "") {
				t.Errorf("got %s, want %q", text, tt.want)
			}
		})
	}
}
