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
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
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

// processKeys make a key once per process: it takes a good part of a second,
// and every simulator of a test run would pay for it.
var processKeys = [2]func() (*signingKey, error){sync.OnceValues(generateKey), sync.OnceValues(generateKey)}

// keyNumber is the key of the nth instance. Two are enough: what matters is that
// an instance does not accept the tokens of the one before it.
func keyNumber(n int) (*signingKey, error) { return processKeys[n%len(processKeys)]() }

func generateKey() (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return newSigningKey(private), nil
}

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
		user := c.user(userID)
		switch {
		case user == nil:
			err = noUser(userID)
		case user.Banned:
			err = banned()
		case orgID != "" && c.membership(orgID, userID) == nil:
			err = errNoMember
		default:
			token, err = c.token(c.sessionOf(userID, orgID), "", tokenLifetime)
		}
	})
	return token, err
}

// token signs for a session. authorized is the azp claim; "" leaves it out.
// It dates by time.Now, not by the billing clock: whoever verifies has no other.
// The claims pla and fea of Clerk Billing are left out; fea appears with the
// custom permissions that it carries.
func (c *Clerk) token(session *Session, authorized string, lifetime time.Duration) (string, error) {
	claims := c.standardClaims(session, authorized, lifetime, sessionSkew)
	claims["v"], claims["sid"], claims["sts"] = 2, session.ID, session.status()
	claims["fva"] = []any{int64(time.Since(session.CreatedAt) / time.Minute), -1}
	user := c.user(session.User)
	var organization *Organization
	if session.Organization != "" {
		membership := c.membership(session.Organization, user.ID)
		organization = c.organization(session.Organization)
		if membership == nil || organization == nil {
			return "", errNoMember
		}
		role := c.role(membership.Role)
		member := object{"id": organization.ID, "slg": organization.Slug, "rol": strings.TrimPrefix(role.RoleKey, "org:")}
		if packed := packPermissions(c.permissionsOf(role)); packed.features != "" {
			claims["fea"], member["per"], member["fpm"] = packed.features, packed.permissions, packed.mapping
		}
		claims["o"] = member
	}
	for name, template := range c.config.Claims {
		if _, reserved := claims[name]; !reserved {
			claims[name] = claim(template, user, organization)
		}
	}
	return c.state.Key.sign(claims)
}

// sessionSkew is between nbf and iat of a session token.
const sessionSkew = 10 * time.Second

// standardClaims are those that no template can change.
func (c *Clerk) standardClaims(session *Session, authorized string, lifetime, skew time.Duration) object {
	now := time.Now()
	claims := object{"iss": c.config.URL, "sub": session.User, "iat": now.Unix(), "nbf": now.Add(-skew).Unix(),
		"exp": now.Add(lifetime).Unix(),
		"jti": c.world.NewID("", 20)}
	if authorized != "" {
		claims["azp"] = authorized
	}
	return claims
}

// packedPermissions are a role's custom permissions as the claims fea, o.per
// and o.fpm hold them: for each feature a number whose bits say which of the
// permissions it has, the lowest bit for the first.
type packedPermissions struct{ features, permissions, mapping string }

func packPermissions(permissions []*Permission) packedPermissions {
	actions := map[string]bool{}
	granted := map[string]map[string]bool{} // by feature
	for _, permission := range permissions {
		parts := strings.Split(permission.PermissionKey, ":")
		if permission.System || len(parts) != 3 {
			continue
		}
		actions[parts[2]] = true
		if granted[parts[1]] == nil {
			granted[parts[1]] = map[string]bool{}
		}
		granted[parts[1]][parts[2]] = true
	}
	names := slices.Sorted(maps.Keys(actions))
	var features, mapping []string
	for feature := range sorted(granted) {
		bits := 0
		for i, name := range names {
			if granted[feature][name] {
				bits |= 1 << i
			}
		}
		features, mapping = append(features, "o:"+feature), append(mapping, strconv.Itoa(bits))
	}
	return packedPermissions{features: strings.Join(features, ","), permissions: strings.Join(names, ","),
		mapping: strings.Join(mapping, ",")}
}
