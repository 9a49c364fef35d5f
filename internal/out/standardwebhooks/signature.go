// Package standardwebhooks implements the signatures of Standard Webhooks
// (https://www.standardwebhooks.com): HMAC-SHA256 over "id.time.body". The key is the base64
// text after whsec_. Svix, and so Clerk, uses the same scheme: Lockstep verifies Clerk's
// deliveries with it and signs its own.
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
	// ErrNoSecret: the secret is empty. The libraries of Svix and of Standard Webhooks accept
	// an empty secret, with which anyone can sign.
	ErrNoSecret = errors.New("the secret is empty")
	// ErrBadSecret: the secret is not base64, with or without whsec_ before it.
	ErrBadSecret = errors.New("the secret is not base64")
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

// Signature returns the signature of a message, without the version. Seconds is the value of
// the webhook-timestamp header.
func Signature(key []byte, id, seconds string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + seconds + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Header returns the headers of a message sent at t, with a signature by each key. While you
// rotate a secret, receivers of the old and of the new one accept the message.
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
