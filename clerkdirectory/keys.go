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
	// keysTTL is how long keys are valid after a fetch, however much they are used.
	// After that, a key that Clerk no longer publishes is invalid.
	keysTTL = time.Hour
	// keysGrace is how much longer they are valid while we cannot fetch new ones.
	keysGrace = 10 * time.Minute
	// keysInterval is the minimum time between fetches because of unknown keys.
	// Anyone can send us tokens with unknown keys.
	keysInterval = 30 * time.Second
	// keysRetry is the minimum time between fetches while they fail.
	keysRetry = 3 * time.Second
	// keysTimeout is the limit for one fetch, for which requests wait.
	keysTimeout = 5 * time.Second
	// keysLimit is the largest answer in bytes. A key has half a kilobyte.
	keysLimit = 1 << 20
)

// keySet caches the keys that an instance publishes. At most one fetch runs at a time,
// and every request that needs it waits for it. The fetch does not depend on any
// request's context, so a request that gives up does not fail the others.
type keySet struct {
	url    string
	secret lockstep.Secret // sent with the request; may be empty
	client *http.Client

	mu       sync.Mutex
	keys     map[string]*rsa.PublicKey
	readAt   time.Time     // when keys was fetched
	triedAt  time.Time     // when a fetch last ended
	fetching chan struct{} // closed when the running fetch ends; nil if none runs
}

func newKeySet(url string, secret lockstep.Secret, client *http.Client) *keySet {
	return &keySet{url: url, secret: secret, client: rules.Client(client, keysTimeout, keysLimit)}
}

// key returns the key named kid. It returns [ErrTokenKey] if the instance does not
// publish the key, [ErrKeysUnavailable], or the error of ctx.
func (s *keySet) key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	for waited := false; ; waited = true {
		key, fetching, err := s.lookup(kid, waited)
		if fetching == nil {
			return key, err
		}
		select {
		case <-fetching:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// lookup answers from the cache, or returns a fetch to wait for. A caller that has
// already waited for a fetch gets an answer and starts no other fetch.
func (s *keySet) lookup(kid string, waited bool) (*rsa.PublicKey, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	key, known := s.keys[kid]
	age := now.Sub(s.readAt)
	if known && age < keysTTL {
		return key, nil, nil
	}
	if s.fetching == nil && !waited && now.Sub(s.triedAt) >= s.interval() {
		s.fetching = make(chan struct{})
		go s.refresh()
	}
	switch {
	case s.fetching != nil && !waited:
		return nil, s.fetching, nil
	case known && age < keysTTL+keysGrace:
		return key, nil, nil
	case s.keys == nil || age >= keysTTL:
		return nil, nil, ErrKeysUnavailable
	}
	return nil, nil, ErrTokenKey
}

// interval is the minimum time from the last fetch to the next.
func (s *keySet) interval() time.Duration {
	if s.triedAt.Equal(s.readAt) {
		return keysInterval
	}
	return keysRetry
}

// refresh fetches the keys and replaces all known ones, so that a key that is no longer
// published becomes invalid. A failed fetch changes nothing.
func (s *keySet) refresh() {
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	keys, err := s.fetch(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.triedAt = time.Now()
	if err == nil {
		s.keys, s.readAt = keys, s.triedAt
	}
	close(s.fetching)
	s.fetching = nil
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
	return parseKeys(body)
}

// parseKeys returns the usable keys of a key set by their kid. A set without any is an
// error.
func parseKeys(body []byte) (map[string]*rsa.PublicKey, error) {
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
		return nil, errors.New("the answer has no usable key")
	}
	return keys, nil
}
