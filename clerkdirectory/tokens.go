package clerkdirectory

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// defaultLeeway is how far Clerk's clock and ours may differ. A session token is valid
// for 60 seconds.
const defaultLeeway = 5 * time.Second

// maxToken is the longest token that we parse, in bytes. Clerk's tokens fit into a
// cookie of 4 kB.
const maxToken = 16 << 10

// Errors of [Tokens.Verify]. Do not trust any part of a refused token. A retry with the
// same token makes sense only after ErrKeysUnavailable.
var (
	ErrTokenMalformed  = errors.New("session token: malformed")
	ErrTokenAlgorithm  = errors.New("session token: not signed by RS256")
	ErrTokenKey        = errors.New("session token: signed with a key that the instance does not publish")
	ErrTokenSignature  = errors.New("session token: signature does not match")
	ErrTokenExpired    = fmt.Errorf("session token: expired: %w", lockstep.ErrSessionTime)
	ErrTokenNotYet     = fmt.Errorf("session token: not valid yet: %w", lockstep.ErrSessionTime)
	ErrTokenIssuer     = errors.New("session token: wrong issuer")
	ErrTokenParty      = errors.New("session token: issued for another origin")
	ErrTokenPending    = errors.New("session token: the sign-in is not finished")
	ErrTokenNoSession  = errors.New("session token: no user or no session")
	ErrKeysUnavailable = fmt.Errorf("session token: cannot fetch the keys of the Clerk instance: %w", lockstep.ErrSessionKeys)
)

// TokenConfig configures which session tokens [Tokens] accepts.
type TokenConfig struct {
	// Key and BaseURL are those of [Config]. The signing keys come from
	// BaseURL + /v1/jwks.
	Key     lockstep.Secret
	BaseURL string
	// JWKSURL is another address for the signing keys, such as the Frontend API's
	// /.well-known/jwks.json. It needs no secret key, and we send none.
	JWKSURL string
	// Issuer is the exact iss of valid tokens. If it is empty, iss must be the URL of a
	// Clerk Frontend API: https://clerk.<domain> or https://<slug>.clerk.accounts.dev.
	// Tokens of another instance still fail, because its keys are different. If BaseURL
	// is a loopback address, which means a simulator, iss may also be that address.
	Issuer string
	// AuthorizedParties are the origins that a token may be issued for (azp). An empty
	// list allows any origin. A token without azp is valid, because Clerk omits it if
	// the browser sent no origin.
	AuthorizedParties []string
	// HTTPClient fetches the keys. It is copied; the copy has a timeout of 5 seconds
	// unless the client sets one. A request may wait that long. Default: a new client.
	HTTPClient *http.Client
	// Leeway is how far Clerk's clock and ours may differ, at most a minute. 0 means 5
	// seconds.
	Leeway time.Duration
}

// Validate reports every problem, joined into one error.
func (c TokenConfig) Validate() error {
	if c.Leeway < 0 || c.Leeway > time.Minute {
		return errors.Join(fmt.Errorf("clerk: leeway: %s is not between 0 and 1 minute", c.Leeway), c.validateSource())
	}
	return c.validateSource()
}

func (c TokenConfig) validateSource() error {
	if c.JWKSURL == "" {
		return Config{Key: c.Key, BaseURL: c.BaseURL}.Validate()
	}
	u, err := upstream.ParseURL(provider, "JWKS URL", c.JWKSURL)
	if err == nil && u.Scheme != "https" && !upstream.Loopback(u) {
		err = errors.New("clerk: JWKS URL: must be https, or anyone on the network could replace the keys")
	}
	return err
}

// Tokens verifies the session tokens of one instance. It is safe for concurrent use.
type Tokens struct {
	config TokenConfig
	keys   *keySet
	parser *jwt.Parser
}

var _ lockstep.Sessions = (*Tokens)(nil)

// NewTokens returns a verifier, or the error of [TokenConfig.Validate]. The first token
// makes it fetch the keys.
func NewTokens(c TokenConfig) (*Tokens, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	source, key := c.JWKSURL, lockstep.Secret("")
	if source == "" {
		source, key = apiURL(c.BaseURL)+"/jwks", c.Key
	}
	leeway := c.Leeway
	if leeway == 0 {
		leeway = defaultLeeway
	}
	return &Tokens{
		config: c,
		keys:   newKeySet(source, key, c.HTTPClient),
		parser: jwt.NewParser(jwt.WithLeeway(leeway), jwt.WithExpirationRequired()),
	}, nil
}

