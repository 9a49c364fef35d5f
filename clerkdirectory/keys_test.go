package clerkdirectory

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// verify verifies a fresh token signed by key under kid.
func verify(t *testing.T, tokens *Tokens, kid string, key *rsa.PrivateKey) error {
	t.Helper()
	_, err := tokens.Verify(t.Context(), sign(jwt.SigningMethodRS256, key, map[string]any{"kid": kid}, claims(nil)))
	return err
}

func TestKeysAreReadOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}
		tokens := i.tokens(t)
		for range 7 {
			if err := verify(t, tokens, "key-1", key1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Minute)
		}
		if len(i.requests) != 3 {
			t.Errorf("%d requests in two hours", len(i.requests))
		}
	})
}

func TestManyAtOnceReadTheKeysOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}, slow: time.Second}
		tokens := i.tokens(t)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := verify(t, tokens, "key-1", key1); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(i.requests) != 1 {
			t.Errorf("%d requests", len(i.requests))
		}
	})
}

func TestNewKeyIsFoundAndFormerOneDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}
		tokens := i.tokens(t)
		if err := verify(t, tokens, "key-1", key1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		i.keys = map[string]*rsa.PrivateKey{"key-2": key2}
		if err := verify(t, tokens, "key-2", key2); err != nil {
			t.Errorf("the new key: %v", err)
		}
		if err := verify(t, tokens, "key-1", key1); !errors.Is(err, ErrTokenKey) {
			t.Errorf("the former key: %v", err)
		}
	})
}

// Frequent use must not extend the life of a key.
func TestFormerKeyDiesAfterAnHourOfUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}
		tokens := i.tokens(t)
		start := time.Now()
		if err := verify(t, tokens, "key-1", key1); err != nil {
			t.Fatal(err)
		}
		i.keys = map[string]*rsa.PrivateKey{"key-2": key2}
		for time.Since(start) < time.Hour-time.Minute {
			time.Sleep(time.Minute)
			if err := verify(t, tokens, "key-1", key1); err != nil {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
		}
		time.Sleep(time.Minute)
		if err := verify(t, tokens, "key-1", key1); !errors.Is(err, ErrTokenKey) {
			t.Errorf("after an hour: %v", err)
		}
	})
}

func TestUnknownKeysCostFewRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}
		keys := i.tokens(t).keys
		for n := range 10_000 {
			if _, err := keys.key(t.Context(), fmt.Sprint("key-", n+2)); !errors.Is(err, ErrTokenKey) {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond) // 100 seconds in all
		}
		if len(i.requests) != 4 {
			t.Errorf("%d requests", len(i.requests))
		}
		if _, err := keys.key(t.Context(), "key-1"); err != nil {
			t.Errorf("the good key: %v", err)
		}
	})
}

func TestKeysCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &instance{down: true, keys: map[string]*rsa.PrivateKey{"key-1": key1}}
		tokens := i.tokens(t)
		for range 100 {
			if err := verify(t, tokens, "key-1", key1); !errors.Is(err, ErrKeysUnavailable) {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond) // 10 seconds in all
		}
		if len(i.requests) != 4 {
			t.Errorf("%d requests", len(i.requests))
		}
		i.down = false
		time.Sleep(3 * time.Second)
		if err := verify(t, tokens, "key-1", key1); err != nil {
			t.Errorf("after it came back: %v", err)
		}
	})
}

func TestKeysCountALittleLongerWhileTheyCannotBeRead(t *testing.T) {
	for name, fail := range map[string]func(*instance){
		"down":          func(i *instance) { i.down = true },
		"hangs":         func(i *instance) { i.slow = time.Hour },
		"HTML":          func(i *instance) { i.answer = "<html>" },
		"no keys":       func(i *instance) { i.answer = `{"keys":[]}` },
		"another thing": func(i *instance) { i.answer = `{"status":"ok"}` },
		"too much":      func(i *instance) { i.answer = `{"keys":["` + strings.Repeat("x", 2<<20) + `"]}` },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := &instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}
				tokens := i.tokens(t)
				if err := verify(t, tokens, "key-1", key1); err != nil {
					t.Fatal(err)
				}
				fail(i)
				time.Sleep(time.Hour + 9*time.Minute)
				if err := verify(t, tokens, "key-1", key1); err != nil {
					t.Errorf("within the grace: %v", err)
				}
				time.Sleep(time.Minute)
				if err := verify(t, tokens, "key-1", key1); !errors.Is(err, ErrKeysUnavailable) {
					t.Errorf("after the grace: %v", err)
				}
			})
		})
	}
}

func TestKeysThatAreNotUsable(t *testing.T) {
	usable := jwk("key-1", &key1.PublicKey)
	with := func(name, value string) upstream.Object {
		all := map[string]string{}
		for k, v := range usable {
			all[k] = v
		}
		all[name] = value
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return upstream.Decode(text)
	}
	if _, key, ok := publicKey(with("kid", "key-1")); !ok || !key.Equal(&key1.PublicKey) {
		t.Fatal("the good key is not usable")
	}
	for name, o := range map[string]upstream.Object{
		"no name":          with("kid", ""),
		"elliptic":         with("kty", "EC"),
		"for encryption":   with("use", "enc"),
		"for RS512":        with("alg", "RS512"),
		"for HS256":        with("alg", "HS256"),
		"not base64":       with("n", "!"),
		"small":            with("n", jwk("", &rsa.PublicKey{N: newKey(1024).N, E: 3})["n"]),
		"huge":             with("n", strings.Repeat("_", 2000)),
		"exponent 1":       with("e", "AQ"),
		"exponent even":    with("e", "AQAA"),
		"exponent missing": with("e", ""),
		"exponent huge":    with("e", "AQABAQAB"),
		"nothing":          nil,
	} {
		if _, _, ok := publicKey(o); ok {
			t.Errorf("%s: is usable", name)
		}
	}
}
