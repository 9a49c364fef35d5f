package apikeys

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	fresh  = 2 * time.Second        // a look that is younger needs no other
	newer  = 250 * time.Millisecond // the same, for a key that the look did not show
	trust  = 10 * time.Minute       // how long a look counts while the database cannot be read
	again  = time.Second            // between looks that fail
	within = 2 * time.Second        // bounds a look and the note of a use
)

// Errors of [Ring.Find].
var (
	ErrUnknown     = errors.New("not a valid API key")
	ErrUnavailable = errors.New("API keys cannot be read from the database")
)

// Key is what a caller with a valid key may do.
type Key struct {
	Name   string
	Scopes lockstep.APIScope
}

// Ring knows the valid keys.
type Ring struct {
	store       lockstep.APIKeys
	log         *slog.Logger
	environment []*held

	seen   atomic.Pointer[look]
	lock   chan struct{} // held while the stored keys are read or changed; guards failed
	failed time.Time     // the last attempt to look; zero: it succeeded
}

// look is what a look into the database showed. It does not change.
type look struct {
	at   time.Time // when it started
	keys map[lockstep.APIKeyHash]*held
}

// held is a key in memory.
type held struct {
	Key
	hash  lockstep.APIKeyHash
	noted atomic.Int64 // the hour of the last use that the database knows, in Unix seconds
}

// New returns a ring with the keys of the environment. It does not read the database yet.
func New(store lockstep.APIKeys, environment []lockstep.Secret, log *slog.Logger) *Ring {
	r := &Ring{store: store, log: log, lock: make(chan struct{}, 1)}
	r.seen.Store(&look{})
	for i, secret := range environment {
		name := lockstep.EnvironmentAPIKey
		if i > 0 {
			name = fmt.Sprintf("%s-%d", name, i+1)
		}
		r.environment = append(r.environment, &held{Key: Key{name, lockstep.AllAPIScopes},
			hash: lockstep.HashAPIKey(secret.Reveal())})
	}
	return r
}

// Environment returns the keys of the environment.
func (r *Ring) Environment() (keys []Key) {
	for _, k := range r.environment {
		keys = append(keys, k.Key)
	}
	return keys
}

// Known returns a key if memory knows it and needs no look. It never waits.
func (r *Ring) Known(secret string) (Key, bool) {
	hash := lockstep.HashAPIKey(secret)
	if k := r.ofEnvironment(hash); k != nil {
		return k.Key, true
	}
	seen := r.seen.Load()
	k := seen.keys[hash]
	if k == nil {
		return Key{}, false
	}
	now := time.Now()
	if now.Sub(seen.at) >= fresh || k.noted.Load() != hour(now).Unix() {
		return Key{}, false
	}
	return k.Key, true
}

// Find returns a key. It may wait for the database. It returns [ErrUnknown] or [ErrUnavailable].
func (r *Ring) Find(ctx context.Context, secret string) (Key, error) {
	hash := lockstep.HashAPIKey(secret)
	if k := r.ofEnvironment(hash); k != nil {
		return k.Key, nil
	}
	if !lockstep.IsAPIKey(secret) { // so session tokens and most guesses cause no look
		return Key{}, ErrUnknown
	}
	seen := r.current(ctx, fresh)
	if seen.keys[hash] == nil { // it may have been created a moment ago
		seen = r.current(ctx, newer)
	}
	k, age := seen.keys[hash], time.Since(seen.at)
	switch {
	case k == nil && age < fresh:
		return Key{}, ErrUnknown
	case k == nil, age >= trust:
		return Key{}, ErrUnavailable
	}
	r.note(ctx, k)
	return k.Key, nil
}

// ofEnvironment compares with all keys, so that the time it takes reveals nothing about them.
func (r *Ring) ofEnvironment(hash lockstep.APIKeyHash) (found *held) {
	for _, k := range r.environment {
		if subtle.ConstantTimeCompare(k.hash[:], hash[:]) == 1 {
			found = k
		}
	}
	return found
}

// current returns a look that is younger than age, or the last one if the database cannot be read.
func (r *Ring) current(ctx context.Context, age time.Duration) *look {
	if seen := r.seen.Load(); time.Since(seen.at) < age {
		return seen
	}
	select {
	case r.lock <- struct{}{}:
		defer func() { <-r.lock }()
	case <-ctx.Done():
		return r.seen.Load()
	}
	if seen := r.seen.Load(); time.Since(seen.at) < age || time.Since(r.failed) < again {
		return seen
	}
	r.look(ctx)
	return r.seen.Load()
}

// look reads the stored keys. The caller holds the lock. It ends the look itself when the caller leaves, since
// others wait for it too.
func (r *Ring) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	start := time.Now()
	keys, err := r.store.ValidAPIKeys(ctx)
	if err != nil {
		if r.failed.IsZero() {
			r.log.Warn("API keys cannot be read; those that were known stay valid for a while", "for", trust, "error", err)
		}
		r.failed = time.Now()
		return
	}
	r.failed = time.Time{}
	before, now := r.seen.Load(), &look{at: start, keys: map[lockstep.APIKeyHash]*held{}}
	for _, k := range keys {
		h := before.keys[k.Hash]
		if h == nil {
			h = &held{Key: Key{k.Name, k.Scopes}, hash: k.Hash}
			h.noted.Store(k.UsedAt.Unix())
		}
		now.keys[k.Hash] = h
	}
	r.seen.Store(now)
}

// note records a use, once an hour.
func (r *Ring) note(ctx context.Context, k *held) {
	used := hour(time.Now())
	if k.noted.Swap(used.Unix()) == used.Unix() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	if err := r.store.UseAPIKey(ctx, k.hash, used); err != nil {
		r.log.Warn("use of an API key not recorded", "key", k.Name, "error", err)
	}
}

func hour(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }

// Create stores a new key and returns it with its secret, which nobody can read again. ErrInUse if a valid
// key has the name.
func (r *Ring) Create(ctx context.Context, name string, scopes lockstep.APIScope) (lockstep.APIKey, lockstep.Secret,
	error) {
	if err := r.take(ctx); err != nil {
		return lockstep.APIKey{}, "", err
	}
	defer func() { <-r.lock }()
	secret := lockstep.NewAPIKey()
	key, err := r.store.CreateAPIKey(ctx, lockstep.APIKey{Name: name, Scopes: scopes,
		Hash: lockstep.HashAPIKey(secret.Reveal())})
	if err != nil {
		return key, "", err
	}
	r.look(ctx) // so that this process accepts it at once
	return key, secret, nil
}

// Revoke revokes a stored key. This process refuses it from then on. ErrNotFound if no valid key has the name.
func (r *Ring) Revoke(ctx context.Context, name string) (lockstep.APIKey, error) {
	if err := r.take(ctx); err != nil { // a look that is running could bring the key back
		return lockstep.APIKey{}, err
	}
	defer func() { <-r.lock }()
	key, err := r.store.RevokeAPIKey(ctx, name)
	if err != nil {
		return key, err
	}
	seen := r.seen.Load()
	left := maps.Clone(seen.keys)
	delete(left, key.Hash)
	r.seen.Store(&look{at: seen.at, keys: left})
	return key, nil
}

func (r *Ring) take(ctx context.Context) error {
	select {
	case r.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
