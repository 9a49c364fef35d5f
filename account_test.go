package lockstep_test

import (
	"regexp"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// A reference leads back to the account that it was made of, whatever its id looks
// like, and an id of Clerk's is its own.
func TestReferences(t *testing.T) {
	t.Parallel()
	inLink := regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)
	for account, want := range map[string]string{
		"user/user_2x":         "user_2x",
		"organization/org_9y":  "org_9y",
		"user/42":              "lockstep-user-42",
		"organization/42":      "lockstep-organization-42",
		"user/org_9y":          "lockstep-user-org_9y",
		"organization/user_2x": "lockstep-organization-user_2x",
		"user/lockstep-user-1": "lockstep-user-lockstep-user-1",
	} {
		a, err := lockstep.ParseAccount(account)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Reference(); got != want || !inLink.MatchString(got) {
			t.Errorf("%s is referred to as %q, want %q", account, got, want)
		}
		if back, ok := lockstep.AccountOfReference(a.Reference()); !ok || back != a {
			t.Errorf("%q leads to %s, want %s", a.Reference(), back, a)
		}
	}
	for _, text := range []string{"", "cart_17", "lockstep-user-", "lockstep-team-1", "user_ x", "USER_1"} {
		if a, ok := lockstep.AccountOfReference(text); ok {
			t.Errorf("%q leads to %s", text, a)
		}
	}
}
