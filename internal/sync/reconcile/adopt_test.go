package reconcile

import (
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// Without a verified address Stripe is not even asked. There is none to ask in this test.
func TestAnAddressThatIsNotVerifiedIsNoEvidence(t *testing.T) {
	t.Parallel()
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	for name, c := range map[string]struct {
		on       bool
		account  lockstep.Account
		identity lockstep.Identity
	}{
		"turned off":      {false, alice, lockstep.Identity{Email: "a@example.com", EmailVerified: true}},
		"not verified":    {true, alice, lockstep.Identity{Email: "a@example.com"}},
		"no address":      {true, alice, lockstep.Identity{EmailVerified: true}},
		"an organization": {true, org, lockstep.Identity{Email: "a@example.com", EmailVerified: true}},
	} {
		s := seeker{account: c.account, identity: c.identity}
		if ids, err := (adoption{byEmail: c.on}).sameEmail(t.Context(), s); err != nil || len(ids) > 0 {
			t.Errorf("%s: %v %v", name, ids, err)
		}
	}
}
