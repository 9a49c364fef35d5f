// Package standardwebhooks is the signature scheme of Standard Webhooks
// (https://www.standardwebhooks.com), which is also that of Svix and so of Clerk: an
// HMAC-SHA256 over "id.time.body", whose key is what the text after whsec_ encodes
// in base64. Clerk's deliveries are verified by it, and ours are signed.
package standardwebhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Errors of [Key].
var (
	// ErrNoSecret: the secret is empty. The libraries of Svix and of Standard Webhooks
	// accept what is signed with an empty secret, which anybody can do.
	ErrNoSecret = errors.New("there is no secret")
	// ErrBadSecret: the secret is not base64, with or without whsec_ before it.
	ErrBadSecret = errors.New("the secret is malformed")
)

// Key decodes a secret.
func Key(secret lockstep.Secret) ([]byte, error) {
	text := strings.TrimRight(strings.TrimPrefix(strings.TrimSpace(secret.Reveal()), "whsec_"), "=")
	key, err := base64.RawStdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return nil, ErrBadSecret
	case len(key) == 0:
		return nil, ErrNoSecret
	}
	return key, nil
}

// Signature is the signature of a message, without its version. Seconds is the time as
// the header has it.
func Signature(key []byte, id, seconds string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + seconds + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Header returns the headers of a message at t, signed with each of the keys: several
// while a secret is rolled, so that receivers of either take it.
func Header(id string, body []byte, keys [][]byte, t time.Time) http.Header {
	seconds := strconv.FormatInt(t.Unix(), 10)
	var signatures []string
	for _, key := range keys {
		signatures = append(signatures, "v1,"+Signature(key, id, seconds, body))
	}
	header := http.Header{}
	header.Set("webhook-id", id)
	header.Set("webhook-timestamp", seconds)
	header.Set("webhook-signature", strings.Join(signatures, " "))
	return header
}
