package lockstep_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// A reference parses back to its account for any form of id. A Clerk id is its own reference.
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
		"user/-Nabc123":        "lockstep-user--Nabc123",   // a push id
		"user/_6f2nanoid":      "lockstep-user-_6f2nanoid", // a nanoid
		"organization/-":       "lockstep-organization--",
		"user/--user-42":       "lockstep-user---user-42",
		"organization/_org_1":  "lockstep-organization-_org_1",
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

// TestAccountIDs: the error for an invalid id states the rule.
func TestAccountIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"-Nabc123", "_6f2nanoid", "V1StGXR8_Z5jdHi6B-myT", "-", "_", "a", "auth0|64f",
		"ada@example.com", "a.b:c", strings.Repeat("-", 128)} {
		if _, err := lockstep.NewAccount(lockstep.User, id); err != nil {
			t.Errorf("%q is refused: %v", id, err)
		}
	}
	for _, id := range []string{"", ".", "..", ".a", ":a", "@a", "|a", "a b", "a/b", "a\n", "a\x00", "é", "-\n",
		strings.Repeat("-", 129)} {
		if _, err := lockstep.NewAccount(lockstep.User, id); err == nil ||
			!strings.Contains(err.Error(), "begin with a letter, a digit, _ or -") {
			t.Errorf("%q: %v", id, err)
		}
	}
}
