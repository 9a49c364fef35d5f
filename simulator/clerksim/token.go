package clerksim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// tokenLifetime is a session token's, as Clerk's is.
const tokenLifetime = 60 * time.Second

// signingKey is the instance's RSA key.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

// processKey makes a key once per process: it takes a good part of a second,
// and every simulator of a test run would pay for it.
var processKey = sync.OnceValues(func() (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return newSigningKey(private), nil
})

func newSigningKey(private *rsa.PrivateKey) *signingKey {
	thumb := sha256.Sum256(private.N.Bytes())
	return &signingKey{id: "ins_" + base64.RawURLEncoding.EncodeToString(thumb[:20]), private: private}
}

// MarshalJSON keeps the private key: the saved state is a development file.
func (k *signingKey) MarshalJSON() ([]byte, error) {
	return json.Marshal(x509.MarshalPKCS1PrivateKey(k.private))
}

// UnmarshalJSON restores the key.
func (k *signingKey) UnmarshalJSON(data []byte) error {
	var der []byte
	if err := json.Unmarshal(data, &der); err != nil {
		return err
	}
	private, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return fmt.Errorf("signing key: %w", err)
	}
	*k = *newSigningKey(private)
	return nil
}

// jwks is the public half.
func (k *signingKey) jwks() object {
	return object{"keys": []any{object{"kid": k.id, "alg": "RS256", "use": "sig", "kty": "RSA",
		"n": base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes())}}}
}

// sign makes a compact RS256 token.
func (k *signingKey) sign(claims object) (string, error) {
	header := encode(object{"alg": "RS256", "kid": k.id, "typ": "JWT"})
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(encode(claims))
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign session token: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

var errNoMember = errors.New("the user is not a member of the organization")

// SessionToken signs a session token (v2 claims and the configured custom
// claims) for a user, with an active organization when orgID is not empty. It
// starts a session if the user has none. The issuer is the simulator's own
// address, which a strict verifier has to be told.
func (c *Clerk) SessionToken(userID, orgID string) (string, error) {
	var token string
	var err error
	c.world.Change(func() {
		if c.user(userID) == nil {
			err = notFound("user", userID)
			return
		}
		session := c.sessionOf(userID, orgID)
		token, err = c.token(session, "", tokenLifetime)
	})
	return token, err
}

// token signs for a session. authorized is the azp claim; "" leaves it out.
// It dates by time.Now, not by the billing clock: whoever verifies has no other.
func (c *Clerk) token(session *Session, authorized string, lifetime time.Duration) (string, error) {
	user := c.user(session.User)
	if user == nil {
		return "", notFound("user", session.User)
	}
	now := time.Now()
	claims := object{"v": 2, "iss": c.config.URL, "sub": user.ID, "sid": session.ID, "sts": "active", "iat": now.Unix(),
		"nbf": now.Add(-10 * time.Second).Unix(), "exp": now.Add(lifetime).Unix(), "jti": c.world.NewID("", 20), "fva": []any{0, -1}}
	if authorized != "" {
		claims["azp"] = authorized
	}
	var organization *Organization
	if session.Organization != "" {
		membership := c.membership(session.Organization, user.ID)
		organization = c.organization(session.Organization)
		if membership == nil || organization == nil {
			return "", errNoMember
		}
		claims["o"] = object{"id": organization.ID, "slg": organization.Slug, "rol": membership.Role[len("org:"):]}
	}
	for name, template := range c.config.Claims {
		if _, reserved := claims[name]; !reserved {
			claims[name] = claim(template, user, organization)
		}
	}
	return c.state.Key.sign(claims)
}
