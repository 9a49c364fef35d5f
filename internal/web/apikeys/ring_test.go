package apikeys_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/web/apikeys"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

const ofEnvironment = lockstep.Secret("the-key-of-the-environment-0123456789")

// counted is a real store that counts what a ring asks of it, and can be cut off.
type counted struct {
	lockstep.Store
	looks, uses atomic.Int64
	off         atomic.Bool
}

var errOff = errors.New("the database is off")

func (c *counted) ValidAPIKeys(ctx context.Context) ([]lockstep.APIKey, error) {
	c.looks.Add(1)
	if c.off.Load() {
		return nil, errOff
	}
	return c.Store.ValidAPIKeys(ctx)
}

func (c *counted) UseAPIKey(ctx context.Context, hash lockstep.APIKeyHash, at time.Time) error {
	c.uses.Add(1)
	if c.off.Load() {
		return errOff
	}
	return c.Store.UseAPIKey(ctx, hash, at)
}

// inBubble runs a test with fake time, and two rings over one real database.
func inBubble(t *testing.T, test func(t *testing.T, store *counted, one, other *apikeys.Ring)) {
	t.Helper()
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		opened, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := opened.Close(); err != nil {
				t.Error(err)
			}
		}()
		store := &counted{Store: opened}
		log := slog.New(slog.DiscardHandler)
		test(t, store, apikeys.New(store, []lockstep.Secret{ofEnvironment, ofEnvironment + "2"}, log),
			apikeys.New(opened, nil, log))
	})
}

func create(t *testing.T, ring *apikeys.Ring, name string) string {
	t.Helper()
	_, secret, err := ring.Create(t.Context(), name, lockstep.APICheck)
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal()
}

func finds(t *testing.T, ring *apikeys.Ring, secret string, want error) {
	t.Helper()
	if _, err := ring.Find(t.Context(), secret); !errors.Is(err, want) {
		t.Errorf("found: %v, want %v", err, want)
	}
}

func TestKeysOfTheEnvironmentNeedNoDatabase(t *testing.T) {
	inBubble(t, func(t *testing.T, store *counted, ring, _ *apikeys.Ring) {
		store.off.Store(true)
		for secret, name := range map[lockstep.Secret]string{ofEnvironment: "environment",
			ofEnvironment + "2": "environment-2"} {
			want := apikeys.Key{Name: name, Scopes: lockstep.AllAPIScopes}
			if key, err := ring.Find(t.Context(), secret.Reveal()); err != nil || key != want {
				t.Errorf("%+v, %v", key, err)
			}
			if key, known := ring.Known(secret.Reveal()); !known || key != want {
				t.Errorf("%+v, %v", key, known)
			}
		}
		for _, guess := range []string{"", "guess", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyXzEifQ.", ofEnvironment.Reveal() + "0"} {
			finds(t, ring, guess, apikeys.ErrUnknown)
		}
		if n := store.looks.Load(); n > 0 {
			t.Errorf("%d looks into the database for tokens that are no stored keys", n)
		}
	})
}

func TestAKeyWorksAtOnceWhereverItIsCreated(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *counted, one, other *apikeys.Ring) {
		finds(t, one, lockstep.NewAPIKey().Reveal(), apikeys.ErrUnknown) // so its look is recent
		finds(t, one, create(t, one, "here"), nil)
		time.Sleep(300 * time.Millisecond) // at most four looks a second for unknown keys
		finds(t, one, create(t, other, "there"), nil)
	})
}

func TestARevokedKeyIsRefusedWithinSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *counted, one, other *apikeys.Ring) {
		secret := create(t, one, "web")
		finds(t, one, secret, nil)
		finds(t, other, secret, nil)
		if _, err := one.Revoke(t.Context(), "web"); err != nil {
			t.Fatal(err)
		}
		finds(t, one, secret, apikeys.ErrUnknown)
		if _, known := one.Known(secret); known {
			t.Error("the process that revoked it still knows it")
		}
		time.Sleep(2 * time.Second)
		if _, known := other.Known(secret); known {
			t.Error("another process still knows it")
		}
		finds(t, other, secret, apikeys.ErrUnknown)
	})
}

func TestAnOutageLocksNobodyOut(t *testing.T) {
	inBubble(t, func(t *testing.T, store *counted, ring, other *apikeys.Ring) {
		secret, revoked := create(t, ring, "web"), create(t, ring, "old")
		finds(t, ring, secret, nil)
		finds(t, ring, revoked, nil)
		store.off.Store(true)
		if _, err := other.Revoke(t.Context(), "old"); err != nil { // on the other side of the cut
			t.Fatal(err)
		}
		time.Sleep(9 * time.Minute)
		finds(t, ring, secret, nil)
		finds(t, ring, lockstep.NewAPIKey().Reveal(), apikeys.ErrUnavailable)
		if _, known := ring.Known(secret); known {
			t.Error("the direct way trusts a look that is minutes old")
		}
		time.Sleep(2 * time.Minute)
		finds(t, ring, secret, apikeys.ErrUnavailable)
		finds(t, ring, revoked, apikeys.ErrUnavailable) // it does not live forever
		before := store.looks.Load()
		for range 100 {
			finds(t, ring, secret, apikeys.ErrUnavailable)
		}
		if n := store.looks.Load() - before; n > 1 {
			t.Errorf("%d looks within a second, while each fails", n)
		}
		store.off.Store(false)
		time.Sleep(time.Second)
		finds(t, ring, secret, nil)
		finds(t, ring, revoked, apikeys.ErrUnknown)
	})
}

func TestAUseIsWrittenOnceAnHour(t *testing.T) {
	inBubble(t, func(t *testing.T, store *counted, ring, _ *apikeys.Ring) {
		secret := create(t, ring, "web")
		for range 1000 { // 50 minutes, within one hour of the fake clock, which starts at midnight
			if _, known := ring.Known(secret); !known {
				finds(t, ring, secret, nil)
			}
			time.Sleep(3 * time.Second)
		}
		if n := store.uses.Load(); n != 1 {
			t.Errorf("%d writes, want 1", n)
		}
		time.Sleep(20 * time.Minute)
		finds(t, ring, secret, nil)
		if n := store.uses.Load(); n != 2 {
			t.Errorf("%d writes in the second hour, want 2", n)
		}
		keys, err := store.Store.ValidAPIKeys(t.Context())
		if err != nil || !keys[0].UsedAt.Equal(time.Now().Truncate(time.Hour)) {
			t.Errorf("used at %s, %v", keys[0].UsedAt, err)
		}
	})
}

// Nobody waits for the database while the look is recent, and one look serves all who wait.
func TestLooksAreShared(t *testing.T) {
	inBubble(t, func(t *testing.T, store *counted, ring, _ *apikeys.Ring) {
		secret := create(t, ring, "web")
		finds(t, ring, secret, nil) // notes the use
		before := store.looks.Load()
		for range 1000 {
			if _, known := ring.Known(secret); !known {
				t.Fatal("memory does not know a key that was used a moment ago")
			}
		}
		if n := store.looks.Load() - before; n > 0 {
			t.Errorf("%d looks", n)
		}
		time.Sleep(3 * time.Second)
		ended := make(chan error, 50)
		for range cap(ended) {
			go func() {
				_, err := ring.Find(t.Context(), secret)
				ended <- err
			}()
		}
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if n := store.looks.Load() - before; n != 1 {
			t.Errorf("%d looks for 50 callers, want 1", n)
		}
	})
}
