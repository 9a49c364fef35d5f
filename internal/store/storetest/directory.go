package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// put stores an identity and reports whether it was new.
func (w *world) put(i lockstep.Identity) bool {
	w.Helper()
	created, err := w.PutIdentity(w.Context(), i)
	w.ok(err)
	return created
}

// identity returns an account's identity in the local directory.
func (w *world) identity(account lockstep.Account) lockstep.Identity {
	w.Helper()
	i, err := w.Identity(w.Context(), account)
	w.ok(err)
	return i
}

// generation returns how often an account was marked.
func (w *world) generation(account lockstep.Account) int64 {
	w.Helper()
	work, err := w.Work(w.Context(), account.Key())
	if errors.Is(err, lockstep.ErrNotFound) {
		return 0
	}
	w.ok(err)
	return work.Generation
}

// listed returns the ids of all identities of a kind, page by page.
func (w *world) listed(kind lockstep.Kind) (ids []string) {
	w.Helper()
	for cursor := ""; ; {
		page, next, err := w.Identities(w.Context(), kind, cursor)
		w.ok(err)
		for _, i := range page {
			ids = append(ids, i.Account.ID)
		}
		if cursor = next; next == "" {
			return ids
		}
	}
}

var localDirectory = map[string]func(*world){
	"a stored identity is found, and its account is marked": func(w *world) {
		equal(w, "created", w.put(lockstep.Identity{Account: alice, Email: "a@example.com", Name: "Alice"}), true)
		i := w.identity(alice)
		equal(w, "email and name", i.Email+" "+i.Name, "a@example.com Alice")
		equal(w, "scope", w.claim(alice.Key()).Scope, lockstep.ScopeIdentity)
	},
	"storing the same identity again does nothing": func(w *world) {
		alike := lockstep.Identity{Account: alice, Email: "a@example.com", Name: "Alice"}
		w.put(alike)
		before := w.identity(alice)
		equal(w, "created", w.put(alike), false)
		equal(w, "identity", w.identity(alice), before)
		equal(w, "marks", w.generation(alice), 1)
	},
	"a change replaces e-mail and name, keeps the metadata and is newer": func(w *world) {
		w.put(lockstep.Identity{Account: alice, Email: "a@example.com", Name: "Alice"})
		w.ok(w.MergeMetadata(w.Context(), alice, map[string]any{"plan": "pro"}))
		before := w.identity(alice)
		w.done(w.claim(alice.Key()))
		equal(w, "created", w.put(lockstep.Identity{Account: alice, Name: "Alice B."}), false)
		i := w.identity(alice)
		equal(w, "email and name", i.Email+" "+i.Name, " Alice B.")
		equal(w, "metadata", i.Metadata, map[string]any{"plan": "pro"})
		equal(w, "marks", w.generation(alice), 2)
		if i.UpdatedAt <= before.UpdatedAt {
			w.Errorf("changed at %d, which is not after %d", i.UpdatedAt, before.UpdatedAt)
		}
	},
	"kinds are not mixed": func(w *world) {
		same := lockstep.Account{Kind: lockstep.Organization, ID: alice.ID}
		w.put(lockstep.Identity{Account: alice, Name: "Alice"})
		equal(w, "created", w.put(lockstep.Identity{Account: same, Name: "Alice Ltd."}), true)
		equal(w, "name", w.identity(alice).Name, "Alice")
		w.ok(w.RemoveIdentity(w.Context(), same))
		equal(w, "users", w.listed(lockstep.User), []string{alice.ID})
		equal(w, "organizations", w.listed(lockstep.Organization), nil)
	},
	"metadata is merged at every level, and nil removes": func(w *world) {
		w.put(lockstep.Identity{Account: alice})
		updated := w.identity(alice).UpdatedAt
		for _, change := range []map[string]any{
			{"plan": "pro", "billing": map[string]any{"seats": 3, "until": 1}, "list": []any{1, 2}},
			{"plan": nil, "billing": map[string]any{"until": nil, "active": true}, "list": []any{3}, "absent": nil},
			{"deep": map[string]any{"gone": nil}},
		} {
			w.ok(w.MergeMetadata(w.Context(), alice, change))
		}
		i := w.identity(alice)
		equal(w, "metadata", i.Metadata, map[string]any{"billing": map[string]any{"seats": 3.0, "active": true},
			"list": []any{3.0}, "deep": map[string]any{}})
		equal(w, "updated", i.UpdatedAt, updated) // our own write is no change
	},
	"a removed identity loses its personal data, and stays removed": func(w *world) {
		w.put(lockstep.Identity{Account: alice, Email: "a@example.com", Name: "Alice"})
		w.done(w.hold(alice.Key()))
		w.ok(w.RemoveIdentity(w.Context(), alice))
		if _, err := w.Identity(w.Context(), alice); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("read after removal: %v", err)
		}
		if err := w.MergeMetadata(w.Context(), alice, map[string]any{"plan": "pro"}); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("metadata after removal: %v", err)
		}
		if _, err := w.PutIdentity(w.Context(), lockstep.Identity{Account: alice}); !errors.Is(err, lockstep.ErrRemoved) {
			w.Errorf("put after removal: %v", err)
		}
		equal(w, "listed", w.listed(lockstep.User), nil)
		claim := w.claim(alice.Key())
		equal(w, "scope", claim.Scope, lockstep.ScopeIdentity|lockstep.ScopeDeleted)
		marks := w.generation(alice)
		w.ok(w.RemoveIdentity(w.Context(), alice))
		equal(w, "marks after a second removal", w.generation(alice), marks)
	},
	"a removed id can be created again only after an operator discards its deletion": func(w *world) {
		rest := func() {
			for _, claim := range w.take(time.Minute) {
				w.done(claim)
			}
		}
		refused := func(why string, account lockstep.Account) {
			w.Helper()
			if _, err := w.PutIdentity(w.Context(), lockstep.Identity{Account: account}); !errors.Is(err, lockstep.ErrRemoved) {
				w.Errorf("%s: %v", why, err)
			}
		}
		var last lockstep.Account
		for n, state := 0, lockstep.DeletionBegun; state == lockstep.DeletionBegun; n++ {
			last = member(n)
			w.put(lockstep.Identity{Account: last, Email: "a@example.com"})
			rest()
			w.save(lockstep.Record{Account: last, CustomerID: fmt.Sprintf("cus_%03d", n)})
			rest()
			w.ok(w.RemoveIdentity(w.Context(), last))
			rest()
			refused("before a run has seen it", last)
			state, _ = w.begin(last, lockstep.Brake{Limit: 1})
			refused("whose deletion is "+string(state), last)
		}
		_, err := w.DecideDeletions(w.Context(), lockstep.DeletionDiscarded, []lockstep.Account{last})
		w.ok(err)
		rest()
		equal(w, "created", w.put(lockstep.Identity{Account: last, Email: "b@example.com", Name: "Alice"}), false)
		equal(w, "email and name", w.identity(last).Email+" "+w.identity(last).Name, "b@example.com Alice")
		equal(w, "listed", w.listed(lockstep.User), []string{last.ID})
		equal(w, "scope", w.claim(last.Key()).Scope, lockstep.ScopeIdentity)
		refused("whose deletion was done", member(0))
	},
	"a missing identity is not removed": func(w *world) {
		if err := w.RemoveIdentity(w.Context(), alice); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("remove nobody: %v", err)
		}
		if err := w.MergeMetadata(w.Context(), alice, nil); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("metadata of nobody: %v", err)
		}
		equal(w, "marks", w.generation(alice), 0)
	},
	"a list of several pages contains each identity once, in order": func(w *world) {
		var want []string
		for n := range 1001 {
			id := fmt.Sprintf("u%04d", n)
			want = append(want, id)
			w.put(lockstep.Identity{Account: lockstep.Account{Kind: lockstep.User, ID: id}})
		}
		equal(w, "listed", w.listed(lockstep.User), want)
	},
}
