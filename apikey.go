package lockstep

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// APIScope says what an API key may do. Scopes add up, and none includes another.
type APIScope uint8

// The scopes. Each operation of the API needs exactly one of them.
const (
	APIRead     APIScope = 1 << iota // read everything that the API shows, including the bodies of events
	APICheck                         // ask what an account may use
	APICheckout                      // put accounts, start checkouts and open the portal, as your app does
	APIOperate                       // decide, repair and configure, as an operator does
	APIMetrics                       // read /metrics

	AllAPIScopes = APIRead | APICheck | APICheckout | APIOperate | APIMetrics
)

// apiScopeNames are the names of the scopes, in the order of their bits.
var apiScopeNames = []string{"read", "check", "checkout", "operate", "metrics"}

// Has reports whether every scope of t is in s.
func (s APIScope) Has(t APIScope) bool { return s&t == t }

// Names returns the names of the scopes, in a fixed order.
func (s APIScope) Names() (names []string) {
	for i, name := range apiScopeNames {
		if s.Has(1 << i) {
			names = append(names, name)
		}
	}
	return names
}

// String returns the names, separated by commas.
func (s APIScope) String() string { return strings.Join(s.Names(), ",") }

// ParseAPIScopes returns the scopes with the given names, at least one.
func ParseAPIScopes(names ...string) (s APIScope, err error) {
	for _, name := range names {
		i := slices.Index(apiScopeNames, name)
		if i < 0 {
			return 0, fmt.Errorf("%q is not a scope; use %s", name, strings.Join(apiScopeNames, ", "))
		}
		s |= 1 << i
	}
	if s == 0 {
		return 0, fmt.Errorf("no scope is given; use %s", strings.Join(apiScopeNames, ", "))
	}
	return s, nil
}

// APIKey is a key of the API, without its secret.
type APIKey struct {
	Name   string
	Hash   APIKeyHash
	Scopes APIScope

	CreatedAt time.Time // set by the store
	RevokedAt time.Time // zero: valid
	UsedAt    time.Time // the hour of the last use; zero: never
}

// APIKeyHash is the SHA-256 of a key's secret. The secret is random, so nobody can guess it from a fast
// hash.
type APIKeyHash [sha256.Size]byte

// HashAPIKey returns the hash of a secret.
func HashAPIKey(secret string) APIKeyHash { return sha256.Sum256([]byte(secret)) }

// String returns the hash in hexadecimal.
func (h APIKeyHash) String() string { return hex.EncodeToString(h[:]) }

// ParseAPIKeyHash reads what String returns.
func ParseAPIKeyHash(text string) (h APIKeyHash, err error) {
	if n, err := hex.Decode(h[:], []byte(text)); err != nil || n != len(h) {
		return APIKeyHash{}, fmt.Errorf("%d characters are not the hash of an API key", len(text))
	}
	return h, nil
}

// APIKeyPrefix is what the secrets of [NewAPIKey] start with. 52 capital letters and digits follow, so
// programs that scan for leaked secrets can find them.
const APIKeyPrefix = "lockstep_"

// NewAPIKey returns the secret of a new key, with 260 random bits.
func NewAPIKey() Secret { return Secret(APIKeyPrefix + rand.Text() + rand.Text()) }

var madeAPIKey = regexp.MustCompile("^" + APIKeyPrefix + "[A-Z2-7]{52}$")

// IsAPIKey reports whether a secret has the form of [NewAPIKey].
func IsAPIKey(secret string) bool {
	return strings.HasPrefix(secret, APIKeyPrefix) && madeAPIKey.MatchString(secret)
}

// EnvironmentAPIKey is the name of the key in LOCKSTEP_API_KEY. The further keys of a list are
// environment-2 and so on. No stored key has such a name.
const EnvironmentAPIKey = "environment"

var apiKeyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckAPIKeyName rejects a name that a new key cannot have.
func CheckAPIKeyName(name string) error {
	switch {
	case !apiKeyName.MatchString(name):
		return fmt.Errorf("%q has other characters than letters, digits and ._-, or more than 64 of them, or does not start with a letter or a digit",
			name)
	case name == EnvironmentAPIKey || strings.HasPrefix(name, EnvironmentAPIKey+"-"):
		return fmt.Errorf("%q is reserved for the keys in LOCKSTEP_API_KEY; choose another name", name)
	}
	return nil
}

// APIKeys stores API keys. Keys of the environment are not stored.
type APIKeys interface {
	// CreateAPIKey stores a new key. ErrInUse if a valid key has the name.
	CreateAPIKey(ctx context.Context, key APIKey) (APIKey, error)
	// RevokeAPIKey revokes the valid key with a name, forever. ErrNotFound if there is none.
	RevokeAPIKey(ctx context.Context, name string) (APIKey, error)
	// ValidAPIKeys returns the keys that are not revoked, by name.
	ValidAPIKeys(ctx context.Context) ([]APIKey, error)
	// RevokedAPIKeys returns the keys that were revoked last, up to limit, the newest first.
	RevokedAPIKeys(ctx context.Context, limit int) ([]APIKey, error)
	// UseAPIKey records that a key was used, unless a later use is recorded.
	UseAPIKey(ctx context.Context, hash APIKeyHash, at time.Time) error
}