// Verify returns the session of a token if all of these are true:
//
//   - It is signed by RS256 with a key of the instance.
//   - It is valid now.
//   - Its issuer and its authorized party are allowed.
//   - The user has completed the sign-in.
//   - It names a user and a session. Tokens of JWT templates, which the same keys sign,
//     name no session.
//
// Otherwise it returns one of the errors above, or the error of ctx if that ends while
// Verify waits for the keys.
func (t *Tokens) Verify(ctx context.Context, token string) (lockstep.Session, error) {
	if token == "" || len(token) > maxToken {
		return lockstep.Session{}, ErrTokenMalformed
	}
	claims := jwt.MapClaims{}
	_, err := t.parser.ParseWithClaims(token, claims, func(parsed *jwt.Token) (any, error) { return t.key(ctx, parsed) })
	if err != nil {
		return lockstep.Session{}, tokenError(err)
	}
	if !t.issued(text(claims, "iss")) {
		return lockstep.Session{}, ErrTokenIssuer
	}
	if err := t.party(claims); err != nil {
		return lockstep.Session{}, err
	}
	if status, there := claims["sts"]; there && status != "active" {
		return lockstep.Session{}, ErrTokenPending
	}
	session := lockstep.Session{UserID: text(claims, "sub"), SessionID: text(claims, "sid"), Claims: claims}
	if session.UserID == "" || session.SessionID == "" {
		return lockstep.Session{}, ErrTokenNoSession
	}
	session.OrganizationID, session.OrganizationRole = organization(claims)
	// Clerk sets act if somebody impersonates the user, whatever its value.
	session.Impersonated = claims["act"] != nil
	return session, nil
}

// key returns the key for a token's signature. It uses only alg and kid of the header.
// It refuses a header that brings a key, or that demands an extension.
func (t *Tokens) key(ctx context.Context, parsed *jwt.Token) (*rsa.PublicKey, error) {
	// Never let the token choose the algorithm: none has no signature, and HS256 would
	// use the public key as a secret.
	if parsed.Method != jwt.SigningMethodRS256 {
		return nil, ErrTokenAlgorithm
	}
	for _, name := range []string{"jwk", "jku", "x5u", "x5c", "crit"} {
		if _, there := parsed.Header[name]; there {
			return nil, ErrTokenMalformed
		}
	}
	kid, _ := parsed.Header["kid"].(string)
	if kid == "" {
		return nil, ErrTokenKey
	}
	return t.keys.key(ctx, kid)
}

// tokenError maps an error of the JWT library to one of ours.
func tokenError(err error) error {
	for _, ours := range []error{ErrTokenAlgorithm, ErrTokenMalformed, ErrTokenKey, ErrKeysUnavailable} {
		if errors.Is(err, ours) {
			return ours
		}
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, jwt.ErrTokenUnverifiable): // unknown algorithm
		return ErrTokenAlgorithm
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return ErrTokenSignature
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrTokenExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return ErrTokenNotYet
	}
	return ErrTokenMalformed
}

func (t *Tokens) issued(issuer string) bool {
	if t.config.Issuer != "" {
		return issuer == t.config.Issuer
	}
	if base, err := url.Parse(t.config.BaseURL); err == nil && upstream.Loopback(base) &&
		issuer == base.Scheme+"://"+base.Host {
		return true
	}
	u, err := url.Parse(issuer)
	return err == nil && issuer == "https://"+u.Host &&
		(strings.HasPrefix(u.Host, "clerk.") || strings.HasSuffix(u.Host, ".clerk.accounts.dev"))
}

func (t *Tokens) party(claims jwt.MapClaims) error {
	party, there := claims["azp"]
	if len(t.config.AuthorizedParties) == 0 || !there || party == "" {
		return nil
	}
	if origin, _ := party.(string); slices.Contains(t.config.AuthorizedParties, origin) {
		return nil
	}
	return ErrTokenParty
}

// organization reads the active organization: o.id and o.rol in version 2 of the claims,
// org_id and org_role in version 1. In version 1 the role has a prefix.
func organization(claims jwt.MapClaims) (id, role string) {
	if o, there := claims["o"].(map[string]any); there {
		id, role = text(o, "id"), text(o, "rol")
	} else {
		id, role = text(claims, "org_id"), text(claims, "org_role")
	}
	return id, strings.TrimPrefix(role, "org:")
}

func text(claims map[string]any, name string) string {
	s, _ := claims[name].(string)
	return s
}
