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

// defaultLeeway is how far the clocks may differ. A session token is valid for 60
// seconds.
const defaultLeeway = 5 * time.Second

// longestToken bounds what is parsed. Clerk's tokens fit into a cookie, 4 kB.
const longestToken = 16 << 10

// Errors of [Tokens.Verify]. A token that was not accepted for one of these is
// not to be trusted in any part; only after ErrKeysUnavailable does it make sense
// to show it again.
var (
	ErrTokenMalformed  = errors.New("session token: malformed")
	ErrTokenAlgorithm  = errors.New("session token: not signed by RS256")
	ErrTokenKey        = errors.New("session token: signed with a key that the instance does not publish")
	ErrTokenSignature  = errors.New("session token: signature does not match")
	ErrTokenExpired    = fmt.Errorf("session token: expired: %w", lockstep.ErrSessionTime)
	ErrTokenNotYet     = fmt.Errorf("session token: not valid yet: %w", lockstep.ErrSessionTime)
	ErrTokenIssuer     = errors.New("session token: of another issuer")
	ErrTokenParty      = errors.New("session token: made for another origin")
	ErrTokenPending    = errors.New("session token: the sign-in is not finished")
	ErrTokenNoSession  = errors.New("session token: names no user or no session")
	ErrKeysUnavailable = errors.New("session token: the instance's keys cannot be read")
)

// TokenConfig says whose session tokens to accept.
type TokenConfig struct {
	// Key and BaseURL are those of [Config]; the instance's keys are read from
	// BaseURL + /v1/jwks.
	Key     lockstep.Secret
	BaseURL string
	// JWKSURL is where the keys are instead, such as the Frontend API's
	// /.well-known/jwks.json. The secret key is not sent there and not needed.
	JWKSURL string
	// Issuer is the iss that tokens must have, to the letter. Where it is empty, it
	// must be a Frontend API of Clerk's: https://clerk.<domain> or
	// https://<slug>.clerk.accounts.dev. That alone would accept any instance's
	// tokens; what does not is that the keys are of one instance. Where BaseURL is an
	// address of this machine, a simulator's, it may also be that address.
	Issuer string
	// AuthorizedParties are the origins that may have asked for a token, its azp.
	// Where the list is empty, any may. A token without azp is accepted: Clerk
	// leaves it out where the browser sent no origin.
	AuthorizedParties []string
	// HTTPClient reads the keys; nil: one of its own. Its Timeout, if zero, becomes
	// 5 seconds, for which a request may have to wait.
	HTTPClient *http.Client
	// Leeway is how far the clocks may differ; 0 means 5 seconds.
	Leeway time.Duration
}

// Validate reports every problem at once.
func (c TokenConfig) Validate() error {
	if c.Leeway < 0 || c.Leeway > time.Minute {
		return errors.Join(errors.New("clerk: the leeway is not between 0 and a minute"), c.validateSource())
	}
	return c.validateSource()
}

func (c TokenConfig) validateSource() error {
	if c.JWKSURL == "" {
		return Config{Key: c.Key, BaseURL: c.BaseURL}.Validate()
	}
	u, err := upstream.ParseURL(provider, "JWKS URL", c.JWKSURL)
	if err == nil && u.Scheme != "https" && !upstream.Loopback(u) {
		err = errors.New("clerk: the JWKS URL is not https, so that anybody on the way could choose the keys")
	}
	return err
}

// Tokens verifies session tokens of one instance. It is safe for concurrent use.
type Tokens struct {
	config TokenConfig
	keys   *keySet
	parser *jwt.Parser
}

var _ lockstep.Sessions = (*Tokens)(nil)

// NewTokens returns a verifier, or what [TokenConfig.Validate] says. The keys are
// read when the first token is verified.
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

// Verify returns what a session token says, once all of these hold: it is signed
// by RS256 with a key of the instance, it is valid now, its issuer and its
// authorized party are ours, its sign-in is finished, and it names a user and a
// session. Tokens of other kinds that the same keys sign, such as those of JWT
// templates, name no session.
func (t *Tokens) Verify(ctx context.Context, token string) (lockstep.Session, error) {
	if token == "" || len(token) > longestToken {
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
	// Clerk names in act who impersonates the user. Whatever it holds, it is not the user.
	session.Impersonated = claims["act"] != nil
	return session, nil
}

// key finds the key of a token whose signature is about to be checked. Nothing of
// the header but alg and kid is used, and a header that offers a key of its own,
// or demands something that we do not know, is refused.
func (t *Tokens) key(ctx context.Context, parsed *jwt.Token) (*rsa.PublicKey, error) {
	// The algorithm is ours to choose: with none there is nothing to check, and
	// HS256 would take the public key for a secret.
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

// tokenError names the first reason why a token was not accepted.
func tokenError(err error) error {
	for _, ours := range []error{ErrTokenAlgorithm, ErrTokenMalformed, ErrTokenKey, ErrKeysUnavailable} {
		if errors.Is(err, ours) {
			return ours
		}
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, jwt.ErrTokenUnverifiable): // an algorithm that there is not
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

// organization reads the active organization: o.id and o.rol of version 2 of the
// claims, org_id and org_role of version 1, which has the role with its prefix.
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
