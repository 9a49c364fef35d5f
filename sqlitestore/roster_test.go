package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// A removed identity leaves only its id.
func TestRemovedIdentityLeavesNoPersonalData(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lockstep.db")
	store, ctx := open(t, path), t.Context()
	ada := lockstep.Account{Kind: lockstep.User, ID: "42"}
	if _, err := store.PutIdentity(ctx, lockstep.Identity{Account: ada, Email: "ada@example.com",
		Name: "Ada"}); err != nil {
		t.Fatal(err)
	}
	if err := store.MergeMetadata(ctx, ada, map[string]any{"stripeCustomerId": "cus_1"}); err != nil {
		t.Fatal(err)
	}
	if err := store.RemoveIdentity(ctx, ada); err != nil {
		t.Fatal(err)
	}
	var left string
	if err := raw(t, path).QueryRow(`select id || email || name || metadata from roster`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != "42{}" {
		t.Errorf("left is %q", left)
	}
}
