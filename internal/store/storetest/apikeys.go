package storetest

import (
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var apiKeys = map[string]func(*world){
	"a key is stored with its scopes, and read by name": func(w *world) {
		for _, name := range []string{"web", "cron"} {
			created := w.createKey(name, lockstep.APICheck|lockstep.APICheckout)
			equal(w, "it has a time", time.Since(created.CreatedAt) < time.Minute, true)
		}
		valid := w.validKeys()
		equal(w, "names", names(valid), []string{"cron", "web"})
		equal(w, "scopes", valid[1].Scopes, lockstep.APICheck|lockstep.APICheckout)
		equal(w, "hash", valid[1].Hash, lockstep.HashAPIKey("secret of web"))
		equal(w, "never used", valid[1].UsedAt, time.Time{})
	},
	"a name is unique among valid keys": func(w *world) {
		first := w.createKey("web", lockstep.APIRead)
		_, err := w.CreateAPIKey(w.Context(), lockstep.APIKey{Name: "web", Hash: lockstep.HashAPIKey("another"),
			Scopes: lockstep.APIRead})
		if !errors.Is(err, lockstep.ErrInUse) {
			w.Errorf("a second key with the name: %v, want ErrInUse", err)
		}
		revoked, err := w.RevokeAPIKey(w.Context(), "web")
		w.ok(err)
		equal(w, "revoked", revoked.Hash, first.Hash)
		equal(w, "revoked now", time.Since(revoked.RevokedAt) < time.Minute, true)
		if _, err := w.RevokeAPIKey(w.Context(), "web"); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("revoked again: %v, want ErrNotFound", err)
		}
		equal(w, "valid", len(w.validKeys()), 0)
		_, err = w.CreateAPIKey(w.Context(), lockstep.APIKey{Name: "web", Hash: lockstep.HashAPIKey("another"),
			Scopes: lockstep.APIRead})
		w.ok(err)
		equal(w, "valid", names(w.validKeys()), []string{"web"})
	},
	"revoked keys are listed, the newest first": func(w *world) {
		for _, name := range []string{"a", "b", "c"} {
			w.createKey(name, lockstep.APIRead)
			_, err := w.RevokeAPIKey(w.Context(), name)
			w.ok(err)
			time.Sleep(2 * time.Millisecond) // revoked at different times
		}
		revoked, err := w.RevokedAPIKeys(w.Context(), 2)
		w.ok(err)
		equal(w, "revoked", names(revoked), []string{"c", "b"})
	},
	"the latest use is kept": func(w *world) {
		key := w.createKey("web", lockstep.APIRead)
		hour := time.UnixMilli(1700000000000).UTC()
		for _, at := range []time.Time{hour, hour.Add(time.Hour), hour} {
			w.ok(w.UseAPIKey(w.Context(), key.Hash, at))
		}
		equal(w, "used", w.validKeys()[0].UsedAt, hour.Add(time.Hour))
		w.ok(w.UseAPIKey(w.Context(), lockstep.HashAPIKey("unknown"), hour))
	},
}

// createKey creates a key whose secret follows from its name.
func (w *world) createKey(name string, scopes lockstep.APIScope) lockstep.APIKey {
	w.Helper()
	key, err := w.CreateAPIKey(w.Context(), lockstep.APIKey{Name: name, Hash: lockstep.HashAPIKey("secret of " + name),
		Scopes: scopes})
	w.ok(err)
	return key
}

func (w *world) validKeys() []lockstep.APIKey {
	w.Helper()
	keys, err := w.ValidAPIKeys(w.Context())
	w.ok(err)
	return keys
}

func names(keys []lockstep.APIKey) (names []string) {
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}
