package storetest

import (
	"encoding/json"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var sweepKey = lockstep.Key{Kind: lockstep.KeySweep, ID: "directory"}

// now returns a round that begins after everything so far.
func (w *world) now() int64 {
	w.Helper()
	var newest time.Time
	for _, a := range []lockstep.Account{alice, bob, acme} {
		if r, err := w.Account(w.Context(), a); err == nil && r.CreatedAt.After(newest) {
			newest = r.CreatedAt
		}
	}
	return newest.UnixMilli() + 1
}

var listed = map[string]func(*world){
	"a cursor and its marks are stored together": func(w *world) {
		cursor, err := w.Cursor(w.Context(), "events")
		w.ok(err)
		equal(w, "cursor before the first run", cursor, "")
		claim := w.hold(sweepKey)
		for _, want := range []string{"evt_1", "evt_2"} {
			w.ok(w.SaveCursor(w.Context(), claim, "events", want, []lockstep.Mark{{Key: cus1, Scope: lockstep.ScopeCustomer}}))
			cursor, err := w.Cursor(w.Context(), "events")
			w.ok(err)
			equal(w, "cursor", cursor, want)
		}
		equal(w, "scope", w.claim(cus1).Scope, lockstep.ScopeCustomer)
		cursor, err = w.Cursor(w.Context(), "others")
		w.ok(err)
		equal(w, "another cursor", cursor, "")
	},
	"a listing returns accounts that are unknown or changed": func(w *world) {
		w.save(lockstep.Record{Account: alice, IdentityUpdatedAt: 100})
		w.save(lockstep.Record{Account: bob, IdentityUpdatedAt: 100})
		adrift, err := w.RecordListed(w.Context(), w.hold(sweepKey), w.now(), []lockstep.Identity{
			{Account: alice, UpdatedAt: 101}, {Account: bob, UpdatedAt: 100}, {Account: acme, UpdatedAt: 1}})
		w.ok(err)
		equal(w, "adrift", adrift, []lockstep.Account{alice, acme})
	},
	"an older listing is no change": func(w *world) {
		w.save(lockstep.Record{Account: alice, IdentityUpdatedAt: 100})
		adrift, err := w.RecordListed(w.Context(), w.hold(sweepKey), w.now(),
			[]lockstep.Identity{{Account: alice, UpdatedAt: 99}})
		w.ok(err)
		equal(w, "adrift", adrift, nil)
	},
	"a deleted account that is listed has changed": func(w *world) {
		w.save(lockstep.Record{Account: alice, State: lockstep.AccountDeleted})
		adrift, err := w.RecordListed(w.Context(), w.hold(sweepKey), w.now(), []lockstep.Identity{{Account: alice}})
		w.ok(err)
		equal(w, "adrift", adrift, []lockstep.Account{alice})
	},
	"a listing returns accounts whose metadata lacks the projection": func(w *world) {
		claim := w.hold(alice.Key())
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice}}))
		w.ok(w.SaveProjected(w.Context(), claim, alice, map[string]any{"plan": "pro", "gone": nil,
			"billing": map[string]any{"seats": 3.0, "until": 1700000000.0, "features": []any{"a", "b"}}}))
		w.done(claim)
		sweep := w.hold(sweepKey)
		for _, c := range []struct {
			metadata string
			adrift   bool
		}{
			{`{"plan":"pro","billing":{"until":1.7e9,"features":["a","b"],"seats":3},"theirs":1}`, false},
			{`{"plan":"pro","gone":null,"billing":{"seats":3,"until":1700000000,"features":["a","b"]}}`, false},
			{`{"plan":"free","billing":{"seats":3,"until":1700000000,"features":["a","b"]}}`, true},
			{`{"plan":"pro","gone":"back","billing":{"seats":3,"until":1700000000,"features":["a","b"]}}`, true},
			{`{"plan":"pro","billing":{"seats":3,"until":1700000000,"features":["b","a"]}}`, true},
			{`{"plan":"pro","billing":{"seats":4,"until":1700000000,"features":["a","b"]}}`, true},
			{`{"plan":"pro"}`, true},
			{`{}`, true},
			{`null`, true},
		} {
			var metadata map[string]any
			w.ok(json.Unmarshal([]byte(c.metadata), &metadata))
			adrift, err := w.RecordListed(w.Context(), sweep, w.now(), []lockstep.Identity{{Account: alice, Metadata: metadata}})
			w.ok(err)
			if (len(adrift) == 1) != c.adrift {
				w.Errorf("%s: adrift %v, want %v", c.metadata, adrift, c.adrift)
			}
		}
		goTypes := map[string]any{"plan": "pro", "billing": map[string]any{"seats": 3, "until": int64(1700000000),
			"features": []string{"a", "b"}}}
		adrift, err := w.RecordListed(w.Context(), sweep, w.now(), []lockstep.Identity{{Account: alice, Metadata: goTypes}})
		w.ok(err)
		equal(w, "adrift with other Go types", adrift, nil)
	},
	"accounts that were not listed are found": func(w *world) {
		carol := lockstep.Account{Kind: lockstep.User, ID: "user_carol"}
		w.save(lockstep.Record{Account: alice})
		w.save(lockstep.Record{Account: bob})
		w.save(lockstep.Record{Account: carol, State: lockstep.AccountDeleted})
		w.save(lockstep.Record{Account: acme})
		round := w.now() + 1000
		unsighted := func(kind lockstep.Kind, round int64, after string, limit int) []lockstep.Account {
			accounts, err := w.Unlisted(w.Context(), kind, round, after, limit)
			w.ok(err)
			return accounts
		}
		equal(w, "before any", unsighted(lockstep.User, round, "", 10), []lockstep.Account{alice, bob})
		equal(w, "first page", unsighted(lockstep.User, round, "", 1), []lockstep.Account{alice})
		equal(w, "second page", unsighted(lockstep.User, round, alice.ID, 1), []lockstep.Account{bob})
		equal(w, "organizations", unsighted(lockstep.Organization, round, "", 10), []lockstep.Account{acme})
		sweep := w.hold(sweepKey)
		_, err := w.RecordListed(w.Context(), sweep, round, []lockstep.Identity{{Account: bob}})
		w.ok(err)
		equal(w, "after one was sighted", unsighted(lockstep.User, round, "", 10), []lockstep.Account{alice})
		equal(w, "in the next round", unsighted(lockstep.User, round+1, "", 10), []lockstep.Account{alice, bob})
		_, err = w.RecordListed(w.Context(), sweep, round-1, []lockstep.Identity{{Account: bob}})
		w.ok(err)
		equal(w, "after a sighting of an earlier round", unsighted(lockstep.User, round, "", 10), []lockstep.Account{alice})
	},
	"an account that was created during the round is not reported as missing": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		accounts, err := w.Unlisted(w.Context(), lockstep.User, w.account(alice).CreatedAt.UnixMilli(), "", 10)
		w.ok(err)
		equal(w, "unsighted", accounts, nil)
	},
}
