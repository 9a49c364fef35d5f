package activation

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// TokenParameter is the query parameter of a return URL that carries our token.
const TokenParameter = "lockstep_token"

// placeholder is what Stripe replaces with the session's id in a return URL.
const placeholder = "{CHECKOUT_SESSION_ID}"

// tokens signs and verifies the tokens of return URLs. A token proves that we created the checkout. It
// gives no access; it only puts its bearer ahead of clients that guess session ids. Every replica can
// verify it without the database, because the key is derived from Stripe's.
type tokens struct{ key []byte }

func newTokens(secret lockstep.Secret) tokens {
	return tokens{key: mac([]byte(secret.Reveal()), "lockstep activation token, key 1")}
}

// The lengths of a token's parts, in bytes and in characters.
const (
	tokenIDBytes, tokenMACBytes = 9, 12
	tokenIDText, tokenText      = 12, 28
)

// sign returns the token of a purchase. It is the same every time, because a request to Stripe that is
// repeated under one idempotency key must have the same parameters.
func (t tokens) sign(purchase string) string {
	id := text(mac(t.key, "id "+purchase)[:tokenIDBytes])
	return id + text(mac(t.key, "token "+id)[:tokenMACBytes])
}

// verify returns the id of a token and whether we signed it.
func (t tokens) verify(token string) (id string, ok bool) {
	if len(token) != tokenText {
		return "", false
	}
	id = token[:tokenIDText]
	want := text(mac(t.key, "token "+id)[:tokenMACBytes])
	return id, hmac.Equal([]byte(token[tokenIDText:]), []byte(want))
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// SignReturn adds our token to a return URL that contains Stripe's placeholder of the session's id. It
// does not parse the URL, because that would escape the placeholder.
func (a *Activations) SignReturn(returnURL, purchase string) string {
	if !strings.Contains(returnURL, placeholder) {
		return returnURL
	}
	before, fragment, hasFragment := strings.Cut(returnURL, "#")
	separator := "?"
	if strings.Contains(before, "?") {
		separator = "&"
	}
	signed := before + separator + TokenParameter + "=" + a.sessions.tokens.sign(purchase)
	if hasFragment {
		signed += "#" + fragment
	}
	return signed
}

// query returns the query of a URL that carries the token; empty without one.
func query(token string) string {
	if token == "" {
		return ""
	}
	return "?" + url.Values{TokenParameter: {token}}.Encode()
}
