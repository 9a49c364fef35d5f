package token

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
)

// Key is the RSA key of one instance.
type Key struct {
	id      string
	private *rsa.PrivateKey
}

// processKeys are generated once per process. Generating one takes a good part
// of a second, and every simulator in a test run would pay for it.
var processKeys = [2]func() (*Key, error){sync.OnceValues(generateKey), sync.OnceValues(generateKey)}

// NumberedKey returns the key of the nth instance. Two keys are enough: what
// matters is that an instance refuses the tokens of the one before it.
func NumberedKey(n int) (*Key, error) { return processKeys[n%len(processKeys)]() }

func generateKey() (*Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return newKey(private), nil
}

func newKey(private *rsa.PrivateKey) *Key {
	thumb := sha256.Sum256(private.N.Bytes())
	return &Key{id: "ins_" + base64.RawURLEncoding.EncodeToString(thumb[:20]), private: private}
}

// MarshalJSON writes the private key. The saved state is a file for development.
func (k *Key) MarshalJSON() ([]byte, error) {
	return json.Marshal(x509.MarshalPKCS1PrivateKey(k.private))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (k *Key) UnmarshalJSON(data []byte) error {
	var der []byte
	if err := json.Unmarshal(data, &der); err != nil {
		return err
	}
	private, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return fmt.Errorf("signing key: %w", err)
	}
	*k = *newKey(private)
	return nil
}

// JWKS returns the public key as a JSON Web Key Set.
func (k *Key) JWKS() map[string]any {
	return map[string]any{"keys": []any{map[string]any{"kid": k.id, "alg": "RS256", "use": "sig", "kty": "RSA",
		"n": base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes())}}}
}

// Sign returns the claims as a compact RS256 token.
func (k *Key) Sign(claims map[string]any) (string, error) {
	header, err := segment(map[string]any{"alg": "RS256", "kid": k.id, "typ": "JWT"})
	if err != nil {
		return "", err
	}
	payload, err := segment(claims)
	if err != nil {
		return "", err
	}
	text := header + "." + payload
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign session token: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func segment(value any) (string, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode session token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(encoded), nil
}
