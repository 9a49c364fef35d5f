package clerkdirectory

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"

	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// Bounds for an RSA key, in bits. A smaller key can be factored; a larger one costs
// too much time per token. Clerk's keys have 2048 bits.
const (
	minBits = 2048
	maxBits = 8192
)

// publicKey reads an RSA key for RS256 from a JSON Web Key (RFC 7517, and RFC 7518
// section 6.3.1). A key of another kind is not usable. That is no error, because an
// instance may publish such keys too.
func publicKey(o upstream.Object) (kid string, key *rsa.PublicKey, usable bool) {
	is := func(name, want string) bool { return o.Raw(name) == nil || o.Text(name) == want }
	kid = o.Text("kid")
	if kid == "" || o.Text("kty") != "RSA" || !is("use", "sig") || !is("alg", "RS256") {
		return "", nil, false
	}
	n, errN := base64.RawURLEncoding.DecodeString(o.Text("n"))
	e, errE := base64.RawURLEncoding.DecodeString(o.Text("e"))
	if errN != nil || errE != nil || len(e) == 0 || len(e) > 4 {
		return "", nil, false
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e).Int64()
	bits := modulus.BitLen()
	if bits < minBits || bits > maxBits || exponent < 3 || exponent > 1<<31-1 || exponent%2 == 0 {
		return "", nil, false
	}
	return kid, &rsa.PublicKey{N: modulus, E: int(exponent)}, true
}
