package ownership

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
		evidence Evidence
		want     string // account and trust; empty: no account
		err      error
	}{
		"nothing": {},
		"our link before all": {Evidence{Link: lockstep.Account{Kind: "user", ID: "user_1"},
			Objects: []map[string]string{user("user_2")}}, "user/user_1", nil},
		"metadata before the reference": {Evidence{Objects: []map[string]string{user("user_1")},
			Reference: []lockstep.Account{user2}}, "user/user_1", nil},
		"the reference before the customer": {Evidence{Reference: []lockstep.Account{org1}, Customer: user("user_2")},
			"organization/org_1 claimed", nil},
		"two references": {Evidence{Reference: []lockstep.Account{org1, user2},
			Customer: user("user_2")}, "", ErrAmbiguous},
		"a claimed link after all": {Evidence{Customer: user("user_1"), Claimed: org1}, "user/user_1", nil},
		"a claimed link alone":     {Evidence{Claimed: org1}, "organization/org_1 claimed", nil},
		"the customer's metadata": {Evidence{Objects: []map[string]string{nil, {}},
			Customer: map[string]string{"userId": "user_1"}}, "user/user_1", nil},
		"an organization and who paid": {Evidence{Objects: []map[string]string{{"clerkUserId": "user_1",
			"clerkOrgId": "org_1"}}}, "organization/org_1", nil},
		"the other spellings": {Evidence{Customer: map[string]string{"orgId": "org_1", "userId": "user_1"}},
			"organization/org_1", nil},
		"several that agree": {Evidence{Objects: []map[string]string{user("user_1"), user("user_1")}},
			"user/user_1", nil},
		"several that do not": {Evidence{Objects: []map[string]string{user("user_1"), user("user_2")},
			Customer: user("user_1")}, "", ErrAmbiguous},
		"an e-mail address is nobody":        {Evidence{Customer: map[string]string{"email": "ada@example.com"}}, "", nil},
		"an id that could not be an account": {Evidence{Objects: []map[string]string{user("../user_1")}}, "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := climb(tt.evidence.rungs())
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			text := ""
			if !got.Account.IsZero() {
				text = got.Account.String()
			}
			if got.Trust == lockstep.Claimed {
				text += " claimed"
			}
			if text != tt.want {
				t.Errorf("got %q, want %q", text, tt.want)
			}
		})
	}
}

func TestTheDirectoryNamesCustomersOnALowRung(t *testing.T) {
	t.Parallel()
	bob := lockstep.Account{Kind: lockstep.User, ID: "user_bob"}
	acme := lockstep.Account{Kind: lockstep.Organization, ID: "org_acme"}
	naming := func(a lockstep.Account) map[string]string { return lockstep.NamingMetadata(a, "") }
	for name, c := range map[string]struct {
		evidence Evidence
		want     lockstep.Account // zero: ambiguous
	}{
		"alone":                              {Evidence{Directory: []lockstep.Account{alice}}, alice},
		"the customer's metadata is above":   {Evidence{Customer: naming(bob), Directory: []lockstep.Account{alice}}, bob},
		"above a claimed link":               {Evidence{Claimed: bob, Directory: []lockstep.Account{alice}}, alice},
		"the organization that a user bills": {Evidence{Directory: []lockstep.Account{alice, acme}}, acme},
		"two users":                          {Evidence{Directory: []lockstep.Account{alice, bob}}, lockstep.Account{}},
	} {
		owner, err := climb(c.evidence.rungs())
		if owner.Account != c.want || errors.Is(err, ErrAmbiguous) != c.want.IsZero() {
			t.Errorf("%s: %v, %v", name, owner, err)
		}
	}
}
