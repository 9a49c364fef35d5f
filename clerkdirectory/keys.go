package clerkdirectory

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

const (
	// keysTTL is how long keys count after they were read, however much they are
	// used: a key that Clerk no longer publishes is dead after that.
	keysTTL = time.Hour
	// keysGrace is how long beyond that they count while they cannot be read anew.
	keysGrace = 10 * time.Minute
	// keysInterval is how often at most a token with a key that is unknown makes us
	// read the keys: such tokens cost a stranger nothing.
	keysInterval = 30 * time.Second
	// keysRetry is how often at most they are read while that fails.
	keysRetry = 3 * time.Second
	// keysTimeout bounds one reading; a request waits for it.
	keysTimeout = 5 * time.Second
	// keysLimit bounds the answer; a key has half a kilobyte.
	keysLimit = 1 << 20
)

// keySet is the keys that an instance publishes. At most one reading is under way
// at a time, and whoever needs it waits for it; it belongs to none of them, so
// that one who gives up does not take it from the others.
type keySet struct {
	url    string
	secret lockstep.Secret // sent with the request; may be empty
	client *http.Client

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	readAt  time.Time     // when keys was read
	triedAt time.Time     // when a reading last ended
	reading chan struct{} // closed when the reading that is under way ends; nil: none is
}

func newKeySet(url string, secret lockstep.Secret, client *http.Client) *keySet {
	return &keySet{url: url, secret: secret, client: rules.Client(client, keysTimeout, keysLimit)}
}

// key returns the key named kid, [ErrTokenKey] where the instance has none of
// that name, [ErrKeysUnavailable], or what ended ctx.
func (s *keySet) key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	for waited := false; ; waited = true {
		key, reading, err := s.lookup(kid, waited)
		if reading == nil {
			return key, err
		}
		select {
		case <-reading:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// lookup answers from what was read, or returns a reading to wait for. Who has
// waited for one does not start another.
func (s *keySet) lookup(kid string, waited bool) (*rsa.PublicKey, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	key, known := s.keys[kid]
	age := now.Sub(s.readAt)
	if known && age < keysTTL {
		return key, nil, nil
	}
	if s.reading == nil && !waited && now.Sub(s.triedAt) >= s.interval() {
		s.reading = make(chan struct{})
		go s.read()
	}
	switch {
	case s.reading != nil && !waited:
		return nil, s.reading, nil
	case known && age < keysTTL+keysGrace:
		return key, nil, nil
	case s.keys == nil || age >= keysTTL:
		return nil, nil, ErrKeysUnavailable
	}
	return nil, nil, ErrTokenKey
}

func (s *keySet) interval() time.Duration {
	if s.triedAt.Equal(s.readAt) {
		return keysInterval
	}
	return keysRetry
}

// read reads the keys and replaces those that were known, all of them: a key that
// is no longer published is no longer one. What fails changes nothing.
func (s *keySet) read() {
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	keys, err := s.fetch(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.triedAt = time.Now()
	if err == nil {
		s.keys, s.readAt = keys, s.triedAt
	}
	close(s.reading)
	s.reading = nil
}

func (s *keySet) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	if s.secret != "" {
		req.Header.Set("Authorization", "Bearer "+s.secret.Reveal())
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, raw := range set.Keys {
		if kid, key, usable := publicKey(upstream.Decode(raw)); usable {
			keys[kid] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("there are no keys")
	}
	return keys, nil
}
