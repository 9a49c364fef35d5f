package reconcile

import (
	"context"
	"errors"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// phoneBook is a directory of which only identities are asked.
type phoneBook struct {
	lockstep.Directory
	known []lockstep.Identity
}

func (p phoneBook) Identity(_ context.Context, account lockstep.Account) (lockstep.Identity, error) {
	for _, i := range p.known {
		if i.Account == account {
			return i, nil
		}
	}
	return lockstep.Identity{}, lockstep.ErrNotFound
}

// TestWhoseAddressVouchesForAReference: an address that the directory has not verified is
// nobody's, and one that is missing is not the same as one that is missing.
func TestWhoseAddressVouchesForAReference(t *testing.T) {
	t.Parallel()
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	directory := phoneBook{known: []lockstep.Identity{
		{Account: alice, Email: "a@example.com", EmailVerified: true},
		{Account: lockstep.Account{Kind: lockstep.User, ID: "user_unverified"}, Email: "u@example.com"},
		{Account: lockstep.Account{Kind: lockstep.User, ID: "user_phone"}},
		{Account: org, FoundedBy: alice.ID},
		{Account: lockstep.Account{Kind: lockstep.Organization, ID: "org_unverified"}, FoundedBy: "user_unverified"},
		{Account: lockstep.Account{Kind: lockstep.Organization, ID: "org_orphan"}, FoundedBy: "user_gone"},
		{Account: lockstep.Account{Kind: lockstep.Organization, ID: "org_nobodys"}},
		{Account: lockstep.Account{Kind: lockstep.Organization, ID: "org_api"}, Email: "billing@example.com"}, // that a server gave it
	}}
	for _, c := range []struct {
		account, email string
		vouched        bool
	}{
		{"user/user_alice", "A@Example.com", true},
		{"user/user_alice", "eve@example.com", false},
		{"user/user_alice", "", false},
		{"user/user_unverified", "u@example.com", false},
		{"user/user_phone", "", false},
		{"organization/org_1", "a@example.com", true},
		{"organization/org_1", "eve@example.com", false},
		{"organization/org_1", "", false},
		{"organization/org_unverified", "u@example.com", false},
		{"organization/org_orphan", "", false},
		{"organization/org_nobodys", "", false},
		{"organization/org_api", "billing@example.com", true},
		{"organization/org_api", "eve@example.com", false},
	} {
		account, err := lockstep.ParseAccount(c.account)
		if err != nil {
			t.Fatal(err)
		}
		err = vouch(t.Context(), directory, account, lockstep.Customer{Email: c.email})
		if (err == nil) != c.vouched || err != nil && !errors.Is(err, errUnvouched) {
			t.Errorf("%s by %q: %v", c.account, c.email, err)
		}
	}
}
