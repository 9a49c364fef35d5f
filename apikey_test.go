package lockstep_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestScopesAreNamed(t *testing.T) {
	t.Parallel()
	all, err := lockstep.ParseAPIScopes("metrics", "read", "check", "operate", "checkout")
	if err != nil || all != lockstep.AllAPIScopes || all.String() != "read,check,checkout,operate,metrics" {
		t.Errorf("all: %s, %v", all, err)
	}
	if !all.Has(lockstep.APIRead|lockstep.APIMetrics) || lockstep.APIRead.Has(lockstep.APIRead|lockstep.APICheck) {
		t.Error("a key must have every scope that is needed")
	}
	for _, names := range [][]string{nil, {"read", "write"}, {""}, {"read,check"}} {
		if _, err := lockstep.ParseAPIScopes(names...); err == nil || !strings.Contains(err.Error(), "use read, check, ") {
			t.Errorf("%q: %v", names, err)
		}
	}
}

// A scanner for leaked secrets finds a key by the pattern that docs/operating.md gives.
func TestANewKeyIsRecognisable(t *testing.T) {
	t.Parallel()
	one, other := lockstep.NewAPIKey().Reveal(), lockstep.NewAPIKey().Reveal()
	if one == other || !lockstep.IsAPIKey(one) {
		t.Errorf("%s, %s", one, other)
	}
	for _, not := range []string{"", one[1:], one + "A", strings.ToLower(one), "lockstep_dev_api_key_that_opens_nothing",
		"a-key-of-this-test-of-32-characters"} {
		if lockstep.IsAPIKey(not) {
			t.Errorf("%q is none", not)
		}
	}
	hash := lockstep.HashAPIKey(one)
	if read, err := lockstep.ParseAPIKeyHash(hash.String()); err != nil || read != hash {
		t.Errorf("%s, %v", read, err)
	}
	if _, err := lockstep.ParseAPIKeyHash(one); err == nil {
		t.Error("a secret is no hash")
	}
}

func TestNamesOfKeys(t *testing.T) {
	t.Parallel()
	for name, fine := range map[string]bool{"web": true, "ci-2.eu_west": true, "": false, "environment": false,
		"environment-2": false, "environments": true, "-x": false, "a b": false, "ada@example.com": false,
		strings.Repeat("x", 65): false} {
		if err := lockstep.CheckAPIKeyName(name); (err == nil) != fine {
			t.Errorf("%q: %v", name, err)
		}
	}
}
